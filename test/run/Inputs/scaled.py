"""Generated inputs times a number, beside the same without. usage: scaled.py DIRECTORY"""
import os
import subprocess
import sys

import numpy as np


def generate(directory, dtype, fill):
    path = os.path.join(directory, "y.npy")
    source = "func @f(%X: tensor<1000x{0}>) -> tensor<1000x{0}> {{\n  return %X\n}}\n".format(dtype)
    subprocess.run(["ts-run", "--input=X=" + fill, "--print=none", "--output=Y=@" + path, "-"], input=source, text=True,
                   check=True)
    return np.load(path).astype(np.float64)


os.makedirs(sys.argv[1], exist_ok=True)
plain = {fill: generate(sys.argv[1], "f64", fill) for fill in ("normal", "uniform")}
for fill, values in plain.items():
    if np.array_equal(generate(sys.argv[1], "f64", fill + ":0.5"), values / 2):
        print(fill, "ok")
if np.array_equal(generate(sys.argv[1], "i32", "normal:0.125"), np.rint(plain["normal"])):
    print("integers ok")
