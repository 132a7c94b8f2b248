"""Random tensor programs: a writer of functions in tensor IR that run to an end whatever is drawn.

program(rnd) gives a module's text whose last function is the program. It is a graph of ops of every kind over
tensors of rank 0 to 4: reductions over any axes, products of matrices and batches with operands that have other uses,
softmax and layernorm along any axis, regions, calls, casts among all types, constants, values used once, twice and not
at all, several results, operands that are results. Extents are numbers, 1 among them, or the symbols M, N and K.
With `smooth` the ops are such that a difference in the last place stays one: nothing is cancelled, divided by or cut off.

What a parameter may hold is told by its name: %d… is not zero. All others take any value.
"""
FLOATS = ["f32", "f32", "f32", "f64", "f16", "bf16"]
INTS = ["i32", "i32", "i8", "i8", "i64", "index"]
BITS = {"f64": 64, "f32": 32, "f16": 16, "bf16": 16, "i64": 64, "index": 64, "i32": 32, "i8": 8, "i1": 1}
MATH = ["exp", "log", "sqrt", "rsqrt", "tanh", "erf", "sigmoid", "silu", "gelu"]
EXTENTS = [1, 1, 2, 3, 4, 5, 7, 8]
LARGE = [1, 6, 13, 16, 17, 25, 32, 33, 64, 70]
ROOM = 40000


def tensor(shape, dtype):
    return "tensor<%s>" % "x".join([str(d) for d in shape] + [dtype])


def broadcast(a, b):
    """The shape of an elementwise op on both, None where there is none."""
    out = []
    for i in range(max(len(a), len(b))):
        x = a[len(a) - 1 - i] if i < len(a) else 1
        y = b[len(b) - 1 - i] if i < len(b) else 1
        if x != y and 1 not in (x, y):
            return None
        out.insert(0, y if x == 1 else x)
    return tuple(out)


def volume(shape):
    """Elements; a symbol counts for what it is bound to at most in small programs."""
    n = 1
    for d in shape:
        n *= d if isinstance(d, int) else 17
    return n


def attributes(attrs):
    return " {%s}" % ", ".join(attrs) if attrs else ""


