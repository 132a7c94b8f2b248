"""Numbers of the language's scalar types, exactly, and the files that hold arrays of them."""

import math
import struct
from fractions import Fraction

import numpy as np

FLOATS = ["f64", "f32", "f16", "bf16"]
INTS = ["i64", "i32", "i8"]
BITS = {"f64": (53, -1074, 1023), "f32": (24, -149, 127), "f16": (11, -24, 15), "bf16": (8, -133, 127)}
NUMPY = {"f64": "<f8", "f32": "<f4", "f16": "<f2", "i64": "<i8", "i32": "<i4", "i8": "i1", "i1": "?"}

# ---- numbers of a type ----


def round_exact(x, dtype):
    """A Fraction to the nearest value of a float type, ties to even, as a Python float."""
    precision, least, most = BITS[dtype]
    if x == 0:
        return 0.0
    exponent = math.floor(math.log2(abs(x.numerator)) - math.log2(x.denominator)) if x else 0
    while abs(x) >= Fraction(2) ** (exponent + 1):
        exponent += 1
    while abs(x) < Fraction(2) ** exponent:
        exponent -= 1
    quantum = Fraction(2) ** max(exponent - precision + 1, least)
    rounded = round(x / quantum) * quantum  # round() of a Fraction ties to even
    if abs(rounded) >= Fraction(2) ** (most + 1):
        return math.inf if x > 0 else -math.inf
    return math.copysign(float(rounded), 1 if x > 0 else -1)


def to(dtype, x):
    """One value, a float or int, rounded or wrapped to the type."""
    if dtype in BITS:
        x = float(x) if not isinstance(x, (int, Fraction)) else x
        if isinstance(x, float) and (x == 0 or not math.isfinite(x)):
            return x
        return round_exact(Fraction(x), dtype)
    bits = {"i64": 64, "i32": 32, "i8": 8}[dtype]
    return (int(x) + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def saturate(dtype, x):
    bits = {"i64": 64, "i32": 32, "i8": 8}[dtype]
    if math.isnan(x):
        return 0
    if math.isinf(x):
        return (1 << bits - 1) - 1 if x > 0 else -(1 << bits - 1)
    return max(-(1 << bits - 1), min((1 << bits - 1) - 1, math.trunc(x)))


def image(dtype, a):
    """The array as the file holds it."""
    if dtype == "bf16":
        bits = [struct.unpack("<I", struct.pack("<f", x))[0] >> 16 for x in a.ravel()]
        return np.array(bits, "<u2").reshape(a.shape)
    return a.astype(NUMPY[dtype])


def save(path, dtype, a):
    data = image(dtype, a)
    np.save(path, data.reshape(-1).view("V2").reshape(a.shape) if dtype == "bf16" else data)


def load(path, dtype):
    data = np.load(path)
    if dtype != "bf16":
        return data
    return (data.reshape(-1).view("<u2").astype("<u4") << 16).view("<f4").reshape(data.shape)
