#!/usr/bin/env python3
"""The polynomials of ts_vmath.h: nearly minimax fits in mpmath, with the coefficients rounded to the type
one after another, lowest first, and the rest fitted again each time, so that a later coefficient makes
up for the rounding of an earlier one (Brisebarre, Muller & Tisserand 2006 solve the same problem
exactly).

  fit.py NAME…      prints the constants of each, as they stand in the header, and its errors on stderr"""
import math
import struct
import sys
import textwrap

import mpmath as mp

mp.mp.dps = 50


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


def minimax(f, basis, a, b, weight, rounds=15):
    """The combination of `basis` (functions) that is nearest to f on [a, b] in max |error| * weight, nearly:
    least squares on Chebyshev's points, each point's share multiplied by its error again and again
    (Lawson 1961; the basis need not be a Haar system)."""
    n = len(basis)
    points = chebyshev(mp.mpf(a), mp.mpf(b), 6 * n + 7)
    weights = [weight(x) for x in points]
    rows = [[g(x) * w for g in basis] for x, w in zip(points, weights)]
    goal = [f(x) * w for x, w in zip(points, weights)]
    share = [mp.mpf(1)] * len(points)
    best = None
    for _ in range(rounds):
        m = mp.matrix(n, n)
        rhs = mp.matrix(n, 1)
        for row, y, s in zip(rows, goal, share):
            for j in range(n):
                rhs[j] += s * row[j] * y
                for k in range(n):
                    m[j, k] += s * row[j] * row[k]
        c = list(mp.lu_solve(m, rhs))
        errors = [abs(mp.fdot(row, c) - y) for row, y in zip(rows, goal)]
        worst = max(errors)
        if best is None or worst < best[1]:
            best = (c, worst)
        mean = mp.fsum(s * e for s, e in zip(share, errors)) / mp.fsum(share)
        share = [s * (e / mean + mp.mpf(2) ** -20) for s, e in zip(share, errors)]
    return best


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
        c, worst = minimax(target, [lambda x, p=p: x**p for p in rest], a, b, weight)
        chosen[rest[0]] = round_to(c[0], bits)
        rest = rest[1:]
    points = chebyshev(mp.mpf(a), mp.mpf(b), 1000)
    worst = max(abs(f(x) - mp.fsum(c * x**p for p, c in chosen.items())) * weight(x) for x in points)
    return [chosen[p] for p in sorted(chosen)], worst


def hex_float(x, bits, suffix):
    text = float(round_to(x, bits)).hex()
    mantissa, exponent = text.split("p")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}p{int(exponent)}{suffix}"


def hex_f32(x):
    return hex_float(x, 24, "f")


def hex_f64(x):
    return hex_float(x, 53, "")


def gelu_tail(t):
    """What gelu(x) lacks to max(x, 0), for t = |x|."""
    return t * gelu_share(t)


def gelu_tanh_tail(t):
    return t * gelu_tanh_share(t)


def gelu_share(t):
    """The normal distribution's tail."""
    return mp.erfc(t / mp.sqrt(2)) / 2


def gelu_tanh_share(t):
    return 1 / (1 + mp.exp(2 * mp.sqrt(2 / mp.pi) * (t + mp.mpf("0.044715") * t**3)))


