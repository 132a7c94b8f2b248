"""Inputs for a sample and the answer in float64, by NumPy.

usage: reference.py NAME DIRECTORY

Writes DIRECTORY/*.npy and DIRECTORY/args: the options that feed them to ts-run and say what to
expect, for `ts-run @DIRECTORY/args program`.
"""
import math
import os
import sys

import numpy

rng = numpy.random.Generator(numpy.random.PCG64(7))


def normal(*shape, scale=1.0):
    return (scale * rng.standard_normal(shape)).astype(numpy.float32)


def integers(low, high, shape, dtype):
    return rng.integers(low, high, shape).astype(dtype)


def f64(*arrays):
    return [a.astype(numpy.float64) for a in arrays]


def gelu(x):
    return 0.5 * x * numpy.vectorize(math.erfc)(-x / math.sqrt(2))


def softmax(x):
    e = numpy.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def layer(m, k, n):
    inputs = {"X": normal(m, k), "W": normal(k, n, scale=k**-0.5), "b": normal(n)}
    x, w, b = f64(*inputs.values())
    return inputs, gelu(x @ w + b)


def ffn(m, n, h):
    inputs = {"X": normal(m, n), "W1": normal(n, h, scale=n**-0.5), "b1": normal(h),
              "W2": normal(h, n, scale=h**-0.5), "b2": normal(n)}
    x, w1, b1, w2, b2 = f64(*inputs.values())
    return inputs, gelu(x @ w1 + b1) @ w2 + b2 + x


def attention():
    inputs = {"X": normal(2, 48, 64)}
    inputs.update({n: normal(64, 64, scale=0.125) for n in ("Wq", "Wk", "Wv", "Wo")})
    x, wq, wk, wv, wo = f64(*inputs.values())
    q, k, v = [(x @ w).reshape(2, 48, 4, 16).swapaxes(1, 2) for w in (wq, wk, wv)]
    mixed = softmax(q @ k.swapaxes(2, 3) / 4) @ v
    return inputs, mixed.swapaxes(1, 2).reshape(2, 48, 64) @ wo


def layernorm():
    inputs = {"X": normal(5, 256), "residual": normal(5, 256), "scale": normal(256),
              "shift": normal(256)}
    x, residual, scale, shift = f64(*inputs.values())
    s = (inputs["X"] + inputs["residual"]).astype(numpy.float64)  # the sum is rounded to f32
    d = s - s.mean(axis=1, keepdims=True)
    return inputs, d / numpy.sqrt((d * d).mean(axis=1, keepdims=True) + 1e-5) * scale + shift


def softmax_rows(m, n):
    inputs = {"X": normal(m, n, scale=3)}
    return inputs, softmax(*f64(*inputs.values()))


def mlp_int8():
    inputs = {"X": normal(64, 96), "W": integers(-128, 128, (96, 48), numpy.int8),
              "b": integers(-2000, 2000, 48, numpy.int32)}
    x = numpy.clip(numpy.rint(inputs["X"].astype(numpy.float64) / 0.0625), -128, 127)
    s = numpy.maximum(x @ inputs["W"].astype(numpy.float64) + inputs["b"], 0)
    q = numpy.clip(numpy.rint(s * 0.0009765625 / 0.125) - 128, -128, 127)
    return inputs, (q + 128) * 0.125


SAMPLES = {"mlp": lambda: layer(512, 768, 512), "mlp_symbolic": lambda: layer(7, 33, 12),
           "mlp_small": lambda: layer(64, 96, 64), "ffn": lambda: ffn(128, 768, 3072), "ffn_small": lambda: ffn(32, 48, 96),
           "mlp_ragged": lambda: layer(20, 9, 70), "softmax": lambda: softmax_rows(9, 37), "attention": attention,
           "layernorm": layernorm, "mlp_int8": mlp_int8}

name, where = sys.argv[1:]
os.makedirs(where, exist_ok=True)
arrays, answer = SAMPLES[name]()
args = ["--expect=Y=@%s/Y.npy" % where]
numpy.save(os.path.join(where, "Y.npy"), answer)
for key, array in arrays.items():
    numpy.save(os.path.join(where, key + ".npy"), array)
    args.append("--input=%s=@%s/%s.npy" % (key, where, key))
with open(os.path.join(where, "args"), "w") as f:
    f.write("\n".join(args) + "\n")
