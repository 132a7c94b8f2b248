"""Writes arrays in every form NumPy has for our types, copies them with an identity function, and
compares. usage: npy_forms.py RUN FOLDER"""

import itertools
import os
import subprocess
import sys

import numpy as np

RUN, FOLDER = sys.argv[1], sys.argv[2]
TYPES = {"f64": "f8", "f32": "f4", "f16": "f2", "bf16": "V2", "i64": "i8", "i32": "i4", "i8": "i1", "i1": "b1"}
failures = count = 0


def path(name):
    return os.path.join(FOLDER, name)


def sample(dtype, shape):
    """Values whose bytes all differ, so that a wrong order shows."""
    n = int(np.prod(shape))
    if dtype == "i1":
        return (np.arange(n) % 3 == 0).reshape(shape)
    if dtype == "bf16":
        return (np.arange(n, dtype="<u2") * 257 + 0x3F81).reshape(shape)
    return (np.arange(n) * 77 % 121 - 50).astype(TYPES[dtype]).reshape(shape)


def write(data, dtype, order, version):
    if dtype == "bf16":
        data = data.reshape(-1).view("V2").reshape(data.shape)
    elif order == ">":
        data = data.astype(data.dtype.newbyteorder(">"))
    with open(path("x.npy"), "wb") as f:
        np.lib.format.write_array(f, data, version=version)


def copy(dtype, shape):
    type_ = "tensor<" + "".join(f"{d}x" for d in shape) + dtype + ">"
    with open(path("copy.tir"), "w") as f:
        f.write(f"func @copy(%X: {type_}) -> {type_} {{\n  return %X\n}}\n")
    command = [RUN, "--print=none", f"--input=X=@{path('x.npy')}", f"--output=Y=@{path('y.npy')}", path("copy.tir")]
    return subprocess.run(command, capture_output=True, text=True)


def same(dtype, data):
    back = np.load(path("y.npy"))
    if dtype == "bf16":
        back = back.reshape(-1).view("<u2").reshape(back.shape)
    return back.dtype == data.dtype and back.shape == data.shape and (back == data).all()


forms = itertools.product(TYPES, [(), (5,), (3, 4), (2, 3, 4)], "<>", [False, True], [(1, 0), (2, 0), (3, 0)])
for dtype, shape, order, fortran, version in forms:
    if order == ">" and dtype in ("bf16", "i8", "i1") or fortran and len(shape) < 2 or version == (2, 0) and fortran:
        continue
    count += 1
    data = sample(dtype, shape)
    write(np.asfortranarray(data) if fortran else data, dtype, order, version)
    run = copy(dtype, shape)
    if run.returncode != 0 or not same(dtype, data):
        failures += 1
        print(dtype, shape, order, fortran, version, run.returncode, run.stderr)
print(f"{count} forms, {failures} failures")
