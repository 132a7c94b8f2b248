"""Random programs of one op: what the tensor interpreter computes and what the loops of `lower`
compute must be the same bits.

usage: differential.py DIRECTORY [--count=N] [--seed=S] [--only=FAMILY] [--cc=COMPILER]

Each program is one function with one op: any family, scalar type, rank (0 included), broadcasting,
axes and accumulator; each extent is symbolic at times. Inputs hold zeros of both signs, infinities,
NaNs, the least and largest numbers. NaNs count as equal whatever their payload. With a compiler the
machine code of the loops must give these bits too; where the op is one of MATH or made of it, what
ts-run's comparison allows.
"""
import os
import random
import re
import struct
import subprocess
import sys

FLOATS = ["f64", "f32", "f16", "bf16"]
INTS = ["i64", "i32", "i8", "index"]
DESCR = {"f64": "<f8", "f32": "<f4", "f16": "<f2", "bf16": "<V2", "i64": "<i8", "i32": "<i4",
         "i8": "|i1", "i1": "|b1", "index": "<i8"}
PACK = {"f64": "d", "f32": "f", "f16": "e", "i64": "q", "i32": "i", "i8": "b", "i1": "b",
        "index": "q"}
BITS = {"f64": 64, "f32": 32, "f16": 16, "bf16": 16, "i64": 64, "i32": 32, "i8": 8, "index": 64}
MATH = ["exp", "log", "sqrt", "rsqrt", "tanh", "erf", "sigmoid", "silu", "gelu"]
random_ = random.Random()


def chance(p):
    return random_.random() < p


class Extent:
    """A number, and how the program writes it."""

    def __init__(self, value, text=None):
        self.value, self.text = value, text or str(value)


ONE = Extent(1)


def extent(name, most=5):
    value = random_.randint(1, most)
    return Extent(value, name if chance(0.35) else None)


def shape(rank, most=4):
    return [extent("ABCDEFGH"[i], most) for i in range(rank)]


def tensor(dims, dtype):
    return "tensor<%s>" % "x".join([d.text for d in dims] + [dtype])


class Program:
    """A function @f under construction."""

    def __init__(self):
        self.params, self.lines, self.special = [], [], 0.1

    def param(self, name, dims, dtype, nonzero=False):
        self.params.append((name, dims, dtype, nonzero))
        return "%" + name

    def op(self, text, dims, dtype, region=""):
        self.lines.append("  %%r = %s : %s%s" % (text, tensor(dims, dtype), region))
        self.result, self.dtype = tensor(dims, dtype), dtype

    def text(self):
        params = ", ".join("%%%s: %s" % (n, tensor(d, t)) for n, d, t, _ in self.params)
        lines = "\n".join(self.lines)
        return "func @f(%s) -> %s {\n%s\n  return %%r\n}\n" % (params, self.result, lines)


# ---- values ----


INF, NAN = float("inf"), float("nan")
SPECIAL = [0.0, -0.0, INF, -INF, NAN, 1.0, -1.0, 6e-8, -6e-8, 65504.0, 0.5, 1.5, 2.5, -126.5,
           127.49, 3e9, -3e9]


def float_value(special):
    if chance(special):
        return random_.choice(SPECIAL)
    return random_.gauss(0, random_.choice([0.1, 1, 10]))


def int_value(dtype, special, nonzero):
    bits = BITS[dtype]
    least, most = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    if chance(special):
        value = random_.choice([least, most, 0, -1, 1, random_.randint(least, most)])
    else:
        value = random_.randint(-9, 9)
    return value or 1 if nonzero else value


def encode(dtype, value):
    if dtype == "bf16":
        return struct.pack("<f", value)[2:]
    if dtype == "f16" and abs(value) > 65504 and abs(value) != float("inf"):
        value = 65504.0
    if dtype == "f32" and abs(value) > 3e38 and abs(value) != float("inf"):
        value = 3e38
    return struct.pack("<" + PACK[dtype], value)


def decode(dtype, data):
    if dtype == "bf16":
        return struct.unpack("<f", b"\0\0" + data)[0]
    return struct.unpack("<" + PACK[dtype], data)[0]


def write_npy(path, dtype, dims, special, nonzero):
    count = 1
    for d in dims:
        count *= d.value
    data = b""
    for _ in range(count):
        if dtype in FLOATS:
            value = float_value(special)
        elif dtype == "i1":
            value = random_.randint(0, 1)
        else:
            value = int_value(dtype, special, nonzero)
        data += encode(dtype, value)
    shape_text = "(%s)" % "".join("%d," % d.value for d in dims)
    header = "{'descr': '%s', 'fortran_order': False, 'shape': %s}" % (DESCR[dtype], shape_text)
    header = header.ljust((len(header) + 11 + 63) // 64 * 64 - 11) + "\n"
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data)


