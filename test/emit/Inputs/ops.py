"""Loop programs with every op on every type, as scalars and as vectors of so many lanes.

    ops.py exact|approx [LANES…]
"""
import sys

FLOATS = ["f64", "f32", "f16", "bf16"]
INTS = ["i64", "i32", "i8", "index"]
PREDS = ["eq", "ne", "lt", "le", "gt", "ge"]
WIDTH = {"f64": 64, "f32": 32, "f16": 16, "bf16": 16, "i64": 64, "i32": 32, "i8": 8, "index": 64}
N = 1056


def shaped(lanes, dtype):
    return f"vector<{lanes}x{dtype}>" if lanes else dtype


def function(name, lanes, ins, out, body):
    """One function: %x, %z and %w are elements of the inputs, %y goes to the output."""
    step = f" step {lanes}" if lanes else ""
    count = N - N % (lanes or 1)
    args = [f"%{array}: memref<{N}x{dtype}>" for array, dtype, _ in ins]
    print(f"func @{name}({', '.join(args)}, %Y: out memref<{N}x{out}>) {{")
    if count < N:
        print(f"  for %t = {count} to {N} {{\n    %zero = trunci %t : i8\n    %c = cmpi lt, %zero, 0 : i1")
        value = "%c"
        if out != "i1":
            print(f"    %v = {'sitofp %c' if out in FLOATS else 'extsi %c'} : {out}")
            value = "%v"
        print(f"    store {value}, %Y[%t]\n  }}")
    print(f"  for %i = 0 to {count}{step} {{")
    for array, dtype, value in ins:
        print(f"    %{value} = load %{array}[%i] : {shaped(lanes, dtype)}")
    for line in body:
        print(f"    {line}")
    print(f"    store %y, %Y[%i]\n  }}\n}}")


def binary(op, dtype, lanes, second="E2"):
    t = shaped(lanes, dtype)
    return f"{op}_{dtype}_{second}_{lanes}", lanes, [("E", dtype, "x"), (second, dtype, "z")], dtype, [f"%y = {op} %x, %z : {t}"]


def unary(op, dtype, lanes, attrs="", name=""):
    t = shaped(lanes, dtype)
    return f"{name or op}_{dtype}_{lanes}", lanes, [("E", dtype, "x")], dtype, [f"%y = {op} %x{attrs} : {t}"]


def conversion(op, source, to, lanes):
    body = [f"%y = {op} %x : {shaped(lanes, to)}"]
    return f"{op}_{source}_{to}_{lanes}", lanes, [("E", source, "x")], to, body


def exact(lanes):
    for d in FLOATS:
        t = shaped(lanes, d)
        for op in ("addf", "subf", "mulf", "divf", "maxf", "minf"):
            yield binary(op, d, lanes)
            yield binary(op, d, lanes, "X")
        for op in ("negf", "abs", "sqrt", "relu", "sign", "roundeven"):
            yield unary(op, d, lanes)
        for a, b, c in (("E", "E2", "X"), ("X", "Z", "W")):
            yield (f"fma_{d}_{a}_{lanes}", lanes, [(a, d, "x"), (b, d, "z"), (c, d, "w")], d,
                   [f"%y = fma %x, %z, %w : {t}"])
    for d in INTS:
        for op in ("addi", "subi", "muli", "maxi", "mini", "andi", "ori", "xori"):
            yield binary(op, d, lanes)
        for op in ("divi", "remi"):
            yield binary(op, d, lanes, "D")
        for op in ("abs", "relu", "sign"):
            yield unary(op, d, lanes)
    for op in ("andi", "ori", "xori"):
        yield binary(op, "i1", lanes, "X")
    for d in FLOATS + INTS + ["i1"]:
        t, flags = shaped(lanes, d), shaped(lanes, "i1")
        for pred in PREDS:
            yield (f"cmp_{pred}_{d}_{lanes}", lanes, [("E", d, "x"), ("X", d, "z")], "i1",
                   [f"%y = {'cmpf' if d in FLOATS else 'cmpi'} {pred}, %x, %z : {flags}"])
        yield (f"select_{d}_{lanes}", lanes, [("E", d, "x"), ("X", d, "z"), ("W", "i1", "w")], d,
               [f"%y = select %w, %x, %z : {t}"])
        yield (f"choose_{d}_{lanes}", lanes, [("E", d, "x"), ("X", d, "z")], d,
               [f"%c = {'cmpf' if d in FLOATS else 'cmpi'} lt, %x, %z : {flags}", f"%y = select %c, %x, %z : {t}"])
    for a in FLOATS:
        for b in FLOATS:
            if WIDTH[a] < WIDTH[b]:
                yield conversion("extf", a, b, lanes)
            elif a != b:
                yield conversion("truncf", a, b, lanes)
        for b in INTS:
            yield conversion("fptosi", a, b, lanes)
    for a in INTS + ["i1"]:
        for b in FLOATS:
            yield conversion("sitofp", a, b, lanes)
        for b in INTS:
            if a != b and WIDTH.get(a, 0) <= WIDTH[b]:
                yield conversion("extsi", a, b, lanes)
            if a != "i1" and WIDTH[a] > WIDTH[b]:
                yield conversion("trunci", a, b, lanes)
    if lanes:
        yield from vectors(lanes)


def vectors(lanes):
    for d in FLOATS + INTS:
        t = shaped(lanes, d)
        for op in ("reduce_add", "reduce_maximum"):
            yield (f"{op}_{d}_{lanes}", lanes, [("X", d, "x")], d, [f"%s = {op} %x : {d}", f"%y = splat %s : {t}"])
    for d in FLOATS + INTS + ["i1"]:
        t = shaped(lanes, d)
        yield (f"lanes_{d}_{lanes}", lanes, [("E", d, "x")], d,
               [f"%s = extract %x {{lane = {lanes - 1}}} : {d}", f"%y = insert %s, %x {{lane = 0}} : {t}"])
        for part in {1, 3, 4, max(lanes // 2, 1)}:
            if lanes % part == 0:
                few = f"vector<{part}x{d}>"
                yield (f"repeat{part}_{d}_{lanes}", lanes, [("E", d, "x")], d,
                       [f"%s = load %E[%i] : {few}", f"%r = splat %s : {t}",
                        f"%c = {'cmpf' if d in FLOATS else 'cmpi'} lt, %s, 1 : vector<{part}xi1>",
                        f"%m = splat %c : vector<{lanes}xi1>", f"%y = select %m, %r, %x : {t}"])
        yield (f"masked_{d}_{lanes}", lanes, [("E", d, "x")], d,
               [f"%m = lanes_below [{N - 3} - %i] : vector<{lanes}xi1>",
                f"%v = load %E[%i] mask %m : {t}",
                f"store %x, %Y[%i]", f"store %v, %Y[%i] mask %m", f"%y = load %Y[%i] : {t}"])


def approx(lanes):
    for d in FLOATS:
        for op in ("exp", "log", "tanh", "erf", "sigmoid", "silu", "gelu", "rsqrt"):
            yield unary(op, d, lanes, name="approx_" + op)
        yield unary("gelu", d, lanes, " {approx = tanh}", "approx_gelu_tanh")


for width in sys.argv[2:] or ["0"]:
    for parts in (exact if sys.argv[1] == "exact" else approx)(int(width)):
        function(*parts)
