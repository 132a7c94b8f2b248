"""Random programs through every engine and through recipes: all must end well and agree.

usage: engines.py DIRECTORY --kind=tensor|loop [--count=N] [--seed=S] [--batch=B] [--cc=COMPILER] [--natives=N]

Programs come from tensor_programs.py and loop_programs.py, with numbers and symbols for extents, the latter bound to 1, 2,
5, 17 and 64. Batches of B are one module each, whose function @all calls them, so that a compiler starts once for many.
docs/testing.md says what is held against what. Nothing may be refused: anything but exit code 0 is a failure.

A batch that fails is taken apart into its programs; each that fails is made smaller and left in a folder of its own
under DIRECTORY: the program, its inputs and, in the file `command`, the commands that show it.
"""
import argparse
import os
import random
import re
import shutil
import sys
import zlib

import numpy as np

import loop_programs
import reduce
import tensor_programs
import tensor_values
from programs import Case, Failure, as_numbers, commented, comments, draw, join, must, read_arrays, same_bits, shown, symbols, write_arrays

VALUES = [1, 2, 5, 17, 64]
TARGETS = ["native", "skylake-avx512", "znver4", "haswell", "x86-64", "sapphirerapids"]
MATH = re.compile(r"= (%s|softmax) |act = \w{3,}" % "|".join(tensor_programs.MATH))
UNIT = {"f64": 2.0 ** -52, "f32": 2.0 ** -23, "f16": 2.0 ** -10, "bf16": 2.0 ** -7}


class Files:
    """Programs, their inputs and what is written of them, in one folder."""

    def __init__(self, folder, cases, wrapped):
        self.folder, self.cases = folder, cases
        os.makedirs(folder, exist_ok=True)
        self.kind = "tir" if cases[0].results else "lir"
        self.program = self.path("program." + self.kind)
        self.text = commented(random.Random(cases[0].seed), join(cases) if wrapped else cases[0].text)
        with open(self.program, "w") as f:
            f.write(self.text)
        self.options = ["-entry=" + ("all" if wrapped else cases[0].name), "-print=none"]
        if not wrapped:
            for d in cases[0].extents.items():
                self.options += ["-D", "%s=%d" % d]
        self.on_vm_alone = any(c.on_vm_alone() for c in cases)
        self.outputs, arrays = [], {}
        for i, c in enumerate(cases):
            c.arrays = [(p.dtype, contents(c, p)) for p in c.params]
            for p, a in zip(c.params, c.arrays):
                name = "%s_c%d" % (p.name, i) if wrapped else p.name
                if p.role != "out":
                    arrays[name] = a
                if p.role in ("out", "inout"):
                    self.outputs.append((name, i, p))
            self.outputs += [("", i, r) for r in c.results]
        if self.kind == "tir":
            names = ["Y%d" % k for k in range(len(self.outputs))] if len(self.outputs) > 1 else ["Y"]
            self.outputs = [(n, i, r) for n, (_, i, r) in zip(names, self.outputs)]
        inputs = self.path("inputs.safetensors")
        write_arrays(inputs, arrays)
        self.inputs = ["-input=%s=@%s#%s" % (n, inputs, n) for n in arrays]

    def path(self, name):
        return os.path.join(self.folder, name)

    def opt(self, source, result, options):
        must(["ts-opt"] + options + [source, "-o", self.path(result)])
        return self.path(result)

    def run(self, source, options):
        """Outputs of a program with these inputs: a list of raw arrays."""
        out = self.path("out.safetensors")
        where = self.path("options")
        with open(where, "w") as f:
            f.write("\n".join(self.options + self.inputs + ["-output=%s=@%s#%s" % (n, out, n) for n, _, _ in self.outputs]))
        self.last = ["ts-run", source] + options + ["@" + where]
        must(self.last)
        if not self.outputs:
            return []
        found = read_arrays(out, {n: a.dtype for n, _, a in self.outputs})
        return [found[n] for n, _, _ in self.outputs]


