"""The three-step form in NumPy, run by peer_numpy.c: matmul, bias, erf-GELU, one after the other.

    numpy_peer.py THREADS FILE M K N

FILE holds X, W, b and room for Y. Lines on stdin: "run 3" answers with the seconds of three runs,
"result 1" writes Y into FILE."""
import os, sys, time

threads, path, m, k, n = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
for name in ("OPENBLAS", "BLIS", "OMP", "MKL"):
    os.environ[name + "_NUM_THREADS"] = threads
import numpy as np
from scipy.special import erf

data = np.fromfile(path, np.float32)
x, w, b = np.split(data[: m * k + k * n + n], [m * k, m * k + k * n])
x, w = x.reshape(m, k).copy(), w.reshape(k, n).copy()
half, root = np.float32(0.5), np.float32(0.5**0.5)


def layer():
    y = x @ w
    y = y + b
    return half * y * (1 + erf(y * root))


for line in sys.stdin:
    what, times = line.split()
    begin = time.perf_counter()
    for _ in range(int(times)):
        y = layer()
    seconds = time.perf_counter() - begin
    if what == "result":
        with open(path, "r+b") as file:
            file.seek((m * k + k * n + n) * 4)
            file.write(y.astype(np.float32).tobytes())
    print(seconds, flush=True)
