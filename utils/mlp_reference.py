"""mlp_reference.py make DIR: writes x.npy, w.npy and b.npy, the inputs of samples/mlp.tir.
mlp_reference.py check DIR: compares y.npy with gelu(x @ w + b) in float64, in units in the last place."""
import math
import os
import sys

import numpy

SHAPES = {"x": (512, 768), "w": (768, 512), "b": (512,)}


def reference(x, w, b):
    """gelu(v) = v/2 · erfc(-v/√2): the form without cancellation for negative v."""
    v = x.astype(numpy.float64) @ w.astype(numpy.float64) + b.astype(numpy.float64)
    return v / 2 * numpy.vectorize(math.erfc)(-v / math.sqrt(2))


def make(folder):
    rng = numpy.random.default_rng(2025)
    for name, shape in SHAPES.items():
        scale = 1.0 if name == "x" else 1 / math.sqrt(SHAPES["x"][1])
        array = (scale * rng.standard_normal(shape)).astype(numpy.float32)
        numpy.save(os.path.join(folder, name + ".npy"), array)


def check(folder):
    x, w, b, y = (numpy.load(os.path.join(folder, name + ".npy")) for name in "xwby")
    want = reference(x, w, b)
    if y.shape != want.shape or y.dtype != numpy.float32:
        sys.exit("y.npy is %s of %s, wanted %s of float32" % (y.shape, y.dtype, want.shape))
    ulp = numpy.spacing(numpy.abs(want).astype(numpy.float32)).astype(numpy.float64)
    error = numpy.abs(y.astype(numpy.float64) - want) / ulp
    worst = numpy.unravel_index(numpy.argmax(error), error.shape)
    print("checked against float64: max error %.3f ULP over %d elements (at [%d, %d]: %.9g, reference %.17g)"
          % (error[worst], error.size, *worst, y[worst], want[worst]))
    # Half an ULP is the final rounding; the rest is room for the order of two float64 sums, which
    # counts for more where the product and the bias nearly cancel.
    if not error[worst] <= 0.51:
        sys.exit("the error is larger than 0.51 ULP")


{"make": make, "check": check}[sys.argv[1]](sys.argv[2])