def contents(case, p):
    rng = np.random.default_rng([case.seed, zlib.crc32(p.name.encode())])
    return draw(rng, p, case.extents, case.special)


# ---- comparing ----

def where_different(got, want, wrong):
    at = np.unravel_index(np.argmax(wrong), wrong.shape) if wrong.shape else ()
    return "%d of %d elements wrong, the first at %s: %r, not %r" % (
        np.sum(wrong), wrong.size, list(map(int, at)), np.asarray(got)[at].item(), np.asarray(want)[at].item())


def hold(files, what, got, want, allowed):
    """Outputs against others: allowed(k) is None for the same bits, or how far each element may be off."""
    for k, (name, _, a) in enumerate(files.outputs):
        bound = allowed(k)
        g, w = as_numbers(got[k], a.dtype), as_numbers(want[k], a.dtype)
        if bound is None:
            wrong = None if same_bits(got[k], want[k], a.dtype) else (g != w) & ~((g != g) & (w != w))
        else:
            wrong = different(g, w, bound)
        if wrong is not None and (bound is None or np.any(wrong)):
            raise Failure(what, "%s: %s: %s" % (what, name, where_different(g, w, wrong)), [files.last])


def different(got, want, bound):
    """Where something is known of the wanted values and got is not within it."""
    got, want = np.asarray(got, float), np.asarray(want, float)
    return np.isfinite(bound) & np.isfinite(want) & ~(np.abs(got - want) <= bound)


def bits(files):
    return lambda k: None


class Oracle:
    """NumPy's answers for all outputs, with an accumulator type."""

    def __init__(self, files, acc):
        self.found = []
        for c in files.cases:
            arrays = [(as_numbers(a, t), t) for t, a in c.arrays]
            self.found += tensor_values.values(c.text, c.name, arrays, acc)
        self.files = files

    def check(self, what, got):
        for (name, _, a), g, value in zip(self.files.outputs, got, self.found):
            g = as_numbers(g, a.dtype)
            wrong = different(g, value.v, value.e)
            if np.any(wrong):
                raise Failure(what, "%s: %s: %s" % (what, name, where_different(g, value.v, wrong)), [self.files.last])


def check_format(files):
    """Formatting keeps every comment in its order, and a second time it changes no byte."""
    once = files.opt(files.program, "once." + files.kind, [])
    twice = files.opt(once, "twice." + files.kind, ["-verify-roundtrip"])
    with open(once) as a, open(twice) as b:
        text, again = a.read(), b.read()
    if comments(text) != comments(files.text):
        raise Failure("comments", "%s became %s" % (comments(files.text), comments(text)), [["ts-opt", files.program]])
    if text != again:
        raise Failure("formatted twice", "it changed", [["ts-opt", files.program], ["ts-opt", once]])


# ---- tensor programs ----

class Variant:
    """One way from a program to loops that run, drawn by a seed."""

    def __init__(self, rnd, first, narrow):
        self.target = "native" if first else rnd.choice(TARGETS)
        self.threads, self.times = rnd.choice([1, 2, 2, 4]), rnd.choice([1, 1, 1, 2])
        self.before = rnd.choice([[], [], ["-canonicalize", "-cse", "-fold", "-dce"]] + [["-decompose"]] * (not narrow))
        self.fuse = rnd.random() < 0.8
        self.acc = "f32" if narrow else "f64"
        self.native = first

    def recipes(self):
        """The recipe; at times again, which must leave things as they are."""
        return ["-recipe=cpu target=%s threads=%d" % (self.target, self.threads)] * self.times

    def passes(self):
        lower = "-lower" if self.acc == "f64" else "-lower=acc=" + self.acc
        return self.before + (["-fuse"] if self.fuse else []) + [lower] + self.recipes()


