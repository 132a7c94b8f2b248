"""What a tensor program computes, by NumPy, with a bound of how far an engine may be off.

values(module, name, arrays, acc) evaluates the text of a function in float64 without rounding, from docs/semantics.md
alone, and gives for each result the values and the errors: what the roundings of each op to its type can add up to, by
the usual rules (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., sections 2.2, 3.1 and 3.3), with what the
operands' errors become in the op. Where a step decides (a cast to integers, a comparison) the error is how far apart
the answers of both sides are. An error of infinity says that nothing is known: past a type's range, beside a pole.
Integers are exact. NumPy's own roundings to float64 are in the bound: for f64 they are as large as an engine's. No order
of a sum, and no fusing of ops, is outside of the bound. `acc` is the accumulator type of
reductions of floats, as -lower=acc= says; f64 for what the program says.
"""
import math
import re

import numpy as np

from reduce import without_comments

# What one rounding of an engine and one of NumPy's are off by, relative to the result.
UNIT = {t: 2.0 ** -digits + 2.0 ** -53 for t, digits in {"f64": 53, "f32": 24, "f16": 11, "bf16": 8}.items()}
TINY = {"f64": 2.0 ** -1074, "f32": 2.0 ** -149, "f16": 2.0 ** -24, "bf16": 2.0 ** -133}
MOST = {"f64": np.finfo(np.float64).max, "f32": float(np.finfo(np.float32).max), "f16": 65504.0, "bf16": 3.3895e38}
BITS = {"i64": 64, "index": 64, "i32": 32, "i8": 8, "i1": 1}
MATH_ULPS = 4.0
erf = np.vectorize(math.erf, otypes=[float])
erfc = np.vectorize(math.erfc, otypes=[float])


class Value:
    """Values (float64, or int64 for integer types), errors of the same shape, and the scalar type."""

    def __init__(self, values, errors, dtype):
        self.v, self.dtype = np.asarray(values), dtype
        self.e = np.broadcast_to(np.asarray(errors, dtype=float), self.v.shape)


def is_float(dtype):
    return dtype in UNIT


def wrapped(values, dtype):
    if dtype == "i1":
        return values & 1
    shift = 64 - BITS[dtype]
    return (values << shift) >> shift if shift else values


def finished(values, errors, dtype, roundings=1.0):
    """A result of a float type: its own rounding added, nothing claimed past the type's range."""
    values = np.asarray(values, dtype=float)
    e = errors + roundings * (UNIT[dtype] * (np.abs(values) + errors) + TINY[dtype])
    e = np.where(np.abs(values) + e < MOST[dtype], e, np.inf)
    return Value(values, np.where(np.isnan(e), np.inf, e), dtype)


def exact(values, errors, dtype):
    """A result of an integer type; of what wraps and was not exact nothing is known."""
    out = wrapped(values, dtype)
    return Value(out, np.where((errors > 0) & (out != values), np.inf, errors), dtype)


def through(f, x, least=-np.inf, most=np.inf):
    """Values of a monotone f, and how far f is off when its operand is."""
    r = f(x.v)
    lo, hi = f(np.maximum(x.v - x.e, least)), f(np.minimum(x.v + x.e, most))
    return r, np.maximum(np.abs(hi - r), np.abs(lo - r))


# ---- elementwise ----

def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gelu(x):
    """x (1 + erf(x / sqrt 2)) / 2, without the cancellation far below 0."""
    return x * erfc(-x / math.sqrt(2)) / 2


def gelu_tanh(x):
    """x (1 + tanh(u)) / 2 as x / (1 + exp(-2 u))."""
    return x * sigmoid(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3))


MONOTONE = {"exp": np.exp, "tanh": np.tanh, "erf": erf, "sigmoid": sigmoid, "log": np.log, "sqrt": np.sqrt,
            "rsqrt": lambda x: 1 / np.sqrt(x)}
# Not monotone: no slope is steeper than these.
SLOPES = {"silu": (lambda x: x * sigmoid(x), 1.1), "gelu": (gelu, 1.13), "gelu_tanh": (gelu_tanh, 1.13)}


