"""Products of narrow types and what NumPy says they are: dot_products.py FOLDER i8|bf16 [run OPTIONS...]

Without `run` prints a module with a function a shape and writes arrays to FOLDER; with it runs each function
of the module FOLDER/lir by ts-run with the options. Integers are at random over all of i8 or all -128, sums of
which no shorter type would hold; the bf16 are whole and so small that sums are exact in any order.
"""
import subprocess
import sys

import numpy as np

# rows, sums, columns: whole groups and not, fewer than one, tiles and panels whole and ragged; and which of them
# the program calls by name only.
SHAPES = [(1, 64, 48, ""), (3, 5, 7, ""), (13, 3, 70, ""), (16, 130, 16, ""), (29, 33, 137, ""), (40, 12, 100, "M"),
          (33, 16, 130, "MN"), (20, 11, 20, "K")]

folder, kind = sys.argv[1:3]
data, result, acc = ("i8", "i32", "i32") if kind == "i8" else ("bf16", "bf16", "f32")


def function(number, m, k, n, named):
    m, k, n = (name if name in named else size for name, size in zip("MKN", (m, k, n)))
    return (f"func @p{number}(%X: tensor<{m}x{k}x{data}>, %W: tensor<{k}x{n}x{data}>) -> tensor<{m}x{n}x{result}> {{\n"
            f"  %0 = matmul %X, %W {{acc = {acc}}} : tensor<{m}x{n}x{result}>\n  return %0\n}}\n")


def arrays(number, m, k, n):
    rng = np.random.default_rng(number)
    if kind == "i8":
        x, w = rng.integers(-128, 128, (m, k)), rng.integers(-128, 128, (k, n))
        if number % 3 == 0:
            x[m // 2:], w[:, n // 2:] = -128, -128
        return x.astype(np.int8), w.astype(np.int8), (x @ w).astype(np.int32)
    x, w = rng.integers(-1, 2, (m, k)), rng.integers(-1, 2, (k, n))
    bits = [(a.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).view("V2") for a in (x, w, x @ w)]
    return bits


if sys.argv[3:4] != ["run"]:
    for i, (m, k, n, named) in enumerate(SHAPES):
        print(function(i, m, k, n, named))
        for name, array in zip("XWY", arrays(i, m, k, n)):
            np.save(f"{folder}/{name}{i}.npy", array)
    sys.exit()
failures = 0
for i in range(len(SHAPES)):
    command = ["ts-run", f"{folder}/lir", f"--entry=p{i}", "--print=none", f"--input=X=@{folder}/X{i}.npy",
               f"--input=W=@{folder}/W{i}.npy", f"--expect=Y=@{folder}/Y{i}.npy"] + sys.argv[4:]
    failures += subprocess.run(command, check=False).returncode != 0
print(f"{len(SHAPES)} products, {failures} failures")
