"""Every tensor op on every type it takes, held against NumPy.

The reference follows docs/semantics.md literally: sums are loops in the order given there, every step is
an exact rational number (fractions.Fraction) rounded to the accumulator type, and the result is rounded
once. So nearly everything must agree to the last bit; transcendental ops may differ by what NumPy's own
f64 functions are off, which only shows in f64.

usage: tensor_ops.py RUN FOLDER
"""

import math
import os
import subprocess
import sys
from fractions import Fraction
from itertools import permutations

import numpy as np

from exact import BITS, FLOATS, INTS, load, save, saturate, to

RUN, FOLDER = sys.argv[1], sys.argv[2]


def fma(dtype, a, b, c):
    if dtype in BITS:
        return to(dtype, Fraction(a) * Fraction(b) + Fraction(c))
    return to(dtype, a * b + c)


def add(dtype, a, b):
    if dtype in BITS:
        return to(dtype, Fraction(a) + Fraction(b))
    return to(dtype, a + b)


def mul(dtype, a, b):
    return to(dtype, Fraction(a) * Fraction(b)) if dtype in BITS else to(dtype, a * b)


def div(dtype, a, b):
    if dtype in BITS:
        return to(dtype, Fraction(a) / Fraction(b))
    quotient = abs(a) // abs(b)
    return to(dtype, quotient if (a < 0) == (b < 0) else -quotient)


# Arrays of values are NumPy object arrays of Python floats and ints, exact whatever the type.


def objects(shape, values):
    a = np.empty(shape, object)
    for index, v in zip(np.ndindex(*shape), values):
        a[index] = v
    return a


def elementwise(f, *arrays):
    out = np.empty(np.broadcast_shapes(*[a.shape for a in arrays]), object)
    for index, v in zip(np.ndindex(*out.shape), np.nditer(np.broadcast_arrays(*arrays), ["refs_ok"])):
        out[index] = f(*[x.item() for x in (v if isinstance(v, tuple) else (v,))])
    return out


rng = np.random.default_rng(1)


def values(dtype, *shape):
    """Small numbers with fractions and signs; for integers the whole of i8."""
    n = math.prod(shape)
    if dtype in BITS:
        return objects(shape, [to(dtype, float(x)) for x in rng.normal(size=n)])
    if dtype == "i1":
        return objects(shape, [int(x) for x in rng.integers(0, 2, size=n)])
    return objects(shape, [int(x) for x in rng.integers(-128, 128, size=n)])


# ---- running and comparing ----

failures = 0
count = 0


def type_of(dtype, shape):
    return "tensor<" + "".join(f"{d}x" for d in shape) + dtype + ">"


def ulps(dtype, got, want):
    if got == want or (got != got and want != want):
        return 0
    if not (math.isfinite(got) and math.isfinite(want)):
        return math.inf
    precision, least, _ = BITS[dtype]
    quantum = max(math.frexp(want)[1] - precision, least)
    return abs(Fraction(got) - Fraction(want)) / Fraction(2) ** quantum


def check(body, inputs, dtype, want, allowed=0):
    """Runs `body`, whose operands are %a %b … and whose result is %y, and compares with `want`."""
    global failures, count
    count += 1
    names = "abcdefgh"
    params = ", ".join(f"%{n}: {type_of(d, a.shape)}" for n, (d, a) in zip(names, inputs))
    text = f"func @f({params}) -> {type_of(dtype, want.shape)} {{\n  %y = {body} : {type_of(dtype, want.shape)}"
    if "REGION" in body:
        head, region = body.split(" REGION ")
        text = f"func @f({params}) -> {type_of(dtype, want.shape)} {{\n  %y = {head} : {type_of(dtype, want.shape)} {region}"
    program, result = os.path.join(FOLDER, "case.tir"), os.path.join(FOLDER, "y.npy")
    with open(program, "w") as f:
        f.write(text + "\n  return %y\n}\n")
    command = [RUN, "--print=none", f"--output=Y=@{result}"]
    for n, (d, a) in zip(names, inputs):
        path = os.path.join(FOLDER, n + ".npy")
        save(path, d, a)
        command.append(f"--input={n}=@{path}")
    run = subprocess.run(command + [program], capture_output=True, text=True)
    if run.returncode != 0:
        failures += 1
        print(f"{text}\nexit {run.returncode}: {run.stderr}")
        return
    got = load(result, dtype)
    if got.shape != want.shape:
        failures += 1
        print(f"{text}\nshape {got.shape}, not {want.shape}")
        return
    for index in np.ndindex(*want.shape):
        g, w = got[index].item(), want[index]
        off = ulps(dtype, g, w) if dtype in BITS else (0 if g == w else math.inf)
        if off > allowed:
            failures += 1
            print(f"{text}\nat {index}: {g!r}, not {w!r} ({float(off)} ULP)")
            return


