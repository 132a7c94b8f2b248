"""Random loop programs through random schedules: what a pass takes may change no answer, and no pass may fail.

usage: schedules.py DIRECTORY [--count=N] [--seed=S] [--passes=A,B,...] [--native=CC] [--kind=K]

A program comes from loop_programs.py, or from tensor_programs.py through `fuse` and `lower`. A
schedule grows step by step: a pass, with loops and buffers of the program as it then stands and sizes at
random. ts-opt runs each step with -verify-roundtrip and -verify-semantics-each and must take it (exit 0) or
refuse it as illegal, and say so (exit 1; the program stays). Everything else is a failure. At the end

  - the whole schedule in one ts-opt gives the same text as its steps one by one;
  - no two iterations of a loop marked `parallel` touch one element, one of them to write (loop_text.py tries);
  - a loop of constant bounds that may not be parallel has two iterations that do;
  - the loop VM computes the same bits as before (unless a step says that it rounds differently), for each
    of several values of the symbolic extents; with --native so does compiled code, within the bound of
    -compare, and with the same bytes at one thread and two.

A failure is made smaller, steps first, then lines, and printed with the command that shows it.
"""
import argparse
import json
import math
import os
import random
import re
import sys

import loop_programs
import loop_text
import reduce
import tensor_programs
from programs import Failure, first_error, kind_of, run, signature

REFUSALS = re.compile("cannot |the loops are no perfect nest|no function allocates|this takes too many steps to decide|"
                      r"@\w+ has no loop |-stage: there is no buffer |-compute-at: no loop ")
# Of errors that are not bounded; of indices and divisors, which ts-opt fills with any numbers.
WARNINGS = re.compile("rounding errors are not bounded|since it cannot be run: (division|(read|write) out of bounds: .*\\n.*index>)")
CHECKS = ["-verify-each", "-verify-roundtrip", "-verify-semantics-each"]
SIZES = [1, 2, 2, 3, 4, 4, 5, 6, 7, 8, 16, 100]
LONGEST = 60000


# ---- one step ----

def pick_loop(rnd, loops):
    return rnd.choice(loops)


def names(rnd, loops, most):
    return sorted({pick_loop(rnd, loops).name for _ in range(rnd.randint(1, most))})


def sized(rnd, loops, most):
    return " ".join("%%%s=%d" % (n, rnd.choice(SIZES)) for n in names(rnd, loops, most))


def nest(rnd, loops):
    """Loops of a perfect nest where there is one, outer to inner."""
    chains = [c for c in (l.chain() for l in loops) if len(c) > 1] or [rnd.choice(loops).chain()]
    chain = rnd.choice(chains)
    return chain[:rnd.randint(min(2, len(chain)), min(4, len(chain)))]


def shuffled(rnd, items):
    items = list(items)
    rnd.shuffle(items)
    return items


def flag(rnd, text, odds=0.5):
    return " " + text if rnd.random() < odds else ""


def compute_at(rnd, text, loops):
    """A buffer that is allocated, and mostly a loop that reads it, outside of the others more often."""
    name = allocated(rnd, text)
    readers = [l for l in loops if name in l.reads]
    outer = [l for l in readers if l.parent is None]
    chosen = rnd.choice(outer[-1:] if outer and rnd.random() < 0.6 else readers or loops)
    return "%%%s at=%s" % (name, chosen.name) + flag(rnd, "recompute=true")


def any_buffer(rnd, text):
    return rnd.choice(loop_text.buffers(text))[0]


def allocated(rnd, text):
    found = [b for b, kind, where in loop_text.buffers(text) if where == "alloc"]
    found = [b for b in found if re.search(r"^  %%%s = alloc" % re.escape(b), text, re.M)] or found
    return rnd.choice(found) if found and rnd.random() < 0.95 else any_buffer(rnd, text)


def stage(rnd, text, loops):
    loop, known = pick_loop(rnd, loops), loop_text.buffers(text)
    name, kind, _ = rnd.choice([b for b in known if b[0] in loop.reads and rnd.random() < 0.8] or known)
    dims = re.findall(r"(\w+)x", kind[kind.index("<"):].split("vector")[0])
    order = shuffled(rnd, range(len(dims)))
    layout = "".join("[%d]" % d for d in order)
    if rnd.random() < 0.5 and order:
        d, block = rnd.choice(order), rnd.choice([2, 4, 16])
        layout = layout.replace("[%d]" % d, "[%d/%d]" % (d, block)) + "[%d%%%d]" % (d, block)
    at = "func" if rnd.random() < 0.15 else loop.name
    return "%%%s at=%s" % (name, at) + flag(rnd, "layout=" + layout, 0.3) + flag(rnd, "pad=true", 0.3) + \
        flag(rnd, "space=local", 0.3)