def unary(op, x, attrs):
    if op == "gelu" and attrs.get("approx") == "tanh":
        op = "gelu_tanh"
    if op in ("neg", "negf", "abs", "relu", "sign", "roundeven"):
        f = {"neg": np.negative, "negf": np.negative, "abs": np.abs, "relu": lambda v: np.maximum(v, 0), "sign": np.sign, "roundeven": np.rint}[op]
        if not is_float(x.dtype):
            return exact(f(x.v), x.e, x.dtype)
        r, e = through(f, x) if op in ("sign", "roundeven") else (f(x.v), x.e)
        return Value(r, e, x.dtype)
    # exp has its argument's rounding as a relative error, which shows where the type is as wide as what it is computed in.
    ulps = MATH_ULPS * (1 + 4 * np.abs(x.v)) if x.dtype == "f64" and np.all(np.isfinite(x.v)) else MATH_ULPS
    if op in SLOPES:
        f, slope = SLOPES[op]
        return finished(f(x.v), slope * x.e, x.dtype, ulps)
    r, e = through(MONOTONE[op], x, least=0 if op in ("log", "sqrt", "rsqrt") else -np.inf)
    return finished(r, e, x.dtype, ulps)


def division(x, y):
    if not is_float(x.dtype):
        q, r = np.divmod(x.v, y.v)
        return exact(q + ((r != 0) & ((x.v < 0) != (y.v < 0))), np.where(x.e + y.e > 0, np.inf, 0), x.dtype)
    r = x.v / y.v
    below = np.abs(y.v) - y.e
    return finished(r, np.where(below > 0, (x.e + np.abs(r) * y.e) / below, np.inf), x.dtype)


def binary(op, x, y):
    op = op.rstrip("fi")
    if op == "div":
        return division(x, y)
    if op in ("max", "min"):
        return Value((np.maximum if op == "max" else np.minimum)(x.v, y.v), np.maximum(x.e, y.e), x.dtype)
    if op == "mul":
        r, e = x.v * y.v, np.abs(x.v) * y.e + np.abs(y.v) * x.e + x.e * y.e
    else:
        r, e = (x.v + y.v if op == "add" else x.v - y.v), x.e + y.e
    return finished(r, e, x.dtype) if is_float(x.dtype) else exact(r, e, x.dtype)


def compare(relation, x, y):
    f = {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal,
         "ne": np.not_equal}[relation]
    near = (np.abs(np.asarray(x.v, float) - y.v) <= x.e + y.e) & (x.e + y.e > 0)
    return Value(f(x.v, y.v).astype(np.int64), np.where(near | ~np.isfinite(x.e + y.e), 1.0, 0.0), "i1")


def select(c, x, y):
    r = np.where(c.v != 0, x.v, y.v)
    e = np.where(c.v != 0, x.e, y.e)
    return Value(r, np.where(c.e > 0, np.abs(np.asarray(x.v, float) - y.v) + np.maximum(x.e, y.e), e), x.dtype)


def to_int(values, dtype):
    """Toward zero and saturated."""
    most = 2.0 ** (BITS[dtype] - 1)
    v = np.trunc(np.nan_to_num(values, nan=0.0, posinf=most, neginf=-most))
    inside = np.clip(v, -most, np.nextafter(most, 0)).astype(np.int64)
    return np.where(v >= most, np.int64(2 ** (BITS[dtype] - 1) - 1), inside)


def cast(x, dtype):
    if dtype == "i1":
        unsure = (np.abs(np.asarray(x.v, float)) <= x.e) & (x.e > 0)
        return Value((x.v != 0).astype(np.int64), np.where(unsure, 1.0, 0.0), "i1")
    if is_float(dtype):
        wider = x.dtype == dtype or is_float(x.dtype) and x.dtype != dtype and UNIT[dtype] <= UNIT[x.dtype] and \
            dtype in ("f64", "f32")
        return Value(x.v, x.e, dtype) if wider else finished(x.v, x.e, dtype)
    if is_float(x.dtype):
        r, e = through(lambda v: to_int(v, dtype).astype(float), x)
        return Value(to_int(x.v, dtype), np.where(np.isnan(e), np.inf, e), dtype)
    return exact(x.v, x.e, dtype)


# ---- along axes ----

def gamma(n, u):
    return n * u / (1 - n * u) if n * u < 0.5 else np.inf


def total(values, errors, axes, acc):
    """A sum in an accumulator, in any order, and its error; no rounding to the result's type."""
    n = int(np.prod([values.shape[a] for a in axes]))
    s = np.sum(values, axis=axes, keepdims=True)
    e = np.sum(errors, axis=axes, keepdims=True)
    bound = gamma(n, UNIT[acc]) * (np.sum(np.abs(values), axis=axes, keepdims=True) + e)
    largest = np.sum(np.abs(values), axis=axes, keepdims=True) + e
    return s, np.where(largest < MOST[acc], e + bound + n * TINY[acc], np.inf)


