"""Operands of dot at its extremes and at random, and the sums: dot.py FOLDER"""
import sys
from fractions import Fraction
from os.path import join

import numpy as np

rng = np.random.default_rng(3)
folder = sys.argv[1]


def save(name, array):
    np.save(join(folder, name + ".npy"), array)


def integers():
    a = rng.integers(-128, 128, (256, 16)).astype(np.int8)
    b = rng.integers(-128, 128, (256, 16)).astype(np.int8)
    c = rng.integers(-(2**31), 2**31, (256, 4)).astype(np.int32)
    for row, (x, y, z) in enumerate([(-128, -128, 0), (-128, 127, 0), (-1, -128, 0), (-1, 127, 0),
                                     (-128, -128, 2**31 - 1), (127, -128, -(2**31)), (127, 127, 2**31 - 1)]):
        a[row], b[row], c[row] = x, y, z
    for name, value in ("A", a), ("B", b), ("C", c):
        save(name, value)
    for name, x in ("signed", a.astype(np.int64)), ("unsigned", a.astype(np.int64) & 255):
        total = c + (x * b).reshape(256, 4, 4).sum(axis=2)
        save(name, ((total + 2**31) % 2**32 - 2**31).astype(np.int32))


def to_f32(x):
    """The number rounded once: to odd in f64, from which f32 follows."""
    d = float(x)
    if Fraction(d) != x and not np.float64(d).view(np.int64) & 1:
        d = float(np.nextafter(d, np.inf if x > Fraction(d) else -np.inf))
    return np.float32(d)


def fma(a, b, c):
    if not np.isfinite([a, b]).all() or a == 0 or b == 0:
        return a * b + c
    if not np.isfinite(c):
        return c
    exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    return to_f32(exact) if exact else np.float32(0)


def floats():
    bits = rng.integers(0, 2**16, (2, 512, 8)).astype(np.uint16)
    near_one = rng.integers(0x3F00, 0x4080, (2, 256, 8)) | rng.integers(0, 2, (2, 256, 8)) << 15
    bits[:, :256] = near_one
    special = np.array([0, 0x8000, 0x7F80, 0xFF80, 0x7FC0, 1, 0x8001, 0x7F7F, 0xFF7F, 0x0080, 0x3F80])
    bits[:, 448:] = rng.choice(special, (2, 64, 8))
    x, y = (bits.astype(np.uint32) << 16).view(np.float32)
    c = rng.standard_normal((512, 4)).astype(np.float32)
    c[300:] *= np.float32(2.0) ** rng.integers(-149, 127, (212, 4))
    result = np.empty((512, 4), np.float32)
    for i in np.ndindex(512, 4):
        r, l = i
        last = fma(x[r, 2 * l + 1], y[r, 2 * l + 1], c[i])
        result[i] = fma(x[r, 2 * l], y[r, 2 * l], last)
    save("U", bits[0].view("V2"))
    save("V", bits[1].view("V2"))
    save("W", c)
    save("bf16", result)


np.seterr(all="ignore")
integers()
floats()