def vectorize(rnd, text, loops):
    inner = [l for l in loops if not l.children] or loops
    chosen = rnd.choice(inner) if rnd.random() < 0.8 else rnd.choice(loops)
    beside = [l for l in loops if l.parent is chosen.parent and rnd.random() < 0.15]
    lanes = rnd.choice(["", "=2", "=4", "=8", "=16", "=3"])
    return " ".join("%" + n + lanes for n in sorted({l.name for l in [chosen] + beside})) + \
        rnd.choice(["", "", " tail=peel", " tail=none"]) + flag(rnd, "strict=true", 0.1) + \
        flag(rnd, "reassociate=true", 0.3)


def dot(rnd, text, loops):
    """Mostly a loop that may be a group."""
    inner = [l for l in loops if not l.children and re.search(r"%g|%k.*\.i = ", l.header)] or loops
    return "%" + pick_loop(rnd, inner).name + flag(rnd, "offset=true", 0.4) + flag(rnd, "reassociate=true")


def fuse_loops(rnd, text, loops):
    """Loops of one block, in the order of the text."""
    chosen = rnd.choice(loops)
    block = [l for l in loops if l.parent is chosen.parent]
    if len(block) == 1:
        block = loops if len(loops) > 1 else loops * 2
        chosen = rnd.choice(block)
    at = min(block.index(chosen), len(block) - 2)
    return " ".join("%" + l.name for l in block[at:at + rnd.choice([2, 2, 3])]) + flag(rnd, "depth=2", 0.25)


STEPS = {
    "split": lambda rnd, text, loops: sized(rnd, loops, 2),
    "tile": lambda rnd, text, loops: " ".join("%%%s=%d" % (l.name, rnd.choice(SIZES)) for l in nest(rnd, loops)),
    "reorder": lambda rnd, text, loops: " ".join("%" + l.name for l in shuffled(rnd, nest(rnd, loops))),
    "unroll": lambda rnd, text, loops: sized(rnd, loops, 1) if rnd.random() < 0.6 else
        "%" + pick_loop(rnd, loops).name + flag(rnd, "mark=true", 0.3),
    "peel": lambda rnd, text, loops: sized(rnd, loops, 1) + rnd.choice(["", "", " first=true", " last=true"]),
    "reverse": lambda rnd, text, loops: "%" + pick_loop(rnd, loops).name,
    "parallel": lambda rnd, text, loops: " ".join("%" + n for n in names(rnd, loops, 3)),
    "prefetch": lambda rnd, text, loops: "%%%s=%d at=%s" % (any_buffer(rnd, text), rnd.choice([1, 2, 4, 9]),
                                                            pick_loop(rnd, loops).name),
    "widen": lambda rnd, text, loops: "%" + allocated(rnd, text),
    "stage": stage,
    "promote": lambda rnd, text, loops: "%" + allocated(rnd, text) if rnd.random() < 0.4 else "",
    "vectorize": vectorize,
    "dot": dot,
    "hoist": lambda rnd, text, loops: " ".join("%" + n for n in shuffled(rnd, names(rnd, loops, 2))),
    "distribute": lambda rnd, text, loops: " ".join("%" + l.name for l in nest(rnd, loops)),
    "fuse-loops": fuse_loops,
    "unroll-jam": lambda rnd, text, loops: "%" + pick_loop(rnd, [l for l in loops if l.children] or loops).name +
        flag(rnd, "=%d" % rnd.randint(2, 8), 0.8).strip(),
    "compute-at": compute_at,
    "recipe": lambda rnd, text, loops: "cpu" + flag(rnd, "threads=2") + flag(rnd, "target=znver4"),
    "simplify": lambda rnd, text, loops: "",
    "canonicalize": lambda rnd, text, loops: "",
    "cse": lambda rnd, text, loops: "",
    "dce": lambda rnd, text, loops: "",
    "fold": lambda rnd, text, loops: "",
}
RARE = ["canonicalize", "cse", "dce", "fold", "prefetch", "widen", "simplify", "recipe"]