def axes_of(attrs, rank):
    axis = attrs.get("axis")
    if axis is None:
        return tuple(range(rank))
    return tuple(sorted(a % rank for a in (axis if isinstance(axis, list) else [axis])))


def reduce(op, x, attrs, acc):
    axes = axes_of(attrs, x.v.ndim)
    if op in ("reduce_max", "reduce_min"):
        r = Value((np.max if op == "reduce_max" else np.min)(x.v, axis=axes, keepdims=True), np.max(x.e, axis=axes, keepdims=True), x.dtype)
    elif not is_float(x.dtype):
        s = wrapped(np.sum(x.v, axis=axes, keepdims=True), attrs.get("acc", "i64"))
        r = exact(s, np.sum(x.e, axis=axes, keepdims=True), x.dtype)
    else:
        s, e = total(x.v, x.e, axes, acc)
        if op == "reduce_mean":
            n = int(np.prod([x.v.shape[a] for a in axes]))
            s, e = s / n, e / n + UNIT[acc] * np.abs(s / n) + TINY[acc]
        r = finished(s, e, x.dtype)
    if "keepdims" in attrs:
        return r
    shape = [d for i, d in enumerate(x.v.shape) if i not in axes]
    return Value(r.v.reshape(shape), r.e.reshape(shape), r.dtype)


def softmax(x, attrs, acc):
    axis, u = attrs.get("axis", -1), UNIT[acc]
    d = x.v - np.max(x.v, axis=axis, keepdims=True)
    n = x.v.shape[axis]
    worst = np.max(x.e, axis=axis, keepdims=True)
    off = np.expm1(np.minimum(2 * worst + 2 * u * (np.max(np.abs(d), axis=axis, keepdims=True) + worst), 700)) + 2 * MATH_ULPS * u
    r = np.exp(d) / np.sum(np.exp(d), axis=axis, keepdims=True)
    relative = 2 * off + off * off + gamma(n + 2, u)
    return finished(r, np.where(relative < 0.5, 2 * r * relative + 4 * n * TINY[acc], np.inf), x.dtype)


def layernorm(x, more, attrs, acc):
    axis, u, eps = attrs.get("axis", -1), UNIT[acc], attrs.get("eps", 1e-5)
    n = x.v.shape[axis]
    axes = (axis % x.v.ndim,)
    mean, em = total(x.v, x.e, axes, acc)
    mean, em = mean / n, em / n + u * np.abs(mean / n)
    d = x.v - mean
    ed = x.e + em + u * (np.abs(d) + em)
    square = np.abs(d) + ed
    var, ev = total(d * d, square * square * (1 + u) - d * d, axes, acc)
    var, ev = var / n, ev / n + u * var / n + TINY[acc]
    root = np.sqrt(var + eps)
    low = np.sqrt(np.maximum(var - ev, 0) + eps)
    y = d / root
    ey = ed / low + np.abs(d) * (1 / low - 1 / root) + 4 * u * (np.abs(d) + ed) / low
    ey = np.where(np.sum(np.square(square), axis=axis, keepdims=True) < MOST[acc], ey, np.inf)
    along = [1] * x.v.ndim
    along[axis] = n
    for i, w in enumerate(more):
        wv, we = w.v.reshape(along), w.e.reshape(along)
        if i == 0:
            y, ey = y * wv, ey * (np.abs(wv) + we) + np.abs(y) * we
        else:
            y, ey = y + wv, ey + we
        ey = ey + u * (np.abs(y) + ey)
    return finished(y, ey, x.dtype)


def product(x, w, acc):
    """x @ w in an accumulator: values and errors, not rounded to the result's type."""
    k = x.v.shape[-1]
    s = np.matmul(x.v, w.v)
    ax, aw = np.abs(x.v) + x.e, np.abs(w.v) + w.e
    largest = np.matmul(ax, aw)
    e = largest - np.matmul(np.abs(x.v), np.abs(w.v)) if np.any(x.e) or np.any(w.e) else np.zeros(s.shape)
    e = e + gamma(k + 1, UNIT[acc]) * largest + k * TINY[acc]
    return s, np.where(largest < MOST[acc], e * (1 + 1e-9), np.inf)


def matmul(x, w, attrs, acc, dtype):
    if is_float(x.dtype):
        s, e = product(x, w, acc)
        return finished(s, e, dtype)
    s = np.matmul(x.v, w.v)
    e = np.inf if np.any(x.e) or np.any(w.e) else 0.0
    return exact(wrapped(s, attrs.get("acc", "i64")), np.full(s.shape, e), dtype)