def check_tensor(files, variants, options):
    """Raises a Failure unless all engines agree on the programs."""
    check_format(files)
    interp = files.run(files.program, ["-engine=tensor", "-compare=loop,maps"])
    Oracle(files, "f64").check("interp and NumPy", interp)
    loops = files.opt(files.program, "loops.lir", ["-verify-roundtrip", "-lower"])
    hold(files, "loops and interp", files.run(loops, ["-engine=loop"]), interp, bits(files))
    for v in variants:
        checks = ["-verify-each", "-verify-roundtrip"]
        scheduled = files.opt(files.program, "scheduled.lir", checks + v.passes())
        vm = files.run(scheduled, ["-engine=loop"])
        oracle = Oracle(files, v.acc)
        oracle.check("schedule and NumPy", vm)
        if v.native and options.natives and not files.on_vm_alone:
            native = files.run(scheduled, native_options(options))
            oracle.check("native schedule and NumPy", native)
            hold(files, "native schedule and loops", native, vm, lambda k: None if exact(files, k) else np.inf)
    if options.natives > 1 and not files.on_vm_alone:
        Oracle(files, "f64").check("native and NumPy", files.run(files.program, native_options(options)))


def exact(files, k):
    """Whether compiled code has to give an output's bits: there is no function such as exp in its program."""
    return not MATH.search(files.cases[files.outputs[k][1]].text)


def native_options(options):
    return ["-engine=native", "-threads=2", "-compile-timeout=10m"] + (["-cc=" + options.cc] if options.cc else [])


# ---- loop programs ----

def check_loops(files, variants, options):
    check_format(files)
    before = files.run(files.program, ["-engine=loop", "-stats"])
    for v in variants:
        scheduled = files.opt(files.program, "scheduled.lir", ["-verify-each", "-verify-roundtrip"] + v.recipes())
        after = files.run(scheduled, ["-engine=loop"])
        hold(files, "schedule and loops", after, before, lambda k: tolerance(files, k, before, sums=True))
        if v.native and options.natives and not files.on_vm_alone:
            native = files.run(scheduled, native_options(options))
            hold(files, "native schedule and loops", native, after, lambda k: tolerance(files, k, after))
    if options.natives > 1 and not files.on_vm_alone:
        native = files.run(files.program, native_options(options))
        hold(files, "native and loops", native, before, lambda k: tolerance(files, k, before))


def tolerance(files, k, outputs, sums=False):
    """How far an output may be off: not at all, but for functions such as exp, and for floats that a schedule may sum in
    another order. Where a comparison or an integer decides by such a number, nothing is known."""
    text = files.cases[files.outputs[k][1]].text
    rounds = MATH.search(text) or sums and re.search(r"addf|fma|subf|reduce_add", text)
    if not rounds:
        return None
    if re.search("cmpf|fptosi|roundeven|sign ", text):
        return np.inf
    unit = max(UNIT[t] for t in re.findall(r"\b(f64|f32|bf16|f16)\b", text.replace("x", " ")))
    of = [np.abs(as_numbers(o, a.dtype)) for o, (_, i, a) in zip(outputs, files.outputs) if i == files.outputs[k][1]]
    scale = max([1.0] + [float(np.max(o[np.isfinite(o)], initial=0)) for o in of])
    return 4096 * unit * scale


# ---- batches ----

CHECKS = {"tensor": check_tensor, "loop": check_loops}


def extents_of(rnd, names):
    """Values for the symbols; large ones only alone."""
    out = {n: rnd.choice(VALUES[:4]) for n in names}
    if out and rnd.random() < 0.3:
        out = {n: 2 if v == 17 else v for n, v in out.items()}
        out[rnd.choice(sorted(out))] = 64
    return out


def draw_cases(options, i, narrow):
    """A program, once for each of one or two bindings of its symbols."""
    seed = options.seed * 1000003 + i
    rnd, special = random.Random(seed), options.special
    if options.kind == "tensor":
        text = tensor_programs.program(rnd, narrow=narrow, ops=options.ops)
        special = 0.1 if rnd.random() < 0.1 else special
    else:
        text = loop_programs.program(rnd, rnd.random() < 0.4)
    names = symbols(text, "f")
    cases = []
    for _ in range(2 if names else 1):
        c = Case(text, extents_of(rnd, names))
        c.seed, c.special, c.number = seed, special, i
        cases.append(c)
    return cases