def accurate_center(tail, near):
    """An f32 within 2^-12 of `near` at which the tail is an f32 to 2^-34 (Gal 1986)."""
    ulp = mp.mpf(2) ** (mp.floor(mp.log(near, 2)) - 23)
    best = None
    for i in range(1 << 11):
        c = round_to(near, 24) + (i // 2 if i % 2 else -(i // 2)) * ulp
        y = tail(c)
        off = abs(round_to(y, 24) / y - 1)
        if best is None or off < best[0]:
            best = (off, c)
        if off < mp.mpf(2) ** -34:
            break
    return best[1]


def flat(tail, center, slope):
    return lambda d: tail(center + d) * 2 ** (-slope * d)


def best_slope(tail, center, half, degree):
    """Of the slopes near the logarithm's derivative (by which 2^(slope d) takes tail's steepness away)
    the one that leaves the polynomial the least error."""
    middle = mp.diff(tail, center) / tail(center) / mp.log(2)
    basis = [lambda x, p=p: x**p for p in range(degree + 1)]
    found = []
    for i in range(-5, 6):
        slope = round_to(middle + mp.mpf(i) / 16, 24)
        f = flat(tail, center, slope)
        error = minimax(f, basis, -half, half, lambda d, f=f: 1 / f(d), rounds=6)[1]
        found.append((max(error, mp.mpf(2) ** -30), abs(i), slope))
    return min(found)[2]


def piece(f, near, step, degree, steep, linear):
    """[center, slope, c0 … c_degree] of f(center + d) = 2^(slope d) (c0 + c1 d + …) around `near`, and
    the largest relative error. The slope is 0 if f is not `steep`, and at 0, where f is 0;
    there the sum is of f - linear d."""
    powers = list(range(degree + 1))
    half = step / 2 + mp.mpf(2) ** -20
    if near == 0:
        c, worst = fit(lambda d: f(d) - linear * d, powers[1:], mp.mpf(2) ** -30, half, 24,
                       weight=lambda d: 1 / f(d))
        return [0, 0, 0] + c, worst
    center = accurate_center(f, near)
    slope = best_slope(f, center, half, degree) if steep else 0
    c, worst = fit(flat(f, center, slope), powers, near - half - center, near + half - center, 24)
    return [center, slope] + c, worst


def print_table(name, f, step, degree, exponent=None, linear=0, first=0):
    """Prints a table of 32 pieces, number n of them in column n % 32 for n from `first` on, each coefficient
    in a row of its own: center, slope if there is an exponent, c0 … times 2^exponent."""
    columns = []
    steep = exponent is not None
    for i in range(32):
        column, worst = piece(f, (first + (i - first) % 32) * step, step, degree, steep, linear)
        columns.append(column[:2] + [mp.ldexp(c, exponent or 0) for c in column[2:]])
        print(f"{name} {i}: 2^{mp.nstr(mp.log(worst, 2), 4)}", file=sys.stderr)
    rows = [row for i, row in enumerate(zip(*columns)) if steep or i != 1]
    print_rows(name, rows)


def near_piece(f, low, high, degree):
    """[center, c0 … c_degree] of f(center + d) for center + d in [low, high], and the largest relative error."""
    center = accurate_center(f, (low + high) / 2) if low > 0 else mp.mpf(0)
    c, worst = fit(lambda d: f(center + d), range(degree + 1), low - center, high - center, 24,
                   fixed={0: round_to(f(center), 24)})
    return [center] + c, worst


def print_near_table(name, f, square, degree):
    """Prints a table of 32 pieces whose intervals grow narrower with t: t + square t^2, rounded, is the
    piece's number. Each coefficient has a row of its own: center, c0 …"""
    def border(i):
        return (mp.sqrt(1 + 4 * square * i) - 1) / (2 * square) if i > 0 else mp.mpf(0)
    columns = []
    slack = mp.mpf(2) ** -18
    for i in range(32):
        low, high = border(i - mp.mpf(1) / 2), border(i + mp.mpf(1) / 2)
        column, worst = near_piece(f, low and low - slack, high + slack, degree)
        columns.append(column)
        print(f"{name} {i}: 2^{mp.nstr(mp.log(worst, 2), 4)}", file=sys.stderr)
    print_rows(name, zip(*columns))


def print_rows(name, rows):
    rows = list(rows)
    print(f"static const float {name}[{len(rows)}][32] __attribute__((aligned(64))) = {{")
    for row in rows:
        text = ", ".join(hex_f32(c) for c in row)
        print(textwrap.fill(text, 96, initial_indent="    {", subsequent_indent="     ") + "},")
    print("};")


def f32_of_bits(bits):
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def log_piece(low, high):
    """An f32 c within 40000 ulps of the reciprocal of the middle of [low, high] whose -log(c) is nearest to
    a multiple of 2^-16, and that multiple."""
    (middle,) = struct.unpack("<I", struct.pack("<f", 2 / (low + high)))
    found = []
    for k in range(-40000, 40001):
        c = f32_of_bits(middle + k)
        y = -math.log(c)
        rounded = round(y * 65536) / 65536
        found.append((abs(y - rounded) + abs(k) * 1e-15, c, rounded))
    return min(found)[1:]


def print_log_table():
    """c and -log(c) for the 32 intervals of 2^18 bit patterns from 0.699 on; 1 and 0 for two next to 1."""
    edges = [f32_of_bits(0x3F330000 + (i << 18)) for i in range(33)]
    rows = [(1, 0) if i in (18, 19) else log_piece(edges[i], edges[i + 1]) for i in range(32)]
    print_rows("ts_log_table", zip(*rows))


def print_polynomial(name, f, powers, half, bits, second):
    """Prints the coefficients of f on [-half, half] whose first is 1 and whose second is `second`."""
    fixed = {0: mp.mpf(1), 1: round_to(second, bits)}
    c, worst = fit(f, list(powers), -half, half, bits, fixed=fixed)
    print_list(name, c, bits, worst)


def print_list(name, c, bits, worst):
    print(f"{name}: " + " ".join((hex_f32 if bits == 24 else hex_f64)(x) for x in c))
    print(f"{name}: 2^{mp.nstr(mp.log(worst, 2), 4)}", file=sys.stderr)


def print_smooth(name, f, powers, a, b, weight):
    """Prints f64 coefficients on [a, b] whose roundings are small beside the first one's."""
    basis = [lambda x, p=p: x**p for p in powers]
    c, worst = minimax(f, basis, a, b, weight, rounds=8)
    print_list(name, c, 53, worst)


def erfcx_rest(q):
    """((1 + 2a) e^(a^2) erfc(a) - 1) / (1 + q) at q = (a - 4) / (a + 4) (after Shepherd & Laframboise
    1981)."""
    a = 4 * (1 + q) / (1 - q)
    return ((1 + 2 * a) * mp.exp(a * a) * mp.erfc(a) - 1) / (1 + q)


def brief_share(q):
    """(t + 5) e^(t^2 / 2) erfc(t / sqrt 2) / 2 at q = (t - 5) / (t + 5)."""
    t = 5 * (1 + q) / (1 - q)
    return (t + 5) * mp.exp(t * t / 2) * gelu_share(t)


def erf_ratio(z):
    x = mp.sqrt(z)
    return mp.erf(x) / x - 1


def log_rest(z):
    """(2 atanh(s) - 2 s) / (s z) for z = s^2."""
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) - 2 * s) / (s * z)