def fused_mlp(x, w, b, attrs, acc, dtype):
    """Biased and activated in the accumulator's type, rounded once."""
    act = attrs.get("act", "none")
    if not is_float(x.dtype):
        acc = attrs.get("acc", "i32" if x.dtype == "i8" else "i64")
        s = binary("add", matmul(x, w, attrs, acc, acc), cast(b, acc))
        return cast(s if act == "none" else unary(act, s, attrs), dtype)
    s, e = product(x, w, acc)
    s = binary("add", Value(s, e, acc), Value(b.v, b.e, acc))
    s = s if act == "none" else unary(act, s, attrs)
    return finished(s.v, s.e, dtype)


def quantize(x, attrs, forth, dtype):
    def along(a):
        a = np.asarray(a, dtype=float)
        return a if a.ndim == 0 or "axis" not in attrs or a.size == 1 else \
            a.reshape([-1 if i == attrs["axis"] % x.v.ndim else 1 for i in range(x.v.ndim)])

    scale, zero = along(attrs["scale"]), along(attrs.get("zero_point", 0))
    if not forth:
        r = (x.v - zero) * scale
        return finished(r, x.e * scale, dtype, 1.001)
    r, e = through(lambda v: np.clip(np.rint(v / scale) + zero, -128, 127), x)
    known = np.isfinite(x.v) & np.isfinite(x.e)
    e = np.where(known, e, np.inf)
    near = np.abs(np.abs(x.v / scale % 1) - 0.5) < 1e-9 * (1 + np.abs(x.v / scale))
    return Value(np.where(known, r, 0).astype(np.int64), np.where(near, np.maximum(e, 1), e), "i8")


# ---- text ----

OP = re.compile(r"^\s*(%[\w%, ]+?) = (\w+)(?: (.*?))?(?: (\{.*?\}))? : (.*)$")


def scalar_of(kind):
    return re.match(r"(?:tensor<(?:[A-Z0-9_]+x)*)?(\w+)", kind.strip()).group(1)


def parse_attributes(text):
    out = {}
    for m in re.finditer(r"(\w+)(?: = (\[[^\]]*\]|[^,}]+))?", (text or "").strip("{}")):
        word = (m.group(2) or "true").strip()
        if word.startswith("["):
            out[m.group(1)] = [float(n) if re.search(r"[.e]", n) else int(n) for n in word[1:-1].split(",")]
        elif re.match(r"-?[\d.]", word):
            out[m.group(1)] = float(word) if re.search(r"[.e]", word) else int(word)
        else:
            out[m.group(1)] = word
    return out


def literal(text, dtype):
    word = {"true": "1", "false": "0"}.get(text, text)
    if is_float(dtype):
        v = float(word)
        return finished(np.float64(v), 0.0, dtype) if math.isfinite(v) and v != int(v) else Value(np.float64(v), 0.0, dtype)
    return Value(np.int64(int(word)), 0.0, dtype)


def dims_of(kind):
    return re.findall(r"([A-Z0-9_]+)x", kind)


def shape_of(kind, extents):
    return tuple(int(d) if d.isdigit() else extents[d] for d in dims_of(kind))