def one_step(text, step):
    """The program after the step, or None where it is refused."""
    p = run(["ts-opt"] + CHECKS + [step], text)
    name = step[1:].split("=")[0]
    if p.returncode == 0 and ("warning:" not in p.stderr or WARNINGS.search(p.stderr)):
        return p.stdout
    message = first_error(p.stderr)
    if p.returncode == 0:
        raise Failure("%s warns" % name, p.stderr, step=step)
    if p.returncode in (1, 3) and REFUSALS.match(message):
        if name == "parallel":
            check_refusal(text, step, p.stderr)
        return None
    raise Failure("%s exit %d %s" % (name, p.returncode, kind_of(message)), p.stderr, step=step)


def check_refusal(text, step, stderr):
    """A loop of a program with constant extents may not be parallel: then two iterations do conflict."""
    name = step.split("%")[1].strip()
    headers = [l.header for l in loop_text.loops(text) if l.name == name and " parallel" not in l.header]
    if step.count("%") != 1 or "cannot run the iterations" not in stderr or re.search(r"[<x][MNK]x", text):
        return
    for h in headers:
        text = text.replace(h, h[:-1] + "parallel {")
    try:
        if loop_text.races(text, {}) is None:
            raise Failure("parallel refused without need", stderr, step=step)
    except ValueError:
        pass


# ---- whole programs ----

def symbols(text):
    return [s for s in "MNK" if re.search(r"[<x]%sx" % s, text)]


def extents(text, case):
    """Values for the symbolic extents: the case'th choice."""
    m = [5, 1, 6, 7, 64]
    return {s: (m if s == "M" else [7, 13, 2, 5, 3])[case % 5] for s in symbols(text)}


def results(text, values, more=()):
    """name -> hash, or the first line of the error. An output that holds NaN has no hash."""
    define = [a for s, v in values.items() for a in ("-D", "%s=%d" % (s, v))]
    p = run(["ts-run", "-entry=f", "-print=none", "-json=/dev/stdout"] + list(more) + define + inputs(text, values), text)
    if p.returncode:
        raise Failure("ts-run exit %d %s" % (p.returncode, kind_of(first_error(p.stderr))), p.stderr)
    figures = json.loads(p.stdout[p.stdout.index("{\n"):])
    return {o["name"]: o["hash"] if o["nans"] == 0 else "nan" for o in figures["outputs"]}


def inputs(text, values):
    """For the parameters that may not hold just anything: indices, and what is not zero."""
    out = []
    for p in signature(text, "f")[0]:
        extent, shape = re.match(r"(?:n([A-Z]|\d+)_)?", p.name).group(1), p.shape(values)
        if extent:
            n = int(extent) if extent.isdigit() else values[extent]
            numbers = " ".join(str(k * 7 % n) for k in range(math.prod(shape)))
        elif p.name[0] == "d":
            numbers = "3"
        else:
            continue
        out.append("-input=%s=%s=%s" % (p.name, "x".join([str(d) for d in shape] + [p.dtype]), numbers))
    return out


def check_end(before, after, steps, native):
    rounds = any("reassociate=true" in s or s.startswith("-recipe") for s in steps)
    p = run(["ts-opt"] + steps, before)
    if p.stdout != after:
        raise Failure("steps together", "the schedule in one run gives another program:\n" + p.stdout + p.stderr)
    cases = range(5) if symbols(before) else range(1)
    if " parallel" in after:
        for case in list(cases)[:4]:
            try:
                race = loop_text.races(after, extents(before, case))
            except ValueError:
                break
            if race:
                raise Failure("race", race)
    for case in cases:
        values = extents(before, case)
        want, got = results(before, values), results(after, values)
        if rounds:
            continue
        if want != got and "nan" not in list(want.values()) + list(got.values()):
            raise Failure("other bits", "with %s: %s before, %s after" % (values, want, got))
    if native:
        check_native(before, after, native)


def check_native(before, after, compiler):
    values = extents(before, 0)
    one = results(after, values, ["-engine=native", "-compare=interp", "-threads=1", "-cc=" + compiler])
    two = results(after, values, ["-engine=native", "-threads=2", "-cc=" + compiler])
    if one != two:
        raise Failure("threads", "one thread gives %s, two %s" % (one, two))


