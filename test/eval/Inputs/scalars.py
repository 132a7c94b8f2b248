"""Every row of lib/ir/scalar.def, every comparison and conversion, on edge values of every type, held against
NumPy's f64 and Python's exact fractions and integers.

    scalars.py SCALAR_DEF FOLDER

writes the programs to FOLDER and runs them by those who compute scalar ops: the loop VM and C, on scalars and on
vectors; the folder; and the tensor interpreter. Bits must agree, but for what a NaN holds and for math functions,
which may be a few ULPs off."""

import math
import re
import subprocess
import sys
from fractions import Fraction

import numpy as np

from exact import BITS, FLOATS, INTS, image, load, save, saturate, to

DEF, FOLDER = sys.argv[1:]
COUNT, LANES = 320, 16  # elements; of the vector form
TYPES = FLOATS + INTS + ["i1"]

# ---- edge values ----


def edges(dtype):
    """Zeros, ones, the least and the greatest, ties of rounding to this type and to narrower ones."""
    if dtype == "i1":
        return [0, 1]
    if dtype in INTS:
        bits = {"i64": 64, "i32": 32, "i8": 8}[dtype]
        most = (1 << bits - 1) - 1
        wanted = [0, 1, -1, 2, -2, 3, -7, 100, most, most - 1, -most, -most - 1]
        wanted += [127, 128, -128, -129, 2049, 2**24 + 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**62 + 2**54 + 1]
        return [x for x in wanted if -most - 1 <= x <= most]
    precision, least, most = BITS[dtype]
    tiny, normal = Fraction(2) ** least, Fraction(2) ** (least + precision - 1)
    half = Fraction(2) ** -precision
    wanted = [0, 1, half, half * (1 + 2 * half), 1 + 2 * half, tiny, normal - tiny, normal]
    wanted += [(2 - 2 * half) * Fraction(2) ** most, Fraction(1, 2), Fraction(3, 2), Fraction(5, 2), Fraction(1, 3), 88]
    wanted += [Fraction(255, 2), Fraction(257, 2), 65519, 65520, 2**31, 2**63]
    for p in (8, 11, 24):  # ties of bf16, f16 and f32, and just beside them
        wanted += [1 + Fraction(2) ** -p, 1 + Fraction(2) ** -p + Fraction(2) ** -50, Fraction(3 << p, 2 << p)]
    values = [v for v in dict.fromkeys(to(dtype, w) for w in wanted) if math.isfinite(v)]
    return values + [-v for v in values] + [math.inf, -math.inf, math.nan]


def pairs(dtype):
    """COUNT pairs: the special values each with each, then every value with some of the others, itself among them."""
    e = edges(dtype)
    ends = [x for x in e if x in (0, 1, -1, min(e), max(e)) or x != x]
    found = [(x, y) for x in ends for y in ends]
    for k in range(COUNT // len(e) + 1):
        found += zip(e, e[k:] + e[:k])
    return found[:COUNT]


A = {d: [a for a, _ in pairs(d)] for d in TYPES}
B = {d: [b for _, b in pairs(d)] for d in TYPES}
C = {d: B[d][5:] + B[d][:5] for d in TYPES}
ARRAYS = {"A": A, "B": B, "C": C, "D": {d: [x or 3 for x in B[d]] for d in INTS}}  # D: divisors

# ---- what ops mean ----


def by_fractions(f, in_f64):
    """Exact where all numbers are finite and the result is not 0; NumPy knows infinities, NaN and zeros."""

    def meaning(dtype, *x):
        with np.errstate(all="ignore"):
            rough = float(in_f64(*map(np.float64, x)))
        if not all(map(math.isfinite, x)):
            return rough
        try:
            exact = f(*map(Fraction, x))
        except ZeroDivisionError:
            return rough
        return to(dtype, exact) if exact else rough

    return meaning


def fma_of_infinities(a, b, c):
    """Two finite factors have a finite product, which f64 may not hold."""
    return c if np.isinf(c) and np.isfinite(a) and np.isfinite(b) else a * b + c


def root(dtype, x):
    """The f64 root is off by less than half an ULP of it: exact in f64, and rounds right to narrower types."""
    return to(dtype, float(np.sqrt(np.float64(x)))) if x >= 0 else (x if x == 0 else math.nan)


def largest(dtype, a, b):
    if a != a or b != b:
        return math.nan
    return max(a, b) if a != b else (b if math.copysign(1, a) < 0 else a)


def smallest(dtype, a, b):
    return -largest(dtype, -a, -b)


def even(dtype, x):
    return float(np.rint(np.float64(x)))


def quotient(a, b):
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def in_f64(f):
    """A function of f64 that raises where it has no finite value."""

    def meaning(dtype, x):
        if x != x:
            return x
        try:
            return to(dtype, float(f(x)))
        except OverflowError:
            return math.inf

    return meaning


def gelu_tanh(x):
    return x * sigmoid(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)) if x > -1e100 else -0.0


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def logarithm(x):
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan


