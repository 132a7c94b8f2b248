"""Random loop programs with marks `parallel` put at random: wrong ones are refused or noticed, right ones change nothing.

usage: marks.py DIRECTORY [--count=N] [--seed=S]

Which marks are wrong loop_text.py says, which tries all iterations. A wrong one is refused (exit 1, with two iterations), or,
where it hangs on numbers of the run, the loop VM notices it (exit 4). A program whose marks are right for the extents tried
and is taken gives the bits that it gives without them.
"""
import argparse
import os
import random
import re
import sys

import loop_programs
import loop_text
from engines import Files, bits, extents_of, hold
from programs import Case, Failure, first_error, run, shown, symbols


def marked(rnd, text):
    """One or two loops marked, and no others; marks that are but wishes beside them."""
    lines = re.sub(r"^( *for .*) parallel", r"\1", text, flags=re.M).split("\n")
    plain = "\n".join(lines)
    loops = [k for k, line in enumerate(lines) if line.strip().startswith("for ")]
    for k in rnd.sample(loops, min(len(loops), rnd.randint(1, 2))):
        lines[k] = lines[k][:-1] + "parallel {"
    for k in loops:
        if "parallel" not in lines[k] and rnd.random() < 0.1:
            lines[k] = lines[k][:-1] + "unroll {"
    return plain, "\n".join(lines)


def raced(text, extents):
    """True, False, or None where it cannot be told."""
    if re.search(r"\bif %", text):
        return None
    try:
        return loop_text.races(text, extents) is not None
    except ValueError:
        return None


def check_refused(text, race, symbolic, p):
    places = set(re.findall(r"note: .* at (%.*)$", p.stderr, re.M))
    if "cannot run the iterations" not in first_error(p.stderr) or len(places) < 2:
        raise Failure("refused otherwise", p.stderr)
    if race is False and not symbolic:
        raise Failure("refused without need", p.stderr)


def with_inputs(folder, text, extents, seed):
    case = Case(text, extents)
    case.seed, case.special = seed, 0
    return Files(folder, [case], False)


def check(folder, plain, text, extents, seed):
    """Raises a Failure; returns what became of the marks."""
    formatted = run(["ts-opt", "-verify-parallel=off", "-verify-roundtrip"], text)
    if formatted.returncode:
        raise Failure("program", formatted.stderr)
    race = raced(formatted.stdout, extents)
    taken = run(["ts-opt"], text)
    if taken.returncode == 1:
        check_refused(text, race, bool(extents), taken)
        return "refused"
    if taken.returncode:
        raise Failure("ts-opt exit %d" % taken.returncode, taken.stderr)
    after = with_inputs(os.path.join(folder, "marked"), text, extents, seed)
    try:
        got = after.run(after.program, ["-engine=loop"])
    except Failure as f:
        if "exit 4" in f.kind and "iteration" in f.text and race is not False:
            return "noticed"
        raise
    if race:
        raise Failure("a race is not noticed", loop_text.races(formatted.stdout, extents))
    before = with_inputs(os.path.join(folder, "plain"), plain, extents, seed)
    hold(after, "marks", got, before.run(before.program, ["-engine=loop"]), bits(after))
    return "right"


def main():
    args = argparse.ArgumentParser()
    args.add_argument("directory")
    args.add_argument("--count", type=int, default=50)
    args.add_argument("--seed", type=int, default=1)
    o = args.parse_args()
    counts, failures = {"right": 0, "refused": 0, "noticed": 0}, 0
    for i in range(o.count):
        seed = o.seed * 1000003 + i
        rnd = random.Random(seed)
        plain, text = marked(rnd, loop_programs.program(rnd, rnd.random() < 0.3))
        extents = extents_of(rnd, symbols(text, "f"))
        folder = os.path.join(o.directory, "p%d" % i)
        try:
            counts[check(folder, plain, text, extents, seed)] += 1
        except Failure as f:
            failures += 1
            print("failure: %s with %s\n%s\n%s\n%s" % (f.kind, extents, text, f.text[:1500],
                                                       "\n".join(shown(c) for c in f.commands)))
    print(", ".join("%d %s" % (n, what) for what, n in counts.items()))
    print("%d programs, %d failures" % (o.count, failures))
    sys.exit(failures != 0)


if __name__ == "__main__":
    main()