def read_npy(path):
    """Header and data."""
    with open(path, "rb") as f:
        raw = f.read()
    n = 10 + struct.unpack("<H", raw[8:10])[0]
    return raw[:n], raw[n:]


# ---- families ----


def acc_attr(dtype, extra=()):
    """An `acc` that holds the inputs, or none."""
    choices = [None, None]
    if dtype in FLOATS:
        choices += [d for d in FLOATS if d == dtype or BITS[d] > BITS[dtype]]
    else:
        choices += [d for d in ("i64", "i32", "i8") if d == dtype or BITS[d] >= BITS[dtype]]
    acc = random_.choice(choices)
    attrs = list(extra) + (["acc = " + acc] if acc else [])
    return " {%s}" % ", ".join(attrs) if attrs else ""


def any_number():
    return random_.choice(FLOATS + FLOATS + INTS)


def unary(p):
    dims = shape(random_.randint(0, 4))
    if chance(0.4):
        dtype, op = any_number(), random_.choice(["neg", "abs", "relu"])
    else:
        dtype, op = random_.choice(FLOATS), random_.choice(MATH)
    attr = " {approx = tanh}" if op == "gelu" and chance(0.5) else ""
    p.op("%s %s%s" % (op, p.param("X", dims, dtype), attr), dims, dtype)


def part_of(dims):
    """A shape that broadcasts to `dims`."""
    dims = dims[random_.choice([0, 0, random_.randint(0, len(dims))]):]
    return [ONE if chance(0.25) else d for d in dims]


def joined(shapes):
    rank = max(len(s) for s in shapes)
    dims = [ONE] * rank
    for s in shapes:
        for i, d in enumerate(s):
            if d.text != "1":
                dims[rank - len(s) + i] = d
    return dims


def binary(p):
    dims, dtype = shape(random_.randint(0, 4)), any_number()
    op = random_.choice(["add", "sub", "mul", "div", "max", "min"])
    a, b = part_of(dims), part_of(dims)
    x = p.param("A", a, dtype)
    how = random_.random()
    literal = random_.choice(["3", "1"] if dtype in INTS else ["0.5", "-2.0", "inf", "1e-3"])
    if how < 0.15:
        y, b = literal, []
    elif how < 0.3:
        b = [d if d.text in [e.text for e in a] else ONE for d in b]
        p.lines.append("  %%c = const %s : %s" % (literal, tensor(b, dtype)))
        y = "%c"
    else:
        y = p.param("B", b, dtype, nonzero=op == "div" and dtype in INTS)
    p.op("%s %s, %s" % (op, x, y), joined([a, b]), dtype)


def cast(p):
    dims = shape(random_.randint(0, 3))
    source, target = (random_.choice(FLOATS + INTS + ["i1"]) for _ in range(2))
    p.special = 0.4
    p.op("cast " + p.param("X", dims, source), dims, target)


def factors(n):
    dims = []
    while n > 1 and chance(0.8):
        d = random_.choice([k for k in range(1, n + 1) if n % k == 0])
        dims.append(Extent(d))
        n //= d
    if n > 1 or chance(0.2):
        dims.insert(random_.randint(0, len(dims)), Extent(n))
    return dims


def reshape(p):
    n = random_.choice([1, 6, 12, 24, 36])
    a, b = factors(n), factors(n)
    if chance(0.6):
        for symbol in random_.sample("MNP", random_.randint(1, 2)):
            e = Extent(random_.randint(1, 4), symbol)
            a.insert(random_.randint(0, len(a)), e)
            b.insert(random_.randint(0, len(b)), e)
    dtype = random_.choice(FLOATS + INTS + ["i1"])
    p.op("reshape " + p.param("X", a, dtype), b, dtype)


def transpose(p):
    dims = shape(random_.randint(2, 4))
    perm = list(range(len(dims)))
    dtype = random_.choice(FLOATS + INTS + ["i1"])
    if chance(0.3):
        perm[-1], perm[-2] = perm[-2], perm[-1]
        attr = ""
    else:
        random_.shuffle(perm)
        attr = " {perm = %s}" % perm
    p.op("transpose %s%s" % (p.param("X", dims, dtype), attr), [dims[i] for i in perm], dtype)


def broadcast(p):
    dims, dtype = shape(random_.randint(0, 4)), random_.choice(FLOATS + INTS + ["i1"])
    part = part_of(dims)
    bound = [d.text for d in part]
    out = [d if d.text in bound else Extent(d.value) for d in dims]
    p.op("broadcast " + p.param("X", part, dtype), out, dtype)


