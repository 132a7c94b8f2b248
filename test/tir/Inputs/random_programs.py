"""Random tensor programs through random orders of the tensor passes: no order may change an answer.

usage: random_programs.py DIRECTORY [--count=N] [--seed=S] [--smooth] [--passes=A,B,...]

Each program is one function: a graph of 4 to 25 ops over f64 f32 f16 bf16 i32 i8 tensors with literals,
splats, dense constants, broadcasting, batches, regions, values used once, twice and not at all, and
matmul-bias-activation in all the forms that fuse knows and near misses of them. ts-opt's
-verify-semantics-each interprets after every pass and holds exact passes to the last bit. With --smooth
the ops are such that a difference in the last place stays one (nothing is cancelled, divided by or cut
off), and the passes that round join in.
"""
import argparse
import os
import random
import subprocess
import sys

EXACT = ["canonicalize", "cse", "dce", "fold"]
ROUNDING = ["fuse", "decompose"]
FLOATS = ["f32", "f32", "f32", "f64", "f16", "bf16"]
rnd = random.Random()


def tensor(shape, dtype):
    return "tensor<%s>" % "x".join([str(d) for d in shape] + [dtype])


def broadcast(a, b):
    out = []
    for i in range(max(len(a), len(b))):
        x = a[len(a) - 1 - i] if i < len(a) else 1
        y = b[len(b) - 1 - i] if i < len(b) else 1
        if x != y and 1 not in (x, y):
            return None
        out.insert(0, y if x == 1 else x)
    return tuple(out)


