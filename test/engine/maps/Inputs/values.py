"""values.py FOLDER: inputs for ops.tir, and what NumPy makes of them."""
import math
import sys

import numpy as np


def quarters(*shape):
    """Multiples of 1/4 between -1.5 and 1, in no order."""
    return ((np.arange(np.prod(shape)) * 7 % 11 - 6) / 4).reshape(shape)


def gelu(x):
    return x / 2 * math.erfc(-x / math.sqrt(2))


batches, matrices, cube, matrix = quarters(2, 1, 2, 3), quarters(4, 3, 2), quarters(2, 3, 4), quarters(2, 3)
row, other, column, line = quarters(3), quarters(3, 4), quarters(2, 1), np.linspace(-4, 4, 9)
rows = quarters(2, 4)
exps = np.exp(rows - rows.max(axis=1, keepdims=True))
arrays = {
    "batches": batches, "matrices": matrices, "cube": cube, "matrix": matrix, "row": row, "other": other,
    "column": column, "line": line, "rows": rows,
    "matmul": batches @ matrices,
    "sum": cube.sum(axis=1), "most": cube.max(axis=(0, 2), keepdims=True), "mean": cube.mean(axis=-1),
    "transpose": cube.transpose(2, 0, 1),
    "chain": np.maximum(0.5 - matrix * row, 0),
    "fused": (matrix @ other) / 2 + column,
    "gelu": np.vectorize(gelu)(line),
    "softmax": exps / exps.sum(axis=1, keepdims=True),
    "layernorm": (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True),
}
for name, array in arrays.items():
    np.save(f"{sys.argv[1]}/{name}.npy", np.ascontiguousarray(array, dtype=np.float32))