def times(f):
    """x f(x), which goes to -0 where x goes to minus infinity."""
    return lambda x: x * f(x) if x > -math.inf else -0.0


FLOAT_OPS = {
    "addf": by_fractions(lambda a, b: a + b, lambda a, b: a + b),
    "subf": by_fractions(lambda a, b: a - b, lambda a, b: a - b),
    "mulf": by_fractions(lambda a, b: a * b, lambda a, b: a * b),
    "divf": by_fractions(lambda a, b: a / b, lambda a, b: a / b),
    "fma": by_fractions(lambda a, b, c: a * b + c, fma_of_infinities),
    "maxf": largest,
    "minf": smallest,
    "negf": lambda d, x: -x,
    "abs": lambda d, x: abs(x),
    "relu": lambda d, x: x if x > 0 or x != x else 0.0,
    "sign": lambda d, x: x if x != x else float((x > 0) - (x < 0)),
    "roundeven": even,
    "sqrt": root,
}
MATH_OPS = {
    "rsqrt": in_f64(lambda x: 1 / math.sqrt(x) if x > 0 else math.copysign(math.inf, x) if x == 0 else math.nan),
    "exp": in_f64(math.exp),
    "log": in_f64(logarithm),
    "tanh": in_f64(math.tanh),
    "erf": in_f64(math.erf),
    "sigmoid": in_f64(sigmoid),
    "silu": in_f64(times(sigmoid)),
    "gelu": in_f64(times(lambda x: math.erfc(-x / math.sqrt(2)) / 2)),
    "gelu {approx = tanh}": in_f64(gelu_tanh),
}
UNARY = ("negf", "abs", "relu", "sign", "roundeven", "sqrt")
INT_OPS = {
    "addi": lambda a, b: a + b,
    "subi": lambda a, b: a - b,
    "muli": lambda a, b: a * b,
    "divi": quotient,
    "remi": lambda a, b: a - b * quotient(a, b),
    "maxi": max,
    "mini": min,
    "andi": lambda a, b: a & b,
    "ori": lambda a, b: a | b,
    "xori": lambda a, b: a ^ b,
    "abs": abs,
    "relu": lambda a: max(a, 0),
    "sign": lambda a: (a > 0) - (a < 0),
}
TENSOR_OPS = {"add": ("addf", "addi"), "sub": ("subf", "subi"), "mul": ("mulf", "muli"), "div": ("divf", "divi")}
TENSOR_OPS |= {"max": ("maxf", "maxi"), "min": ("minf", "mini"), "neg": ("negf", None), "abs": ("abs", "abs")}
TENSOR_OPS |= {"relu": ("relu", "relu"), "sign": ("sign", "sign"), "sqrt": ("sqrt", None)} | {op: (op, None) for op in MATH_OPS}
PREDS = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}
BYTES = {"f64": 8, "f32": 4, "f16": 2, "bf16": 2, "i64": 8, "i32": 4, "i8": 1, "i1": 0}


def convert(x, source, to_type):
    """A cast to i1 asks whether the number is 0."""
    if to_type == "i1":
        return int(x != 0)
    if to_type in BITS:
        return to(to_type, x) if source in BITS or x else 0.0
    return saturate(to_type, x) if source in BITS else to(to_type, x)


def conversion_op(source, to_type):
    if source in BITS:
        if to_type in BITS:
            return "extf" if BYTES[to_type] > BYTES[source] else "truncf"
        return "fptosi"
    if to_type in BITS:
        return "sitofp"
    return "extsi" if BYTES[to_type] > BYTES[source] else "trunci"


# ---- rows: (result's type, op, operands as (array, type), what it gives) ----


def arithmetic(dtype):
    if dtype in BITS:
        for op, f in (FLOAT_OPS | MATH_OPS).items():
            names = "ABC" if op == "fma" else "A" if op in UNARY or op in MATH_OPS else "AB"
            yield dtype, op, [(n, dtype) for n in names], [f(dtype, *x) for x in operands(names, dtype)]
    elif dtype != "i1":
        for op, f in INT_OPS.items():
            names = "AD" if op in ("divi", "remi") else "A" if op in UNARY else "AB"
            yield dtype, op, [(n, dtype) for n in names], [to(dtype, f(*x)) for x in operands(names, dtype)]
    else:
        for op in ("andi", "ori", "xori"):
            yield dtype, op, [("A", dtype), ("B", dtype)], [INT_OPS[op](*x) for x in operands("AB", dtype)]