class Function:
    """A function under construction. A value is (name, shape, type)."""

    def __init__(self, rnd, name="f", smooth=False, narrow=False, symbols=(), large=False):
        self.rnd, self.name, self.smooth, self.symbols, self.large = rnd, name, smooth, list(symbols), large
        self.narrow, self.floats = narrow, [t for t in FLOATS if not (narrow and t == "f64")]
        self.lines, self.params, self.pool, self.used, self.helpers = [], [], [], set(), []

    # ---- choices ----

    def chance(self, p):
        return self.rnd.random() < p

    def dtype(self):
        if self.smooth:
            return self.rnd.choice(["f32", "f32", "f64"])
        return self.rnd.choice(self.floats * 2 + INTS) if self.chance(0.97) else "i1"

    def extent(self):
        if self.symbols and self.chance(0.5):
            return self.rnd.choice(self.symbols)
        return self.rnd.choice(LARGE if self.large and self.chance(0.7) else EXTENTS)

    def shape(self, least=0, most=4):
        while True:
            rank = max(least, min(most, self.rnd.choice([0, 1, 1, 2, 2, 2, 2, 3, 3, 4])))
            shape = tuple(self.extent() for _ in range(rank))
            if volume(shape) <= ROOM // 10:
                return shape

    def number(self, dtype):
        if dtype == "i1":
            return self.rnd.choice(["0", "1"])
        if dtype[0] == "i":
            return str(self.rnd.choice([0, 1, -1, 2, 3, 7, -5, 127, -128]))
        if self.smooth:
            return self.rnd.choice(["0.5", "1.0", "-1.0", "0.25", "0.125"])
        return self.rnd.choice(["0.0", "-0.0", "1.0", "-1.0", "2.0", "0.5", "8.0", "3.0", "0.1"] * 4 + ["inf", "-inf"])

    def acc(self, dtype):
        """An accumulator type that holds the values, or none."""
        if self.chance(0.6) or self.smooth and dtype not in ("f32", "f64"):
            return []
        same = [t for t in BITS if t not in ("i1", "index") and (t[0] == "i") == (dtype[0] == "i")]
        return ["acc = " + self.rnd.choice([t for t in same if t == dtype or BITS[t] > BITS[dtype]] or ["i64"])]

    # ---- values ----

    def param(self, shape, dtype, stem="a"):
        value = ("%%%s%d" % (stem, len(self.params)), tuple(shape), dtype)
        self.params.append(value)
        self.pool.append(value)
        return value

    def emit(self, text, shape, dtype, region=""):
        name = "%%v%d" % len(self.lines)
        self.lines.append("  %s = %s : %s%s" % (name, text, tensor(shape, dtype), region))
        value = (name, tuple(shape), dtype)
        self.pool.append(value)
        return value

    def use(self, value):
        self.used.add(value[0])
        return value[0]

    def pick(self, test=lambda v: True):
        """A value, the late ones more often; None when there is none."""
        fits = [v for v in self.pool if test(v)]
        return fits[int(len(fits) * self.rnd.random() ** 0.5)] if fits else None

    def number_value(self):
        return self.pick(lambda v: v[2] != "i1") or self.param(self.shape(), "f32")

    def float_value(self, least=0):
        found = self.pick(lambda v: v[2][0] in "fb" and len(v[1]) >= least)
        return found or self.param(self.shape(least), self.rnd.choice(self.floats))

    def partner(self, x):
        """Something that broadcasts with x."""
        y = self.pick(lambda v: v[2] == x[2] and broadcast(v[1], x[1]) is not None and
                      volume(broadcast(v[1], x[1])) <= ROOM)
        if y is None or self.chance(0.2):
            shape = [1 if self.chance(0.25) else d for d in x[1][self.rnd.randint(0, len(x[1])):]]
            y = self.param(shape, x[2])
        return y

    # ---- elementwise ----

    def unary(self):
        x = self.float_value() if self.chance(0.8) else self.number_value()
        ops = ["neg", "abs", "relu", "sign"]
        if self.smooth:
            ops = ["neg", "tanh", "sigmoid", "silu", "gelu", "erf"]
        elif x[2][0] != "i":
            ops += MATH
        op = self.rnd.choice(ops)
        form = " {approx = tanh}" if op == "gelu" and self.chance(0.4) else ""
        return self.emit("%s %s%s" % (op, self.use(x), form), x[1], x[2])

    def binary(self):
        x = self.number_value()
        ops = ["add", "sub", "mul", "max", "min"] + ([] if x[2][0] == "i" else ["div"])
        if self.smooth:
            ops = ["mul", "max", "min"] if self.chance(0.7) else ["add"]
        y = (self.number(x[2]), (), x[2]) if self.chance(0.2) else self.partner(x)
        pair = [x, y]
        self.rnd.shuffle(pair)
        return self.emit("%s %s, %s" % (self.rnd.choice(ops), self.use(pair[0]), self.use(pair[1])),
                         broadcast(x[1], y[1]), x[2])

    def divide(self):
        """Integers are divided by what is not zero."""
        x = self.pick(lambda v: v[2] in INTS)
        if x is None:
            return self.binary()
        by = str(self.rnd.choice([1, 2, -3, 7])) if self.chance(0.5) else self.use(self.param(x[1], x[2], "d"))
        return self.emit("div %s, %s" % (self.use(x), by), x[1], x[2])

    def cast(self):
        x = self.pick() or self.param(self.shape(), self.dtype())
        return self.emit("cast %s" % self.use(x), x[1], self.rnd.choice([self.dtype(), "i1"]))

    def region(self, args, dtype):
        """Scalar ops over the arguments, compares and selects among them, ending in a yield."""
        lines, values, flags = [], list(args), []
        kind = "i" if dtype[0] == "i" else "f"
        ops = ["add%s {0}, {1}", "mul%s {0}, {1}", "max%s {0}, {1}", "min%s {0}, {1}", "sub%s {0}, {1}"]
        ops = [o % kind for o in ops] + ["relu {0}", "abs {0}"]
        if kind == "f":
            ops += ["tanh {0}", "negf {0}", "fma {0}, {1}, {0}", "gelu {0}", "sigmoid {0}", "addf {0}, 0.5", "mulf {0}, 0.5"]
        if self.smooth:
            ops = ["tanh {0}", "negf {0}", "mulf {0}, 0.5", "sigmoid {0}", "maxf {0}, {1}"]
        for i in range(self.rnd.randint(1, 5)):
            a, b = self.rnd.choice(values), self.rnd.choice(values)
            if not self.smooth and self.chance(0.25):
                relation = self.rnd.choice(["lt", "le", "gt", "ge", "eq", "ne"])
                lines.append("    %%c%d = cmp%s %s, %s, %s : i1" % (i, kind, relation, a, b))
                flags.append("%%c%d" % i)
                continue
            if flags and self.chance(0.4):
                text = "select %s, %s, %s" % (self.rnd.choice(flags), a, b)
            else:
                text = self.rnd.choice(ops).format(a, b)
            lines.append("    %%f%d = %s : %s" % (i, text, dtype))
            values.append("%%f%d" % i)
        head = ", ".join("%s: %s" % (a, dtype) for a in args)
        return "(%s) {\n%s\n    yield %s\n  }" % (head, "\n".join(lines), values[-1])

    def fused(self):
        x = self.number_value()
        operands = [x] + [self.partner(x) for _ in range(self.rnd.randint(0, 2))]
        shape = x[1]
        for v in list(operands[1:]):
            if broadcast(shape, v[1]) is None or volume(broadcast(shape, v[1])) > ROOM:
                operands.remove(v)
            else:
                shape = broadcast(shape, v[1])
        text = "fused " + ", ".join(self.use(v) for v in operands)
        args = ["%%p%d" % i for i in range(len(operands))]
        return self.emit(text, shape, x[2], " " + self.region(args, x[2]))

    def const(self):
        dtype = self.dtype()
        shape = tuple(self.rnd.choice([1, 2, 3]) for _ in range(self.rnd.randint(0, 3)))

        def dense(dims):
            if not dims:
                return self.number(dtype)
            return "[%s]" % ", ".join(dense(dims[1:]) for _ in range(dims[0]))

        return self.emit("const %s" % (dense(shape) if self.chance(0.5) else self.number(dtype)), shape, dtype)

    # ---- shapes ----

    def reshape(self):
        x = self.pick() or self.param(self.shape(), self.dtype())
        dims = list(x[1])
        self.rnd.shuffle(dims)
        if 1 in dims and self.chance(0.4):
            dims.remove(1)
        elif len(dims) < 4 and self.chance(0.4):
            dims.insert(self.rnd.randint(0, len(dims)), 1)
        whole = [i for i, d in enumerate(dims) if isinstance(d, int)]
        if len(whole) > 1 and self.chance(0.5):
            a, b = whole[0], whole[-1]
            dims[a] *= dims[b]
            del dims[b]
        elif whole and len(dims) < 4 and self.chance(0.5):
            i = self.rnd.choice(whole)
            f = self.rnd.choice([f for f in range(1, dims[i] + 1) if dims[i] % f == 0])
            dims[i:i + 1] = [f, dims[i] // f]
        return self.emit("reshape %s" % self.use(x), dims, x[2])

    def transpose(self):
        x = self.pick(lambda v: len(v[1]) > 1) or self.param(self.shape(2), self.dtype())
        perm = list(range(len(x[1])))
        if self.chance(0.3):
            perm[-1], perm[-2] = perm[-2], perm[-1]
            return self.emit("transpose %s" % self.use(x), [x[1][p] for p in perm], x[2])
        self.rnd.shuffle(perm)
        text = "transpose %s {perm = [%s]}" % (self.use(x), ", ".join(map(str, perm)))
        return self.emit(text, [x[1][p] for p in perm], x[2])

    def broadcast_op(self):
        x = self.pick() or self.param(self.shape(), self.dtype())
        named = [s for s in self.symbols if any(s in p[1] for p in self.params)]
        shape = [d if d != 1 else self.rnd.choice([1, 2, 3] + named) for d in x[1]]
        if len(shape) < 4 and self.chance(0.6):
            shape.insert(0, self.rnd.choice([1, 2] + named))
        if volume(shape) > ROOM // 4:
            return None
        return self.emit("broadcast %s" % self.use(x), shape, x[2])

    # ---- along axes ----

    def reduce(self):
        ops = ["reduce_mean", "reduce_max", "reduce_min"] + ([] if self.smooth else ["reduce_sum"])
        op = self.rnd.choice(ops)
        x = self.number_value() if op != "reduce_mean" and self.chance(0.4) else self.float_value()
        rank, attrs = len(x[1]), []
        axes = list(range(rank))
        if axes and self.chance(0.75):
            axes = sorted(self.rnd.sample(axes, self.rnd.randint(1, rank)))
            written = [a - rank if self.chance(0.3) else a for a in axes]
            attrs.append("axis = %s" % (written[0] if len(written) == 1 and self.chance(0.5) else written))
        keep = self.chance(0.4)
        shape = [1 if i in axes else d for i, d in enumerate(x[1]) if keep or i not in axes]
        attrs += ["keepdims"] if keep else []
        attrs += [] if op in ("reduce_max", "reduce_min") else self.acc(x[2])
        return self.emit("%s %s%s" % (op, self.use(x), attributes(attrs)), shape, x[2])

    def normalize(self):
        """softmax or layernorm along any axis."""
        x = self.float_value(1)
        rank, attrs = len(x[1]), []
        axis = self.rnd.randrange(rank)
        if axis != rank - 1 or self.chance(0.3):
            attrs.append("axis = %d" % (axis - rank if self.chance(0.3) else axis))
        text = self.use(x)
        op = "softmax" if self.smooth else self.rnd.choice(["softmax", "layernorm"])
        if op == "layernorm":
            for _ in range(self.rnd.randint(0, 2)):
                text += ", " + self.use(self.param((x[1][axis],), x[2]))
            if self.chance(0.3):
                attrs.append("eps = %s" % self.rnd.choice(["1e-3", "0.1", "1.0"]))
        return self.emit("%s %s%s" % (op, text, attributes(attrs + self.acc(x[2]))), x[1], x[2])

    def quantize(self):
        x = self.pick(lambda v: v[2] == "i8")
        forth = x is None or self.chance(0.5)
        if forth:
            x = self.float_value()
        attrs, n = [], 1
        whole = [i for i, d in enumerate(x[1]) if isinstance(d, int) and d < 9]
        if whole and self.chance(0.4):
            axis = self.rnd.choice(whole)
            n = x[1][axis]
            attrs.append("axis = %d" % axis)

        def some(values):
            values = [str(self.rnd.choice(values)) for _ in range(n if self.chance(0.7) else 1)]
            return values[0] if len(values) == 1 else "[%s]" % ", ".join(values)

        attrs.append("scale = " + some([0.5, 0.1, 0.003, 2.0]))
        if self.chance(0.6):
            attrs.append("zero_point = " + some([0, 3, -128, 127, -7]))
        op, to = ("quantize", "i8") if forth else ("dequantize", self.rnd.choice(self.floats))
        return self.emit("%s %s%s" % (op, self.use(x), attributes(attrs)), x[1], to)

    # ---- products ----

    def factors(self):
        """Two operands of a product: of their own, shared with others, one twice, or one transposed."""
        x = self.pick(lambda v: len(v[1]) >= 2 and v[2] != "i1")
        if x is None or self.chance(0.3):
            if not self.smooth and self.chance(0.2):
                shape = (1, self.extent())
            else:
                shape = (self.extent(), self.extent())
            if self.chance(0.2):
                shape = (self.extent(),) + shape
            x = self.param(shape if volume(shape) < ROOM // 4 else shape[-2:], self.rnd.choice(self.floats + ["i8", "i8", "i32"]))
        if self.smooth and x[2] not in ("f32", "f64"):
            x = self.param((3, 4), "f32")
        k = x[1][-1]
        if self.chance(0.15):
            return x, x if x[1][-2] == k else self.emit("transpose %s" % self.use(x),
                                                        x[1][:-2] + (k, x[1][-2]), x[2])
        w = self.pick(lambda v: len(v[1]) >= 2 and v[1][-2] == k and v[2] == x[2] and
                      broadcast(v[1][:-2], x[1][:-2]) is not None)
        if w is None or self.chance(0.4):
            batch = x[1][:-2] if self.chance(0.2) else ()
            if self.chance(0.25):
                t = self.param(batch + (self.extent(), k), x[2])
                w = self.emit("transpose %s" % self.use(t), batch + (k, t[1][-2]), x[2])
            else:
                w = self.param(batch + (k, self.extent()), x[2])
        return x, w

    def matmul(self):
        """A product, and mostly a bias and an activation with it, in any of their forms."""
        x, w = self.factors()
        shape = broadcast(x[1][:-2], w[1][:-2]) + (x[1][-2], w[1][-1])
        if volume(shape) > ROOM or volume(shape) * volume(x[1][-1:]) > 8 * ROOM:
            return None
        dtype = "i32" if x[2] == "i8" else x[2]
        form = self.rnd.random()
        if form < 0.12:
            return self.fused_mlp(x, w, shape, dtype)
        if form < 0.24:
            return self.fused_matmul(x, w, shape, dtype)
        p = self.emit("matmul %s, %s%s" % (self.use(x), self.use(w), attributes(self.acc(x[2]))), shape, dtype)
        return p if self.chance(0.3) else self.bias_and_activation(p)

    def bias_and_activation(self, p):
        shape, dtype = p[1], p[2]
        bias = self.rnd.choice([shape[-1:], shape[-1:], (1,) + shape[-1:], shape[-2:], shape, (1,)])
        b = self.param(bias, dtype)
        if self.chance(0.2):
            b = self.emit("broadcast %s" % self.use(b), shape, dtype)
        if self.chance(0.2):
            self.unary()
        pair = [self.use(p), self.use(b)]
        self.rnd.shuffle(pair)
        s = self.emit("add %s, %s" % tuple(pair), shape, dtype)
        if self.chance(0.2):
            return s
        acts = ["relu"] if dtype[0] == "i" else ["relu", "gelu", "sigmoid", "silu", "tanh"]
        acts = acts[1:] if self.smooth else acts
        y = self.emit("%s %s" % (self.rnd.choice(acts or ["relu"]), self.use(s)), shape, dtype)
        for v in (p, s):
            if self.chance(0.8):
                self.pool.remove(v)
        return y

    def fused_mlp(self, x, w, shape, dtype):
        b = self.param(shape[-1:], dtype)
        acts = ["none", "relu"] + (MATH if dtype[0] != "i" else [])
        if self.smooth:
            acts = ["none", "gelu", "tanh", "sigmoid"]
        act = self.rnd.choice(acts)
        attrs = ["act = " + act] + (["approx = tanh"] if act == "gelu" and self.chance(0.5) else []) + self.acc(x[2])
        return self.emit("fused_mlp %s, %s, %s%s" % (self.use(x), self.use(w), self.use(b), attributes(attrs)), shape, dtype)

    def fused_matmul(self, x, w, shape, dtype):
        operands = [x, w]
        for _ in range(self.rnd.randint(0, 2)):
            operands.append(self.param([1 if self.chance(0.2) else d for d in shape[self.rnd.randint(0, len(shape)):]], dtype))
        args = ["%%p%d" % i for i in range(len(operands) - 1)]
        text = "fused %s%s" % (", ".join(self.use(v) for v in operands), attributes(["root = matmul"] + self.acc(x[2])))
        return self.emit(text, shape, dtype, " " + self.region(args, dtype))

    # ---- calls ----

    def call(self):
        """A call of a function written for it, whose extents have other names; now and then a second one, or one within."""
        if self.smooth or len(self.helpers) > 2 or len(self.name) > 2:
            return self.unary()
        picked = [self.pick() or self.param(self.shape(), self.dtype()) for _ in range(self.rnd.randint(1, 3))]
        names = {}
        for d in sorted({str(d) for v in picked for d in v[1]}):
            if d != "1" and (not d.isdigit() or self.chance(0.3)):
                names[d] = "PQRSTUVWXYZ"[len(names)]
        h = Function(self.rnd, ("g" if self.name == "f" else self.name) + str(len(self.helpers)), narrow=self.narrow, symbols=names.values())
        for v in picked:
            h.param([names.get(str(d), d) for d in v[1]], v[2])
        h.fill(self.rnd.randint(1, 4))
        back = {n: (int(d) if d.isdigit() else d) for d, n in names.items()}
        for p in h.params[len(picked):]:
            picked.append(self.param([back.get(d, d) for d in p[1]], p[2], p[0][1]))
        self.helpers.append(h)
        results = h.choose_results()
        for _ in range(self.rnd.choice([1, 1, 2])):
            shapes = [[back.get(d, d) for d in r[1]] for r in results]
            outs = ["%%v%d%s" % (len(self.lines), "abcdefgh"[i]) for i in range(len(results))]
            types = ", ".join(tensor(s, r[2]) for s, r in zip(shapes, results))
            self.lines.append("  %s = call @%s(%s) : %s" % (", ".join(outs), h.name, ", ".join(map(self.use, picked)), types))
            self.pool += [(o, tuple(s), r[2]) for o, s, r in zip(outs, shapes, results)]
        return self.pool[-1]

    # ---- the whole ----

    def again(self):
        """An op once more, for cse to find."""
        if not self.lines or self.lines[-1].endswith("}") or " = call " in self.lines[-1]:
            return None
        tail = self.lines[-1].split(" = ", 1)[1]
        value = next(v for v in reversed(self.pool) if v[0] == self.lines[-1].split()[0])
        self.lines.append("  %%v%d = %s" % (len(self.lines), tail))
        self.pool.append(("%%v%d" % (len(self.lines) - 1),) + value[1:])
        return self.pool[-1]

    def fill(self, count):
        makers = [self.unary, self.unary, self.binary, self.binary, self.binary, self.reshape, self.transpose,
                  self.broadcast_op, self.reduce, self.reduce, self.normalize, self.matmul, self.matmul, self.const,
                  self.fused, self.fused, self.again]
        if not self.smooth:
            makers += [self.cast, self.cast, self.quantize, self.divide, self.call]
        for _ in range(count):
            self.rnd.choice(makers)()

    def choose_results(self):
        """Mostly what nothing uses, at times what has other uses or is a parameter."""
        results = [v for v in self.pool if v[0] not in self.used and v[0][1] == "v" and self.chance(0.8)]
        results = results or [self.pool[-1]]
        if self.chance(0.3):
            results.append(self.pick())
        self.results = results[-6:]
        return self.results

    def text(self):
        params = ", ".join("%s: %s" % (v[0], tensor(v[1], v[2])) for v in self.params)
        types = ", ".join(tensor(v[1], v[2]) for v in self.results)
        types = "(%s)" % types if len(self.results) != 1 else types
        names = ", ".join(v[0] for v in self.results)
        body = "".join(line + "\n" for line in self.lines)
        return "".join(h.text() for h in self.helpers) + \
            "func @%s(%s) -> %s {\n%s  return %s\n}\n" % (self.name, params, types, body, names)


def program(rnd, smooth=False, narrow=False, symbolic=None, ops=None):
    """Text of a module. narrow: without f64; symbolic extents: at random, unless told; ops: how many, about."""
    symbolic = rnd.random() < 0.4 if symbolic is None else symbolic
    symbols = rnd.choice(["M", "MN", "MNK"]) if symbolic else ""
    f = Function(rnd, smooth=smooth, narrow=narrow, symbols=symbols, large=not smooth and rnd.random() < 0.25)
    count = ops or rnd.choice([1, 1, 2, 3, rnd.randint(4, 9), rnd.randint(8, 20)])
    for _ in range(rnd.randint(1, 3) if count > 1 else rnd.randint(0, 1)):
        f.param(f.shape(), f.dtype())
    f.fill(count)
    if not f.pool:
        f.unary()
    f.choose_results()
    return f.text()