def product_operands(p, dtype):
    batch = shape(random_.choice([0, 0, 1, 2]), 3)
    m, k, n = extent("M"), extent("K", 9), extent("N")
    a, b = part_of(batch), part_of(batch)
    x = p.param("X", a + [m, k], dtype)
    w = p.param("W", b + [k, n], dtype)
    p.special = 0.02
    return x, w, joined([a, b]) + [m, n], "i32" if dtype == "i8" else dtype


def matmul(p):
    dtype = any_number()
    x, w, dims, out = product_operands(p, dtype)
    p.op("matmul %s, %s%s" % (x, w, acc_attr(dtype)), dims, out)


def fused_mlp(p):
    dtype = any_number()
    x, w, dims, out = product_operands(p, dtype)
    b = p.param("b", random_.choice([[], [ONE] if len(dims) > 1 else []]) + dims[-1:], out)
    act = random_.choice(["none", "relu"] + (MATH if dtype in FLOATS else []))
    extra = ["act = " + act] + (["approx = tanh"] if act == "gelu" and chance(0.5) else [])
    p.op("fused_mlp %s, %s, %s%s" % (x, w, b, acc_attr(dtype, extra)), dims, out)


def region(args, dtype):
    """Scalar ops over the arguments, ending in a yield."""
    lines, values = [], list(args)
    for i in range(random_.randint(1, 4)):
        a, b = random_.choice(values), random_.choice(values)
        if dtype in FLOATS:
            ops = ["addf {0}, {1}", "mulf {0}, 0.5", "maxf {0}, {1}", "tanh {0}", "relu {0}"]
        else:
            ops = ["addi {0}, {1}", "muli {0}, 3", "maxi {0}, {1}", "relu {0}"]
        lines.append("    %%v%d = %s : %s" % (i, random_.choice(ops).format(a, b), dtype))
        values.append("%%v%d" % i)
    head = ", ".join("%s: %s" % (a, dtype) for a in args)
    return " (%s) {\n%s\n    yield %s\n  }" % (head, "\n".join(lines), values[-1])


def fused(p):
    dims, dtype = shape(random_.randint(0, 3)), any_number()
    shapes = [part_of(dims) for _ in range(random_.randint(1, 3))]
    operands = [p.param("A%d" % i, s, dtype) for i, s in enumerate(shapes)]
    args = ["%%x%d" % i for i in range(len(shapes))]
    if chance(0.3):
        p.lines.append("  %%c = const 2%s : tensor<%s>" % (".0" if dtype in FLOATS else "", dtype))
        operands.append("%c")
        args.append("%xc")
    p.op("fused " + ", ".join(operands), joined(shapes), dtype, region(args, dtype))


def fused_matmul(p):
    dtype = any_number()
    x, w, dims, out = product_operands(p, dtype)
    shapes = [part_of(dims) for _ in range(random_.randint(0, 2))]
    if chance(0.3) and shapes:
        shapes[0] = [Extent(2)] + dims
    operands = [x, w] + [p.param("A%d" % i, s, out) for i, s in enumerate(shapes)]
    args = ["%%x%d" % i for i in range(len(shapes) + 1)]
    text = "fused %s%s" % (", ".join(operands), acc_attr(dtype, ["root = matmul"]))
    p.op(text, joined([dims] + shapes), out, region(args, out))


def reduce(p):
    op = random_.choice(["reduce_sum", "reduce_max", "reduce_mean"])
    dtype = random_.choice(FLOATS) if op == "reduce_mean" else any_number()
    dims = shape(random_.randint(0, 4))
    extra, axes = [], list(range(len(dims)))
    if chance(0.8) and dims:
        axes = sorted(random_.sample(axes, random_.randint(1, len(dims))))
        written = [a - len(dims) if chance(0.3) else a for a in axes]
        bare = len(written) == 1 and chance(0.5)
        extra.append("axis = %s" % (written[0] if bare else written))
    keep = chance(0.4)
    if keep:
        extra.append("keepdims")
    p.special = 0.03
    if op != "reduce_max":
        attr = acc_attr(dtype, extra)
    else:
        attr = " {%s}" % ", ".join(extra) if extra else ""
    out = [ONE if i in axes else d for i, d in enumerate(dims) if keep or i not in axes]
    p.op("%s %s%s" % (op, p.param("X", dims, dtype), attr), out, dtype)


def axis_of(dims):
    """An axis and the attribute that says it."""
    if chance(0.4):
        return len(dims) - 1, []
    axis = random_.randrange(len(dims))
    return axis, ["axis = %d" % (axis - len(dims) if chance(0.3) else axis)]


def softmax(p):
    dims, dtype = shape(random_.randint(1, 4)), random_.choice(FLOATS)
    _, extra = axis_of(dims)
    p.special = 0.03
    p.op("softmax %s%s" % (p.param("X", dims, dtype), acc_attr(dtype, extra)), dims, dtype)