# ---- elementwise ----


def test_binary():
    for dtype in FLOATS + INTS:
        for sa, sb in [((3, 4), (3, 4)), ((2, 3, 4), (4,)), ((3, 1), (1, 4)), ((), (5,)), ((2, 1, 3), (4, 1))]:
            a, b = values(dtype, *sa), values(dtype, *sb)
            for op, f in [("add", add), ("mul", mul), ("div", div)]:
                if op == "div":
                    b = elementwise(lambda x: x or 1, b)
                want = elementwise(lambda x, y: f(dtype, x, y), a, b)
                check(f"{op} %a, %b", [(dtype, a), (dtype, b)], dtype, want)
            want = elementwise(lambda x, y: add(dtype, x, -y), a, b)
            check("sub %a, %b", [(dtype, a), (dtype, b)], dtype, want)
            check("max %a, %b", [(dtype, a), (dtype, b)], dtype, elementwise(max, a, b))
            check("min %a, %b", [(dtype, a), (dtype, b)], dtype, elementwise(min, a, b))
        a = values(dtype, 7)
        check("mul %a, 3", [(dtype, a)], dtype, elementwise(lambda x: mul(dtype, x, 3), a))


def gelu_tanh(x):
    u = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return x / (1 + math.exp(-2 * u))


def gelu(x):
    """x/2 erfc(-x/sqrt 2); what is lost in the argument comes back through the derivative."""
    exact = -Fraction(x) * Fraction(math.isqrt(2 * 10**60), 2 * 10**30)
    t = float(exact)
    slope = -2 / math.sqrt(math.pi) * math.exp(-t * t)
    return x / 2 * (math.erfc(t) + float(exact - Fraction(t)) * slope)


UNARY = {
    "exp": math.exp,
    "log": lambda x: math.log(x) if x > 0 else math.nan,
    "sqrt": lambda x: math.sqrt(x) if x >= 0 else math.nan,
    "rsqrt": lambda x: 1 / math.sqrt(x) if x > 0 else math.nan,
    "tanh": math.tanh,
    "erf": math.erf,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "silu": lambda x: x / (1 + math.exp(-x)),
    "gelu": gelu,
    "gelu %a {approx = tanh}": gelu_tanh,
}


def test_unary():
    for dtype in FLOATS:
        a = values(dtype, 41)
        for op, f in UNARY.items():
            body = op if "%" in op else f"{op} %a"
            want = elementwise(lambda x: to(dtype, f(x)), a)
            check(body, [(dtype, a)], dtype, want, 8 if dtype == "f64" else 0)
    for dtype in FLOATS + INTS:
        a = values(dtype, 3, 5)
        check("neg %a", [(dtype, a)], dtype, elementwise(lambda x: to(dtype, -x), a))
        check("abs %a", [(dtype, a)], dtype, elementwise(lambda x: to(dtype, abs(x)), a))
        check("relu %a", [(dtype, a)], dtype, elementwise(lambda x: max(x, 0), a))
        check("sign %a", [(dtype, a)], dtype, elementwise(lambda x: (x > 0) - (x < 0), a))