EXP_HALF = mp.log(2) / 2 * mp.mpf("1.001")
EXP2_HALF = mp.mpf("0.5003")
FITS = {
    "erfcx_f64": lambda: print_smooth("erfcx", erfcx_rest, range(22),
                                      mp.mpf(10) ** -12 - 1, mp.mpf("0.75"), lambda q: 1 + q),
    "gelu_brief_f64": lambda: print_smooth("share", brief_share, range(12), mp.mpf(10) ** -12 - 1,
                                           mp.mpf("0.5"), lambda q: 1 / brief_share(q)),
    "exp_brief_f64": lambda: print_smooth("e^r", mp.exp, range(8), -EXP_HALF, EXP_HALF, lambda r: 1),
    "erf_f64": lambda: print_smooth("erf", erf_ratio, range(11), mp.mpf(10) ** -12, mp.mpf("0.57"),
                                    lambda z: 1),
    "log_f64": lambda: print_smooth("log", log_rest, range(8), mp.mpf(10) ** -12,
                                    mp.mpf("0.02945"), lambda z: z),
    "exp2_f32": lambda: print_polynomial("2^r", lambda r: mp.mpf(2) ** r, range(7), EXP2_HALF, 24, mp.log(2)),
    "exp_f32": lambda: print_polynomial("e^r", mp.exp, range(7), EXP_HALF, 24, 1),
    "exp_f64": lambda: print_polynomial("e^r", mp.exp, range(12), EXP_HALF, 53, 1),
    "gelu_far": lambda: print_table("ts_gelu_far_table", gelu_tail, mp.mpf("0.256"), 5, 64, first=25),
    "gelu_tanh_far": lambda: print_table("ts_gelu_tanh_far_table", gelu_tanh_tail, mp.mpf("0.151"), 5, 64,
                                         first=41),
    "gelu_near": lambda: print_near_table("ts_gelu_near_table", gelu_share, mp.mpf("0.5914"), 6),
    "gelu_tanh_near": lambda: print_near_table("ts_gelu_tanh_near_table", gelu_tanh_share,
                                               mp.mpf("0.646"), 6),
    "log": print_log_table,
    "erf": lambda: print_table("ts_erf_table", mp.erf, mp.mpf(1) / 8, 5, linear=1),
    "tanh": lambda: print_table("ts_tanh_table", mp.tanh, mp.mpf("0.296"), 6),
}

if __name__ == "__main__":
    for what in sys.argv[1:]:
        FITS[what]()
