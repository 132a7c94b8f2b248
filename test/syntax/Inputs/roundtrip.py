"""Printing is a fixed point: what ts-opt prints, it prints again byte for byte.

Goes over every .tir and .lir file under the given folders, part by part where a file holds several, and
leaves out the parts that do not parse (tests of errors). Says how many held; fails when fewer than
`--at-least` did, so that it cannot pass by finding nothing.
"""
import pathlib
import re
import subprocess
import sys


def print_of(text):
    return subprocess.run(["ts-opt"], input=text, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def main():
    least, folders = int(sys.argv[1]), sys.argv[2:]
    held = refused = 0
    different = []
    for path in sorted(p for f in folders for p in pathlib.Path(f).rglob("*.[tl]ir")):
        for number, part in enumerate(re.split(rb"(?m)^// -----$", path.read_bytes()), 1):
            first = print_of(part) if part.strip() else None
            if first is None or first.returncode != 0:
                refused += 1
                continue
            again = print_of(first.stdout)
            if again.returncode == 0 and again.stdout == first.stdout:
                held += 1
            else:
                different.append(f"{path} (part {number})")
    for name in different:
        print(f"prints differently the second time: {name}")
    print(f"{held} round trips held, {len(different)} did not; {refused} parts are in error on purpose")
    sys.exit(bool(different) or held < least)


main()