def test_cast():
    specials = [0.0, -0.0, 1.5, 2.5, -0.75, 300.25, -1e9, 1e30, 65519.0, 65520.0, 1e-8, math.inf, -math.inf, math.nan]
    for source in FLOATS:
        a = objects((len(specials),), [to(source, x) for x in specials])
        for target in FLOATS:
            check("cast %a", [(source, a)], target, elementwise(lambda x: to(target, x), a))
        for target in INTS:
            check("cast %a", [(source, a)], target, elementwise(lambda x: saturate(target, x), a))
        check("cast %a", [(source, a)], "i1", elementwise(lambda x: int(x != 0), a))
    wholes = {"i64": [0, 1, -1, 2**53 + 1, -(2**63), 2**63 - 1, 2**24 + 1, 2**54 + 2**30 + 1, 2049, 300, 256],
              "i32": [0, -1, 2**31 - 1, -(2**31), 2**24 + 1, 300], "i8": [0, 1, -128, 127], "i1": [0, 1]}
    for source, numbers in wholes.items():
        a = objects((len(numbers),), numbers)
        for target in FLOATS:
            check("cast %a", [(source, a)], target, elementwise(lambda x: to(target, x), a))
        for target in INTS:
            check("cast %a", [(source, a)], target, elementwise(lambda x: to(target, x), a))
        check("cast %a", [(source, a)], "i1", elementwise(lambda x: int(x != 0), a))


def test_quantize():
    for dtype in FLOATS:
        a = objects((3, 4), [to(dtype, x) for x in [0.25, 0.75, -0.25, 1.26, 100, -100, 31.9, 32.1, math.nan, math.inf, 0.0, 5]])
        scales, zeros = [0.5, 0.25, 2.0], [0, -3, 100]

        def q(x, s, z):
            scaled = x / s
            if math.isnan(scaled):
                return z
            return saturate("i8", scaled if not math.isfinite(scaled) else round(Fraction(x) / Fraction(s)) + z)

        want = elementwise(q, a, objects((3, 1), scales), objects((3, 1), zeros))
        check("quantize %a {scale = [0.5, 0.25, 2.0], zero_point = [0, -3, 100], axis = 0}", [(dtype, a)], "i8", want)
        check("quantize %a {scale = 0.5, zero_point = 7}", [(dtype, a)], "i8", elementwise(lambda x: q(x, 0.5, 7), a))
        i = values("i8", 2, 3)
        want = elementwise(lambda x, s: to(dtype, Fraction(x + 5) * Fraction(s)), i, objects((3,), [0.1, 0.2, 0.3]))
        check("dequantize %a {scale = [0.1, 0.2, 0.3], zero_point = -5, axis = -1}", [("i8", i)], dtype, want)


# ---- shapes ----


def test_shapes():
    for dtype in FLOATS + INTS + ["i1"]:
        a = values(dtype, 2, 3, 4)
        check("reshape %a", [(dtype, a)], dtype, a.reshape(4, 6))
        check("transpose %a", [(dtype, a)], dtype, a.swapaxes(1, 2))
        for perm in permutations(range(3)):
            check(f"transpose %a {{perm = {list(perm)}}}", [(dtype, a)], dtype, a.transpose(perm))
        b = values(dtype, 3, 1)
        check("broadcast %a", [(dtype, b)], dtype, np.broadcast_to(b, (2, 3, 4)))
        c = values(dtype)
        check("broadcast %a", [(dtype, c)], dtype, np.broadcast_to(c, (2, 2)))
    check("const [[1.0, -2.5], [inf, 0.0]]", [], "f16", objects((2, 2), [1.0, -2.5, math.inf, 0.0]))
    check("const 7", [], "i8", objects((3, 2), [7] * 6))
    np.save(os.path.join(FOLDER, "w.npy"), np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3)))
    check(f"const @{os.path.join(FOLDER, 'w.npy')}", [], "f32", objects((2, 3), [float(x) for x in range(6)]))


# ---- products ----


def default_acc(dtype):
    return "f64" if dtype in BITS else "i32" if dtype == "i8" else "i64"


def product(a, b, acc):
    """The sums, in the accumulator type."""
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    m, k, n = a.shape[-2], a.shape[-1], b.shape[-1]
    a, b = np.broadcast_to(a, batch + (m, k)), np.broadcast_to(b, batch + (k, n))
    out = np.empty(batch + (m, n), object)
    for index in np.ndindex(*out.shape):
        *outer, i, j = index
        s = to(acc, 0)
        for l in range(k):
            s = fma(acc, a[tuple(outer) + (i, l)], b[tuple(outer) + (l, j)], s)
        out[index] = s
    return out