def judge(folder, cases, wrapped, variants, options):
    """None, or the failure of these programs."""
    try:
        CHECKS[options.kind](Files(folder, cases, wrapped), variants, options)
    except Failure as f:
        return f
    return None


def isolate(cases, variants, options):
    """The least groups of programs that fail: (cases, wrapped, failure)."""
    work = os.path.join(options.directory, "work")
    failure = judge(work, cases, True, variants, options) if cases else None
    if not failure:
        return []
    if len(cases) == 1:
        alone = judge(work, cases, False, variants, options)
        return [(cases, not alone, alone or failure)]
    half = len(cases) // 2
    found = isolate(cases[:half], variants, options) + isolate(cases[half:], variants, options)
    return found or [(cases, True, failure)]


def report(cases, wrapped, failure, variants, options, smaller):
    """Leaves a failing program in a folder, made smaller if asked."""
    work = os.path.join(options.directory, "work")

    def fails(text):
        try:
            c = Case(text, {s: cases[0].extents[s] for s in symbols(text, "f")})
        except (Failure, KeyError):
            return None
        c.seed, c.special = cases[0].seed, cases[0].special
        f = judge(work, [c], wrapped, variants, options)
        return c if f and f.kind == failure.kind else None

    folder = os.path.join(options.directory, "failure-%s-%d-%d" % (options.kind, options.seed, cases[0].number))
    shutil.rmtree(folder, ignore_errors=True)
    if smaller and len(cases) == 1:
        cases = [reduce.smallest(cases[0].text, fails) or cases[0]]
    failure = judge(folder, cases, wrapped, variants, options) or failure
    with open(os.path.join(folder, "command"), "w") as f:
        f.write("# %s\n%s\n" % (failure.kind, "\n".join(shown(c) for c in failure.commands)))
    print("failure: %s\n%s" % (failure.kind, "\n".join(shown(c) for c in failure.commands)))
    if smaller:
        print("%s\n%s" % (cases[0].text if len(cases) == 1 else "%d programs" % len(cases), failure.text[:1500]))
    sys.stdout.flush()


def main():
    np.seterr(all="ignore")
    args = argparse.ArgumentParser()
    args.add_argument("directory")
    args.add_argument("--kind", choices=sorted(CHECKS), required=True)
    args.add_argument("--count", type=int, default=50)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--batch", type=int, default=25)
    args.add_argument("--ops", type=int, help="how many ops a tensor program has, about")
    args.add_argument("--special", type=float, default=0, help="share of infinities, NaNs and the like in inputs")
    args.add_argument("--cc", help="the C compiler")
    args.add_argument("--natives", type=int, default=1, help="0: no compiled code; 1: of the schedule; 2: of the program as it is, too")
    o = args.parse_args()
    os.makedirs(o.directory, exist_ok=True)
    seen, kinds = set(), set()
    for first in range(0, o.count, o.batch):
        rnd = random.Random(o.seed * 7919 + first)
        narrow = rnd.random() < 0.4
        variants = [Variant(rnd, k == 0, narrow) for k in range(2)]
        cases = [c for i in range(first, min(first + o.batch, o.count)) for c in draw_cases(o, i, narrow)]
        for group in ([c for c in cases if c.on_vm_alone() == alone] for alone in (False, True)):
            for found, wrapped, failure in isolate(group, variants, o):
                if found[0].number not in seen:
                    report(found, wrapped, failure, variants, o, failure.kind not in kinds)
                seen.add(found[0].number)
                kinds.add(failure.kind)
    print("%d programs, %d failures" % (o.count, len(seen)))
    sys.exit(bool(seen))


if __name__ == "__main__":
    main()
