#!/usr/bin/env python3
"""Polynomials for ts_vmath.h: weighted minimax fits (Remez's exchange, Remez 1934) in mpmath, with the
coefficients rounded to the type one after another, lowest first, and the rest fitted again each time,
so that a later coefficient makes up for the rounding of an earlier one (Brisebarre, Muller &
Tisserand 2006 solve the same problem exactly)."""
import struct

import mpmath as mp

mp.mp.dps = 60


def round_to(x, bits):
    """x rounded to a binary float of `bits` significant bits; what is below f32's range is not looked at."""
    x = mp.mpf(x)
    if x == 0:
        return x
    e = mp.floor(mp.log(abs(x), 2)) + 1
    q = mp.ldexp(x, int(bits - e))
    return mp.ldexp(mp.nint(q), int(e - bits))


def chebyshev(a, b, n):
    return [(a + b) / 2 - (b - a) / 2 * mp.cos(mp.pi * i / (n - 1)) for i in range(n)]


def remez(f, basis, a, b, weight, rounds=12, grid=400):
    """The combination of `basis` (functions) that is nearest to f on [a, b] in max |error| * weight, and
    that maximum."""
    n = len(basis)
    at = chebyshev(mp.mpf(a), mp.mpf(b), n + 1)
    points = chebyshev(mp.mpf(a), mp.mpf(b), grid)
    table = [([g(x) for g in basis], f(x), weight(x)) for x in points]
    for _ in range(rounds):
        m = mp.matrix(n + 1, n + 1)
        rhs = mp.matrix(n + 1, 1)
        for i, x in enumerate(at):
            for j, g in enumerate(basis):
                m[i, j] = g(x)
            m[i, n] = (-1) ** i / weight(x)
            rhs[i] = f(x)
        s = mp.lu_solve(m, rhs)
        c = [s[j] for j in range(n)]
        errors = [(y - mp.fdot(c, row)) * w for row, y, w in table]
        # One extremum for each run of equal sign; drop the smaller end while there are too many.
        runs = []
        for x, e in zip(points, errors):
            if runs and (runs[-1][1] > 0) == (e > 0):
                if abs(e) > abs(runs[-1][1]):
                    runs[-1] = (x, e)
            else:
                runs.append((x, e))
        while len(runs) > n + 1:
            runs.pop(0 if abs(runs[0][1]) < abs(runs[-1][1]) else -1)
        worst = max(abs(e) for e in errors)
        if len(runs) < n + 1 or worst <= abs(s[n]) * mp.mpf("1.001"):
            break
        at = [x for x, _ in runs]
    return c, worst


def fit(f, powers, a, b, bits, weight=None, fixed=None):
    """Coefficients of x^p for p in `powers` (ascending), each rounded to `bits`, and the max of
    |error| * weight (weight: 1/|f| unless given). `fixed` maps a power to its coefficient."""
    weight = weight or (lambda x: 1 / abs(f(x)))
    chosen = dict(fixed or {})
    worst = None
    rest = [p for p in powers if p not in chosen]
    while rest:
        def target(x):
            return f(x) - mp.fsum(c * x**p for p, c in chosen.items())
        c, worst = remez(target, [lambda x, p=p: x**p for p in rest], a, b, weight)
        chosen[rest[0]] = round_to(c[0], bits)
        rest = rest[1:]
    points = chebyshev(mp.mpf(a), mp.mpf(b), 1000)
    worst = max(abs(f(x) - mp.fsum(c * x**p for p, c in chosen.items())) * weight(x) for x in points)
    return [chosen[p] for p in sorted(chosen)], worst


def hex_f32(x):
    return float(x).hex().replace("0000000p", "p") + "f"


def hex_f64(x):
    return float(x).hex()