def test_matmul():
    shapes = [((2, 3), (3, 4)), ((1, 5), (5, 1)), ((5, 13), (13, 9)), ((2, 3, 4), (4, 2)), ((2, 1, 3, 2), (3, 2, 2))]
    for dtype in FLOATS + INTS:
        accs = {"f64": [], "f32": ["f32"], "f16": ["f16", "f32"], "bf16": ["bf16", "f32"], "i64": [], "i32": ["i32"], "i8": ["i8", "i64"]}
        result = "i32" if dtype == "i8" else dtype
        for acc in [None] + accs[dtype]:
            attr = f" {{acc = {acc}}}" if acc else ""
            for sa, sb in shapes:
                a, b = values(dtype, *sa), values(dtype, *sb)
                want = elementwise(lambda x: to(result, x), product(a, b, acc or default_acc(dtype)))
                check(f"matmul %a, %b{attr}", [(dtype, a), (dtype, b)], result, want)
    # Past the blocks of the implementation, with exact small integers.
    a, b = rng.integers(-4, 5, (261, 530)), rng.integers(-4, 5, (530, 131))
    for dtype in ["f32", "f64", "i32"]:
        check("matmul %a, %b", [(dtype, a.astype(object)), (dtype, b.astype(object))], dtype, (a @ b).astype(object))
    check("matmul %a, %b {acc = f32}", [("f32", a.astype(object)), ("f32", b.astype(object))], "f32", (a @ b).astype(object))


def test_fused_mlp():
    acts = {"none": lambda x: x, "relu": lambda x: max(x, 0), **{k: v for k, v in UNARY.items() if " " not in k}}
    for dtype, acc in [("f32", "f64"), ("f32", "f32"), ("f64", "f64"), ("f16", "f32"), ("bf16", "f64")]:
        a, b, c = values(dtype, 3, 5), values(dtype, 5, 4), values(dtype, 4)
        sums = elementwise(lambda s, x: add(acc, s, x), product(a, b, acc), c)
        for act, f in acts.items():
            want = elementwise(lambda s: to(dtype, to(acc, f(s))), sums)
            check(f"fused_mlp %a, %b, %c {{act = {act}, acc = {acc}}}", [(dtype, a), (dtype, b), (dtype, c)], dtype, want,
                  8 if dtype == "f64" else 0)
    a, b, c = values("i8", 3, 5), values("i8", 5, 4), values("i32", 1, 4)
    sums = product(a, b, "i32") + c
    check("fused_mlp %a, %b, %c {act = relu}", [("i8", a), ("i8", b), ("i32", c)], "i32", elementwise(lambda s: max(s, 0), sums))


def test_fused():
    for dtype in FLOATS:
        a, b, c = values(dtype, 3, 5), values(dtype, 5, 4), values(dtype, 4)
        p = elementwise(lambda x: to(dtype, x), product(a, b, "f64"))
        want = elementwise(lambda s, x: max(add(dtype, mul(dtype, s, s), x), 0.5), p, c)
        region = f"(%p: {dtype}, %q: {dtype}) {{ %0 = mulf %p, %p : {dtype} %1 = addf %0, %q : {dtype} %2 = maxf %1, 0.5 : {dtype} yield %2 }}"
        check(f"fused %a, %b, %c {{root = matmul}} REGION {region}", [(dtype, a), (dtype, b), (dtype, c)], dtype, want)
        i = values("i8", 3, 1)
        a = values(dtype, 3, 300)
        want = elementwise(lambda x, y: fma(dtype, x, x, float(y)) if x < 0 else -x, a, i)
        region = f"""(%p: {dtype}, %q: i8) {{ %0 = sitofp %q : {dtype} %1 = fma %p, %p, %0 : {dtype} %2 = negf %p : {dtype}
            %3 = cmpf lt, %p, 0.0 : i1 %4 = select %3, %1, %2 : {dtype} yield %4 }}"""
        check(f"fused %a, %b REGION {region}", [(dtype, a), ("i8", i)], dtype, want)


# ---- reductions ----


