"""Runs a pipeline in one ts-opt and as a pipe of processes with one pass each, which must print the same.

usage: one_by_one.py INPUT PIPELINE|@FILE
"""
import subprocess
import sys


def run(arguments, text):
    return subprocess.run(["ts-opt"] + arguments, input=text, capture_output=True, text=True, check=True)


def steps(pipeline, text):
    """As ts-opt reads it, recipes taken apart."""
    depth, found = 0, [""]
    for c in run(["--pass-pipeline=" + pipeline, "-print-pipeline"], text).stdout.strip():
        depth += (c == "{") - (c == "}")
        if c == "," and depth == 0:
            found.append("")
        else:
            found[-1] += c
    return found


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        text = f.read()
    together, alone, all_steps = run(["--pass-pipeline=" + sys.argv[2]], text).stdout, text, steps(sys.argv[2], text)
    for step in all_steps:
        alone = run(["--pass-pipeline=" + step], alone).stdout
    if together != alone:
        sys.exit("one process prints\n%s\na pipe of %d\n%s" % (together, len(all_steps), alone))
    print(len(all_steps), "steps, the same text")


main()