def operands(names, dtype):
    return zip(*(ARRAYS[n][dtype] for n in names))


def loop_rows():
    for d in TYPES:
        yield from arithmetic(d)
        op = "cmpf" if d in BITS else "cmpi"
        for pred, f in PREDS.items():
            yield "i1", f"{op} {pred},", [("A", d), ("B", d)], [int(f(*x)) for x in operands("AB", d)]
        chosen = [b if flag else a for flag, b, a in zip(A["i1"], A[d], B[d])]
        yield d, "select", [("A", "i1"), ("A", d), ("B", d)], chosen
        for t in TYPES:
            if t not in (d, "i1"):
                yield t, conversion_op(d, t), [("A", d)], [convert(x, d, t) for x in A[d]]


def tensor_rows():
    for d in TYPES:
        loops = {op: (names, want) for _, op, names, want in arithmetic(d)}
        for op, forms in TENSOR_OPS.items():
            form = forms[0 if d in BITS else 1]
            if form in loops:
                yield d, op, *loops[form]
        for t in TYPES:
            if t != d:
                yield t, "cast", [("A", d)], [convert(x, d, t) for x in A[d]]


# ---- programs ----


def bits(dtype, x):
    """A number as the text has it."""
    if dtype not in BITS:
        return str(x)
    data = image(dtype, np.array([x], object))
    return hex(int(data.view(f"<u{BYTES[dtype]}")[0]))


def put_attrs(op, values):
    name, brace, attrs = op.partition(" {")
    return f"{name} {values}{brace}{attrs}"


def inputs_of(rows):
    return sorted({operand for row in rows for operand in row[2]})


def loop_function(name, rows, lanes):
    shaped = lambda d: f"vector<{lanes}x{d}>" if lanes else d
    arrays = [f"%{n}_{d}: memref<{COUNT}x{d}>" for n, d in inputs_of(rows)]
    arrays += [f"%Y{i}: out memref<{COUNT}x{row[0]}>" for i, row in enumerate(rows)]
    lines = [f"func @{name}({', '.join(arrays)}) {{", f"  for %i = 0 to {COUNT} step {lanes or 1} {{"]
    lines += [f"    %{n}.{d} = load %{n}_{d}[%i] : {shaped(d)}" for n, d in inputs_of(rows)]
    for i, (d, op, names, _) in enumerate(rows):
        values = ", ".join(f"%{n}.{t}" for n, t in names)
        lines += [f"    %y{i} = {put_attrs(op, values)} : {shaped(d)}", f"    store %y{i}, %Y{i}[%i]"]
    return "\n".join(lines + ["  }", "}", ""])


def constant_function(name, rows, places):
    lines = [f"func @{name}({', '.join(f'%Y{i}: out memref<{len(places)}x{row[0]}>' for i, row in enumerate(rows))}) {{"]
    for k, at in enumerate(places):
        for n, d in inputs_of(rows):
            lines.append(f"  %{n}.{d}.{k} = const {bits(d, ARRAYS[n][d][at])} : {d}")
        for i, (d, op, names, _) in enumerate(rows):
            values = ", ".join(f"%{n}.{t}.{k}" for n, t in names)
            lines += [f"  %y{i}.{k} = {put_attrs(op, values)} : {d}", f"  store %y{i}.{k}, %Y{i}[{k}]"]
    return "\n".join(lines + ["}", ""])


def tensor_function(name, rows):
    params = ", ".join(f"%{n}_{d}: tensor<{COUNT}x{d}>" for n, d in inputs_of(rows))
    lines = [f"func @{name}({params}) -> ({', '.join(f'tensor<{COUNT}x{row[0]}>' for row in rows)}) {{"]
    for i, (d, op, names, _) in enumerate(rows):
        values = ", ".join(f"%{n}_{t}" for n, t in names)
        lines.append(f"  %y{i} = {put_attrs(op, values)} : tensor<{COUNT}x{d}>")
    return "\n".join(lines + [f"  return {', '.join(f'%y{i}' for i in range(len(rows)))}", "}", ""])


# ---- running and comparing ----