def test_reduce():
    for dtype in FLOATS + INTS:
        a = values(dtype, 3, 4, 5)
        acc = default_acc(dtype)
        for axes in [(0,), (1,), (2,), (0, 2), (1, 2), (0, 1, 2)]:
            rest = tuple(i for i in range(3) if i not in axes)
            rows = a.transpose(rest + axes).reshape([a.shape[i] for i in rest] + [-1])

            def total(index):
                s = to(acc, 0)
                for x in rows[index]:
                    s = add(acc, s, x)
                return s

            sums = objects(rows.shape[:-1], [total(i) for i in np.ndindex(*rows.shape[:-1])])
            most = objects(rows.shape[:-1], [max(rows[i]) for i in np.ndindex(*rows.shape[:-1])])
            attr = f"axis = {list(axes)}"
            check(f"reduce_sum %a {{{attr}}}", [(dtype, a)], dtype, elementwise(lambda s: to(dtype, s), sums))
            check(f"reduce_max %a {{{attr}}}", [(dtype, a)], dtype, most)
            least = objects(rows.shape[:-1], [min(rows[i]) for i in np.ndindex(*rows.shape[:-1])])
            check(f"reduce_min %a {{{attr}}}", [(dtype, a)], dtype, least)
            if dtype in BITS:
                want = elementwise(lambda s: to(dtype, div(acc, s, rows.shape[-1])), sums)
                check(f"reduce_mean %a {{{attr}}}", [(dtype, a)], dtype, want)
        check("reduce_max %a {axis = 1, keepdims}", [(dtype, a)], dtype, a.max(axis=1, keepdims=True))
    a = values("f16", 4, 40)
    want = objects((4,), [0.0] * 4)
    for i, j in np.ndindex(4, 40):
        want[i] = add("f16", want[i], a[i, j])
    check("reduce_sum %a {axis = -1, acc = f16}", [("f16", a)], "f16", want)


def softmax(x, acc):
    e = [to(acc, math.exp(add(acc, v, -max(x)))) for v in x]
    s = 0.0
    for v in e:
        s = add(acc, s, v)
    return [div(acc, v, s) for v in e]


def mean(x, acc):
    s = 0.0
    for v in x:
        s = add(acc, s, v)
    return div(acc, s, to(acc, len(x)))


def layernorm(x, acc, eps, scale, shift):
    m = mean(x, acc)
    d = [add(acc, v, -m) for v in x]
    spread = to(acc, math.sqrt(add(acc, mean([mul(acc, v, v) for v in d], acc), to(acc, eps))))
    y = [div(acc, v, spread) for v in d]
    if scale is not None:
        y = [mul(acc, v, s) for v, s in zip(y, scale)]
    if shift is not None:
        y = [add(acc, v, s) for v, s in zip(y, shift)]
    return y


def along(axis, f, a):
    out = np.empty(a.shape, object)
    moved, result = np.moveaxis(a, axis, -1), np.moveaxis(out, axis, -1)
    for index in np.ndindex(*moved.shape[:-1]):
        row = f(list(moved[index]))
        for i, v in enumerate(row):
            result[index + (i,)] = v
    return out


def test_normalise():
    for dtype, acc in [("f64", "f64"), ("f32", "f64"), ("f32", "f32"), ("f16", "f32"), ("bf16", "f64")]:
        a = values(dtype, 2, 3, 4)
        for axis in [-1, 0, 1]:
            attr = f"axis = {axis}, acc = {acc}"
            want = elementwise(lambda x: to(dtype, x), along(axis, lambda x: softmax(x, acc), a))
            check(f"softmax %a {{{attr}}}", [(dtype, a)], dtype, want, 4 if dtype == "f64" else 0)
            scale, shift = values(dtype, a.shape[axis]), values(dtype, a.shape[axis])
            for operands in [(), (scale,), (scale, shift)]:
                s, t = (operands + (None, None))[:2]
                want = elementwise(lambda x: to(dtype, x), along(axis, lambda x: layernorm(x, acc, 0.01, s, t), a))
                names = "".join(f", %{n}" for n in "bc"[: len(operands)])
                check(f"layernorm %a{names} {{{attr.replace(', acc', ', eps = 0.01, acc')}}}",
                      [(dtype, a)] + [(dtype, x) for x in operands], dtype, want)


for name, test in list(globals().items()):
    if name.startswith("test_"):
        test()
print(f"{count} cases, {failures} failures")
sys.exit(1 if failures else 0)
