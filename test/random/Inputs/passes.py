"""Random tensor programs through random orders of the tensor passes: no order may change an answer.

usage: passes.py DIRECTORY [--count=N] [--seed=S] [--smooth] [--passes=A,B,...]

Programs come from tensor_programs.py. ts-opt's -verify-semantics-each interprets after every pass and holds exact passes
to the last bit. With --smooth, where a difference in the last place stays one, the passes that round join in.
"""
import argparse
import os
import random
import sys

import tensor_programs
from programs import run, shown

EXACT = ["canonicalize", "cse", "dce", "fold"]
ROUNDING = ["fuse", "decompose"]


def main():
    args = argparse.ArgumentParser()
    args.add_argument("directory")
    args.add_argument("--count", type=int, default=20)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--smooth", action="store_true")
    args.add_argument("--passes")
    o = args.parse_args()
    os.makedirs(o.directory, exist_ok=True)
    names = o.passes.split(",") if o.passes else EXACT + (ROUNDING if o.smooth else [])
    failures = 0
    for i in range(o.count):
        rnd = random.Random(o.seed * 1000003 + i)
        path = os.path.join(o.directory, "p%d.tir" % i)
        with open(path, "w") as f:
            f.write(tensor_programs.program(rnd, smooth=o.smooth))
        order = [rnd.choice(names) for _ in range(rnd.randint(1, 6))]
        command = ["ts-opt", "-verify-semantics-each", "-verify-roundtrip"] + ["-" + n for n in order] + [path]
        p = run(command)
        if p.returncode != 0:
            failures += 1
            print("%s\nexit %d\n%s" % (shown(command + ["-o", "/dev/null"]), p.returncode, p.stderr[:2000]))
    print("%d programs, %d failures" % (o.count, failures))
    sys.exit(failures != 0)


if __name__ == "__main__":
    main()