def judge(text, steps, native):
    """None, or the failure that the steps lead to; illegal steps are passed over."""
    taken, now = [], text
    try:
        for s in steps:
            after = one_step(now, s)
            if after is not None:
                now, taken = after, taken + [s]
        check_end(text, now, taken, native)
    except Failure as f:
        f.taken = taken + ([f.step] if f.step else [])
        return f
    return None


# ---- making a failure smaller ----

def shrink(text, steps, failure, native):
    """Program and steps that fail in the same way, with nothing in them that can be left out alone."""
    steps = list(failure.taken)

    def same(t, s):
        p = run(["ts-opt"], t)
        if p.returncode:
            return None
        f = judge(p.stdout, s, native)
        return (p.stdout, f) if f and f.kind == failure.kind else None

    for i in reversed(range(len(steps))):
        if same(text, steps[:i] + steps[i + 1:]):
            del steps[i]
    text, failure = reduce.smallest(text, lambda t: same(t, steps)) or (text, failure)
    return text, steps, failure


def report(path, text, steps, failure):
    with open(path, "w") as f:
        f.write(text)
    checks = " ".join(CHECKS)
    print("failure: %s\n%s\nts-opt %s %s %s\n%s" % (failure.kind, text, checks, " ".join("'%s'" % s for s in steps),
                                                   path, failure.text[:1500]))
    sys.stdout.flush()


# ---- all of it ----

def tensor_program(rnd):
    p = run(["ts-opt"] + (["-fuse"] if rnd.random() < 0.5 else []) + ["-lower"],
            tensor_programs.program(rnd, smooth=rnd.random() < 0.5))
    return p.stdout if p.returncode == 0 and len(p.stdout) < 8000 else None


def draw_program(rnd, kind):
    if kind == "tir" or (kind is None and rnd.random() < 0.15):
        text = tensor_program(rnd)
        if text:
            return text
    symbolic = kind == "symbolic" or (kind != "constant" and rnd.random() < 0.4)
    text = loop_programs.program(rnd, symbolic)
    while kind == "buffers" and "\n  %t" not in text:
        text = loop_programs.program(rnd, symbolic)
    p = run(["ts-opt"], text)
    if p.returncode:
        raise Failure("program", p.stderr)
    return p.stdout


def one_program(rnd, options, passes, counts):
    """Draws a program and a schedule. The failure, program and steps taken; no failure: None."""
    text = now = draw_program(rnd, options.kind)
    steps = []
    try:
        results(text, extents(text, 0))
        for _ in range(rnd.randint(1, options.steps)):
            loops = loop_text.loops(now)
            if not loops or len(now) > LONGEST:
                break
            name = rnd.choice(passes)
            arguments = STEPS[name](rnd, now, loops)
            step = "-" + name + ("=" + arguments if arguments else "")
            after = one_step(now, step)
            counts[name][after is None] += 1
            if after is not None:
                now, steps = after, steps + [step]
        check_end(text, now, steps, options.native)
    except Failure as f:
        f.taken = steps + ([f.step] if f.step else [])
        return f, text
    return None, text


def main():
    args = argparse.ArgumentParser()
    args.add_argument("directory")
    args.add_argument("--count", type=int, default=20)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--steps", type=int, default=6)
    args.add_argument("--passes")
    args.add_argument("--native", help="a compiler: also runs what it makes of the programs")
    args.add_argument("--kind", choices=["constant", "symbolic", "tir", "buffers"])
    o = args.parse_args()
    os.makedirs(o.directory, exist_ok=True)
    there = re.findall(r"^  -([\w-]+)", run(["ts-opt", "-print-passes"]).stdout, re.M)
    chosen = o.passes.split(",") if o.passes else [n for n in STEPS if n in there]
    passes = [n for n in chosen for _ in range(1 if n in RARE and not o.passes else 3)]
    counts, failures = {n: [0, 0] for n in chosen}, 0
    for i in range(o.count):
        failure, text = one_program(random.Random(o.seed * 1000003 + i), o, passes, counts)
        if failure:
            failures += 1
            text, steps, failure = shrink(text, failure.taken, failure, o.native)
            report(os.path.join(o.directory, "failure%d.lir" % i), text, steps, failure)
    for n in chosen:
        print("%s: %d taken, %d refused" % (n, counts[n][0], counts[n][1]))
    print("%d programs, %d failures" % (o.count, failures))
    sys.exit(failures != 0)


if __name__ == "__main__":
    main()