def ulps(dtype, got, want):
    if got == want:
        return 0 if math.copysign(1, got) == math.copysign(1, want) else math.inf
    if got != got or want != want:
        return 0 if got != got and want != want else math.inf
    precision, least, most = BITS[dtype]
    if math.isinf(want) or math.isinf(got):  # the greatest number is next to infinity
        got, want = (math.copysign(2.0**most * 2, x) if math.isinf(x) and most < 1023 else x for x in (got, want))
        if math.isinf(got) or math.isinf(want):
            return math.inf
    quantum = max(math.frexp(want)[1] - precision, least)
    return abs(Fraction(got) - Fraction(want)) / Fraction(2) ** quantum


def allowed(dtype, op):
    """Of f64 the reference itself is off: in gelu's tail, where erfc turns an ULP of x into a thousand."""
    if op not in MATH_OPS:
        return 0
    return 2**13 if dtype == "f64" else 2


failures = 0
total = 0


def run(who, rows, program, arguments, places=None):
    global failures, total
    total += len(rows)
    for i in range(len(rows)):
        arguments = arguments + [f"--output=Y{i}=@{FOLDER}/{who}.{i}.npy"]
    if subprocess.run(["ts-run", "--print=none", *arguments, program]).returncode:
        sys.exit(f"{who}: ts-run failed")
    for i, (d, op, names, want) in enumerate(rows):
        got = load(f"{FOLDER}/{who}.{i}.npy", d).tolist()
        places_of = places or range(COUNT)
        for g, at in zip(got, places_of):
            w = want[at]
            off = ulps(d, g, w) if d in BITS else abs(int(g) - w)
            if off > allowed(d, op):
                print(f"{who}: {op} {[ARRAYS[n][t][at] for n, t in names]} : {d} is {g!r}, not {w!r}")
                failures += 1
                break


def files_of(rows):
    return [f"--input={n}_{d}=@{FOLDER}/{n}_{d}.npy" for n, d in inputs_of(rows)]


def run_loops(dtype, lanes, rows):
    """Those that give a type, in the VM and in C: all in one function would take a C compiler long. Vectors of narrow
    floats have the math functions of f32."""
    if lanes and dtype in ("f16", "bf16"):
        rows = [row for row in rows if row[1] not in MATH_OPS]
    program = f"{FOLDER}/{dtype}_{lanes}.lir"
    with open(program, "w") as f:
        f.write(loop_function("f", rows, lanes))
    for engine in ("loop", "native"):
        run(f"{engine}-{dtype}-{lanes}", rows, program, [f"--engine={engine}", *files_of(rows)])


def check_table():
    """Is there a meaning here for every op that the table has?"""
    with open(DEF) as f:
        rows = re.findall(r"^(ROW|FLOAT_ROW|INT_ROW)\(\w+, +\d, \w+, +(\w+), +(\w+)", f.read(), re.M)
    floats = {on_float for kind, on_float, _ in rows if kind != "INT_ROW"}
    ints = {first if kind == "INT_ROW" else second for kind, first, second in rows if kind != "FLOAT_ROW"}
    for ops, known in ((floats, FLOAT_OPS | MATH_OPS), (ints, INT_OPS)):
        for op in sorted(ops - {"NONE"}):
            if op.lower() not in known:
                sys.exit(f"no meaning here for {op} of {DEF}")
    if len(rows) < 20:
        sys.exit(f"{DEF} is not read right: {len(rows)} rows")


def main():
    check_table()
    rows, tensors = list(loop_rows()), list(tensor_rows())
    places = [*range(64), *range(64, COUNT, 8)]
    for n, d in inputs_of(rows):
        save(f"{FOLDER}/{n}_{d}.npy", d, np.array(ARRAYS[n][d], object))
    with open(f"{FOLDER}/constants.lir", "w") as f:
        f.write(constant_function("constants", rows, places))
    with open(f"{FOLDER}/tensors.tir", "w") as f:
        f.write(tensor_function("tensors", tensors))
    for lanes in (0, LANES):
        for dtype in TYPES:
            run_loops(dtype, lanes, [row for row in rows if row[0] == dtype])
    folded = f"{FOLDER}/folded.lir"
    subprocess.run(["ts-opt", "-fold", f"{FOLDER}/constants.lir", "-o", folded], check=True)
    with open(folded) as f:
        left = [line for line in f if " = " in line and "const" not in line and "select" not in line]
    if left:
        print(f"not folded: {left[0]}")
    run("folder", rows, folded, ["--engine=loop"], places)
    run("interpreter", tensors, f"{FOLDER}/tensors.tir", ["--engine=tensor", *files_of(tensors)])
    print(f"{total} rows on edge values, {failures} failures")


main()