class Program:
    def __init__(self, smooth):
        self.smooth, self.lines, self.params, self.pool, self.used = smooth, [], [], [], {}
        for i in range(rnd.randint(2, 4)):
            self.param(tuple(rnd.choice([1, 2, 3, 4]) for _ in range(rnd.randint(1, 3))), self.dtype())

    def dtype(self):
        if self.smooth:
            return rnd.choice(["f32", "f32", "f64"])
        return rnd.choice(FLOATS + ["i32", "i8"])

    # ---- values: (name, shape, dtype) ----

    def param(self, shape, dtype):
        value = ("%%a%d" % len(self.params), shape, dtype)
        self.params.append(value)
        self.pool.append(value)
        return value

    def emit(self, text, shape, dtype, region=""):
        name = "%%v%d" % len(self.lines)
        self.lines.append("  %s = %s : %s%s" % (name, text, tensor(shape, dtype), region))
        value = (name, shape, dtype)
        self.pool.append(value)
        return value

    def use(self, value):
        self.used[value[0]] = True
        return value[0]

    def pick(self, test=lambda v: True):
        """A value, the late ones more often; None when there is none."""
        fits = [v for v in self.pool if test(v)]
        return fits[int(len(fits) * rnd.random() ** 0.5)] if fits else None

    def float_value(self):
        return self.pick(lambda v: v[2][0] in "fb") or self.param((2, 3), "f32")

    def number(self, dtype):
        if dtype[0] == "i":
            return str(rnd.choice([0, 1, -1, 2, 3, 7, -5, 127, -128]))
        if self.smooth:
            return rnd.choice(["0.5", "1.0", "-1.0", "0.25", "0.125"])
        return rnd.choice(["0.0", "-0.0", "1.0", "-1.0", "2.0", "0.5", "8.0", "3.0", "inf", "-inf", "0.1"])

    # ---- ops ----

    def unary(self):
        x = self.float_value() if rnd.random() < 0.8 else self.pick()
        ops = ["neg", "abs", "relu"]
        if self.smooth:
            ops = ["neg", "tanh", "sigmoid", "silu", "gelu", "erf"]
        elif x[2][0] != "i":
            ops += ["exp", "log", "sqrt", "rsqrt", "tanh", "erf", "sigmoid", "silu", "gelu"]
        op = rnd.choice(ops)
        form = " {approx = tanh}" if op == "gelu" and rnd.random() < 0.4 else ""
        return self.emit("%s %s%s" % (op, self.use(x), form), x[1], x[2])

    def binary(self):
        x = self.pick()
        if self.smooth:
            ops = ["mul", "max", "min"] if rnd.random() < 0.7 else ["add"]
        else:
            ops = ["add", "sub", "mul", "max", "min"] + ([] if x[2][0] == "i" else ["div"])
        y = self.pick(lambda v: v[2] == x[2] and broadcast(v[1], x[1]) is not None)
        if rnd.random() < 0.3 or y is None:
            y = (self.number(x[2]), (), x[2])
        pair = [x, y]
        rnd.shuffle(pair)
        shape = broadcast(x[1], y[1])
        names = [self.use(v) for v in pair]
        return self.emit("%s %s, %s" % (rnd.choice(ops), names[0], names[1]), shape, x[2])

    def cast(self):
        x = self.pick()
        to = self.dtype()
        return self.emit("cast %s" % self.use(x), x[1], to)

    def const(self):
        dtype, shape = self.dtype(), tuple(rnd.choice([1, 2, 3]) for _ in range(rnd.randint(0, 2)))

        def dense(dims):
            if not dims:
                return self.number(dtype)
            return "[%s]" % ", ".join(dense(dims[1:]) for _ in range(dims[0]))

        text = dense(shape) if rnd.random() < 0.5 else self.number(dtype)
        return self.emit("const %s" % text, shape, dtype)

    def shape_op(self):
        x = self.pick()
        kind = rnd.choice(["reshape", "transpose", "broadcast"])
        if kind == "reshape":
            dims = list(x[1])
            rnd.shuffle(dims)
            if rnd.random() < 0.4:
                dims.insert(rnd.randint(0, len(dims)), 1)
            if len(dims) > 1 and rnd.random() < 0.4:
                dims = [dims[0] * dims[1]] + dims[2:]
            return self.emit("reshape %s" % self.use(x), tuple(dims), x[2])
        if kind == "transpose" and x[1]:
            perm = list(range(len(x[1])))
            rnd.shuffle(perm)
            shape = tuple(x[1][p] for p in perm)
            text = "transpose %s {perm = [%s]}" % (self.use(x), ", ".join(map(str, perm)))
            return self.emit(text, shape, x[2])
        shape = tuple(d if d > 1 else rnd.choice([1, 2, 3]) for d in x[1])
        if len(shape) < 3 and rnd.random() < 0.6:
            shape = (rnd.choice([1, 2]),) + shape
        return self.emit("broadcast %s" % self.use(x), shape, x[2])

    def reduce(self):
        x = self.float_value()
        if not x[1]:
            return None
        op = rnd.choice(["reduce_sum", "reduce_max", "reduce_mean", "softmax", "layernorm"])
        if self.smooth and op in ("reduce_sum", "layernorm"):
            op = "softmax"
        attrs, axis, keep = [], rnd.randrange(len(x[1])), rnd.random() < 0.4
        attrs.append("axis = %d" % axis)
        shape = x[1]
        if op.startswith("reduce"):
            shape = tuple(1 if i == axis else d for i, d in enumerate(shape) if keep or i != axis)
            attrs += ["keepdims"] if keep else []
        if op != "reduce_max" and rnd.random() < 0.3 and x[2] in ("f32", "f64"):
            attrs.append("acc = %s" % x[2])
        text = self.use(x)
        if op == "layernorm" and rnd.random() < 0.5:
            text += ", " + self.use(self.param((x[1][axis],), x[2]))
        return self.emit("%s %s {%s}" % (op, text, ", ".join(attrs)), shape, x[2])

    def quantize(self):
        x = self.pick(lambda v: v[2] == "i8")
        if x is None or rnd.random() < 0.5:
            x = self.float_value()
            return self.emit("quantize %s {scale = 0.05, zero_point = %d}" % (self.use(x), rnd.randint(-9, 9)),
                             x[1], "i8")
        return self.emit("dequantize %s {scale = 0.05, zero_point = 3}" % self.use(x), x[1], "f32")

    def matmul(self):
        """A product, and mostly a bias and an activation with it, in any of their forms."""
        x = self.pick(lambda v: len(v[1]) >= 2) or self.param((3, 4), "f32")
        k, n = x[1][-1], rnd.choice([1, 2, 3])
        w = self.pick(lambda v: len(v[1]) >= 2 and v[1][-2] == k and v[2] == x[2] and
                      broadcast(v[1][:-2], x[1][:-2]) is not None)
        if w is None or rnd.random() < 0.5:
            w = self.param((k, n), x[2])
        shape = broadcast(x[1][:-2], w[1][:-2]) + (x[1][-2], w[1][-1])
        dtype = "i32" if x[2] == "i8" else x[2]
        acc = " {acc = f32}" if x[2] in ("f32", "f16", "bf16") and rnd.random() < 0.3 else ""
        p = self.emit("matmul %s, %s%s" % (self.use(x), self.use(w), acc), shape, dtype)
        if rnd.random() < 0.2:
            return p
        bias = rnd.choice([shape[-1:], shape[-1:], (1,) + shape[-1:], shape[-2:], shape, (1,)])
        b = self.param(bias, dtype)
        if rnd.random() < 0.2:
            b = self.emit("broadcast %s" % self.use(b), shape, dtype)
        if rnd.random() < 0.3:
            self.unary()
        pair = [self.use(p), self.use(b)]
        rnd.shuffle(pair)
        s = self.emit("add %s, %s" % tuple(pair), shape, dtype)
        if rnd.random() < 0.2:
            return s
        acts = ["relu"] if dtype[0] == "i" else ["relu", "gelu", "sigmoid", "silu", "tanh"]
        if self.smooth:
            acts = acts[1:]
        y = self.emit("%s %s" % (rnd.choice(acts or ["relu"]), self.use(s)), shape, dtype)
        for v in (p, s):
            if rnd.random() < 0.85:
                self.pool.remove(v)
        return y

    def fused(self):
        x = self.float_value()
        y = self.pick(lambda v: v[2] == x[2] and broadcast(v[1], x[1]) is not None)
        body = ["addf %p, %q", "mulf %p, %p", "maxf %q, 0.5", "tanh %p", "negf %q", "mulf %q, 1.0"]
        lines = [" (%%p: %s, %%q: %s) {" % (x[2], x[2])]
        last = "%p"
        for i in range(rnd.randint(1, 4)):
            text = rnd.choice(body if not self.smooth else body[3:])
            lines.append("    %%f%d = %s : %s" % (i, text.replace("%q", last), x[2]))
            last = "%%f%d" % i
        lines += ["    yield %s" % last, "  }"]
        return self.emit("fused %s, %s" % (self.use(x), self.use(y)), broadcast(x[1], y[1]), x[2],
                         "\n".join(lines))

    def text(self):
        makers = [self.unary, self.unary, self.binary, self.binary, self.binary, self.shape_op, self.reduce,
                  self.matmul, self.matmul, self.const, self.fused]
        if not self.smooth:
            makers += [self.cast, self.cast, self.quantize]
        for _ in range(rnd.randint(4, 18)):
            if rnd.random() < 0.15 and self.lines and not self.lines[-1].endswith("}"):
                head, tail = self.lines[-1].split(" = ", 1)
                self.lines.append("  %%v%d = %s" % (len(self.lines), tail))
                self.pool.append(("%%v%d" % (len(self.lines) - 1),) + self.pool[-1][1:])
                continue
            rnd.choice(makers)()
        results = [v for v in self.pool if v[0] not in self.used and v[0][1] == "v"]
        results = [v for v in results if rnd.random() < 0.8] or [self.pool[-1]]
        if rnd.random() < 0.3:
            results.append(self.pick())
        params = ", ".join("%s: %s" % (v[0], tensor(v[1], v[2])) for v in self.params)
        types = ", ".join(tensor(v[1], v[2]) for v in results)
        names = ", ".join(v[0] for v in results)
        return "func @f(%s) -> (%s) {\n%s\n  return %s\n}\n" % (params, types, "\n".join(self.lines), names)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("directory")
    args.add_argument("--count", type=int, default=20)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--smooth", action="store_true")
    args.add_argument("--passes")
    o = args.parse_args()
    os.makedirs(o.directory, exist_ok=True)
    names = o.passes.split(",") if o.passes else EXACT + (ROUNDING if o.smooth else [])
    failures = 0
    for i in range(o.count):
        rnd.seed(o.seed * 1000003 + i)
        path = os.path.join(o.directory, "p%d.tir" % i)
        with open(path, "w") as f:
            f.write(Program(o.smooth).text())
        order = [rnd.choice(names) for _ in range(rnd.randint(1, 6))]
        command = ["ts-opt", "-verify-semantics-each", "-verify-roundtrip"] + ["-" + n for n in order] + [path]
        run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if run.returncode != 0:
            failures += 1
            print("%s\nexit %d\n%s" % (" ".join(command), run.returncode,
                                      run.stderr.decode(errors="replace")[:2000]))
    print("%d programs, %d failures" % (o.count, failures))
    sys.exit(failures != 0)


if __name__ == "__main__":
    main()