def layernorm(p):
    dims, dtype = shape(random_.randint(1, 4)), random_.choice(FLOATS)
    axis, extra = axis_of(dims)
    if chance(0.4):
        extra.append("eps = %s" % random_.choice(["1e-3", "0.1", "1.0"]))
    operands = [p.param("X", dims, dtype)]
    for name in ["scale", "shift"][:random_.randint(0, 2)]:
        operands.append(p.param(name, [dims[axis]], dtype))
    p.special = 0.01
    p.op("layernorm %s%s" % (", ".join(operands), acc_attr(dtype, extra)), dims, dtype)


def quantization(p):
    forth = chance(0.5)
    dims, dtype = shape(random_.randint(0, 3)), random_.choice(FLOATS)
    attrs, n = [], 1
    if dims and chance(0.5):
        axis = random_.randrange(len(dims))
        dims[axis] = Extent(dims[axis].value)
        n = dims[axis].value
        attrs.append("axis = %d" % axis)

    def some(values):
        values = [str(random_.choice(values)) for _ in range(n if chance(0.7) else 1)]
        return values[0] if len(values) == 1 else "[%s]" % ", ".join(values)

    attrs.append("scale = " + some([0.5, 0.1, 0.003, 2.0]))
    if chance(0.6):
        attrs.append("zero_point = " + some([0, 3, -128, 127, -7]))
    p.special = 0.3
    source, target = (dtype, "i8") if forth else ("i8", dtype)
    x = p.param("X", dims, source)
    p.op("%s %s {%s}" % ("quantize" if forth else "dequantize", x, ", ".join(attrs)), dims, target)


FAMILIES = [unary, binary, cast, reshape, transpose, broadcast, matmul, matmul, fused_mlp, fused,
            fused_matmul, reduce, reduce, softmax, layernorm, quantization]

# ---- running ----


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        what = (" ".join(command), done.returncode, done.stderr)
        raise RuntimeError("%s\nexit code %d\n%s" % what)
    return done.stdout


def same(dtype, a, b):
    size = len(encode(dtype, 0))
    for i in range(0, len(a), size):
        x, y = a[i:i + size], b[i:i + size]
        if x == y:
            continue
        u, v = decode(dtype, x), decode(dtype, y)
        if not (u != u and v != v):
            return "element %d: tensor %r, loops %r" % (i // size, u, v)
    return None if len(a) == len(b) else "sizes %d and %d" % (len(a), len(b))


def check_native(p, lir, where, inputs, cc, want):
    native = ["ts-run", lir, "--engine=native", "--no-cache", "--cc=" + cc, "--print=none"] + inputs
    if re.search("softmax|" + "|".join(MATH), p.text()):
        run(native + ["--compare=interp"])
        return None
    out = os.path.join(where, "N.npy")
    run(native + ["--output=Y=@" + out])
    return same(p.dtype, want, read_npy(out)[1])


def check(p, where, cc):
    """None, or what differs."""
    tir, lir = os.path.join(where, "f.tir"), os.path.join(where, "f.lir")
    with open(tir, "w") as f:
        f.write(p.text())
    inputs = []
    for name, dims, dtype, nonzero in p.params:
        path = os.path.join(where, name + ".npy")
        write_npy(path, dtype, dims, p.special, nonzero)
        inputs.append("--input=%s=@%s" % (name, path))
    run(["ts-opt", "-lower", "-verify-roundtrip", tir, "-o", lir])
    results = []
    for source in (tir, lir):
        out = os.path.join(where, "Y.npy")
        run(["ts-run", source, "--print=none", "--output=Y=@" + out] + inputs)
        results.append(read_npy(out))
    if results[0][0] != results[1][0]:
        return "headers differ"
    message = same(p.dtype, results[0][1], results[1][1])
    if not message and cc:
        message = check_native(p, lir, where, inputs, cc, results[1][1])
    return message


def main():
    where, options = sys.argv[1], dict(a.lstrip("-").split("=") for a in sys.argv[2:])
    os.makedirs(where, exist_ok=True)
    random_.seed(int(options.get("seed", 1)))
    families = [f for f in FAMILIES if f.__name__ == options.get("only", f.__name__)]
    failures = 0
    for i in range(int(options.get("count", 100))):
        p = Program()
        families[i % len(families)](p)
        try:
            message = check(p, where, options.get("cc"))
        except RuntimeError as error:
            message = str(error)
        if message:
            failures += 1
            print("program %d: %s\n%s" % (i, message, p.text()))
    print("%s programs, %d failures" % (options.get("count", 100), failures))
    return 1 if failures else 0


sys.exit(main())