class Evaluator:
    def __init__(self, module, acc):
        self.acc, self.bodies = acc, {}
        module = without_comments(module)
        for m in re.finditer(r"func @(\w+)\((.*?)\) -> .*? \{\n(.*?)\n?^\}", module, re.M | re.S):
            params = re.findall(r"(%\w+): (tensor<[^>]*>)", m.group(2))
            self.bodies[m.group(1)] = (params, m.group(3).split("\n"))

    def run(self, name, arguments):
        params, lines = self.bodies[name]
        extents, env = {}, {}
        for (p, kind), a in zip(params, arguments):
            for d, n in zip(dims_of(kind), a.v.shape):
                extents[d] = n
            env[p] = a
        at = 0
        while at < len(lines):
            line, at = lines[at], at + 1
            if line.strip().startswith("return"):
                return [env[r.strip()] for r in line.strip()[6:].split(",")]
            if line.rstrip().endswith("{"):
                end = next(j for j in range(at, len(lines)) if lines[j].strip() == "}")
                self.fused(line, lines[at:end], env, extents)
                at = end + 1
            elif line.strip():
                self.op(line, env, extents)
        raise ValueError("no return")

    def accumulator(self, attrs):
        """The coarser of what the op names and what lower is told, since a constant may be folded before."""
        named = attrs.get("acc", "f64")
        return named if UNIT.get(named, 0) > UNIT[self.acc] else self.acc

    def fused(self, head, body, env, extents):
        head, region = head.rsplit(" (", 1)
        m = OP.match(head)
        attrs, kind = parse_attributes(m.group(4)), m.group(5)
        operands = [env[o.strip()] for o in m.group(3).split(",")]
        dtype = scalar_of(kind)
        if attrs.get("root") == "matmul":
            p = matmul(operands[0], operands[1], attrs, self.accumulator(attrs), dtype)
            operands = [p] + operands[2:]
        inner = {a: o for a, o in zip(re.findall(r"%\w+(?=:)", region), operands)}
        for line in body:
            word = line.strip()
            if word.startswith("yield"):
                r = inner[word.split()[1]]
                shape = shape_of(kind, extents)
                env[m.group(1)] = Value(np.broadcast_to(r.v, shape), np.broadcast_to(r.e, shape), dtype)
            else:
                self.op(line, inner, extents)

    def op(self, line, env, extents):
        m = OP.match(line)
        names, op, rest, attrs, kind = m.groups()
        attrs = parse_attributes(attrs)
        dtype = scalar_of(kind.split(", ")[0])
        if op == "const":
            env[names] = self.constant(rest or "", kind, dtype, extents, line)
            return
        if op == "call":
            callee, arguments = re.match(r"@(\w+)\((.*)\)", rest).groups()
            results = self.run(callee, [env[a.strip()] for a in arguments.split(",")])
            for n, r in zip(names.split(","), results):
                env[n.strip()] = r
            return
        words = [w.strip() for w in rest.split(",")]
        relation = words.pop(0) if op.startswith("cmp") else None
        first = next((env[w] for w in words if w in env), None)
        x = [env[w] if w in env else literal(w, first.dtype) for w in words]
        env[names] = self.apply(op, x, attrs, kind, dtype, extents, relation)

    def constant(self, text, kind, dtype, extents, line):
        shape = shape_of(kind, extents) if kind.startswith("tensor") else ()
        numbers = [literal(t, dtype) for t in re.findall(r"-?(?:inf|nan|true|false|[\d.]+(?:e[-+]?\d+)?)", text)]
        v, e = np.array([n.v for n in numbers]), np.array([n.e for n in numbers])
        if v.size == 1:
            return Value(np.broadcast_to(v.reshape(()), shape), np.broadcast_to(e.reshape(()), shape), dtype)
        return Value(v.reshape(shape), e.reshape(shape), dtype)

    def apply(self, op, x, attrs, kind, dtype, extents, relation):
        acc = self.accumulator(attrs)
        if op == "cast":
            return cast(x[0], dtype)
        if op in ("reshape", "broadcast"):
            f = np.reshape if op == "reshape" else np.broadcast_to
            shape = shape_of(kind, extents)
            return Value(f(x[0].v, shape), f(x[0].e, shape), dtype)
        if op == "transpose":
            n = x[0].v.ndim
            perm = attrs.get("perm", list(range(n - 2)) + [n - 1, n - 2])
            return Value(np.transpose(x[0].v, perm), np.transpose(x[0].e, perm), dtype)
        if op == "matmul":
            return matmul(x[0], x[1], attrs, acc, dtype)
        if op == "fused_mlp":
            return fused_mlp(x[0], x[1], x[2], attrs, acc, dtype)
        if op.startswith("reduce"):
            return reduce(op, x[0], attrs, acc)
        if op == "softmax":
            return softmax(x[0], attrs, acc)
        if op == "layernorm":
            return layernorm(x[0], x[1:], attrs, acc)
        if op in ("quantize", "dequantize"):
            return quantize(x[0], attrs, op == "quantize", dtype)
        if op.startswith("cmp"):
            return compare(relation, x[0], x[1])
        if op == "select":
            return select(*x)
        if op == "fma":
            product = x[0].v * x[1].v  # NumPy rounds it, an fma does not
            e = np.abs(x[0].v) * x[1].e + np.abs(x[1].v) * x[0].e + x[0].e * x[1].e + UNIT["f64"] * np.abs(product)
            p = Value(product, e, dtype)
            return binary("add", p, x[2])
        return unary(op, x[0], attrs) if len(x) == 1 else binary(op, x[0], x[1])


def values(module, name, arrays, acc="f64"):
    """Results of @name for arrays (float64 or int64, with their types): a list of Value."""
    with np.errstate(all="ignore"):
        return Evaluator(module, acc).run(name, [Value(a, 0.0, t) for a, t in arrays])
