"""Writes loop IR line by line, and knows what is in scope: names, buffers, and loop variables with what they index."""
FLOATS = ["f32", "f32", "f32", "f32", "f64", "f16", "bf16"]
INTS = ["i32", "i32", "i8", "i64"]
BITS = {"f64": 64, "f32": 32, "f16": 16, "bf16": 16, "i64": 64, "i32": 32, "i8": 8}
ACC = {"f32": ["f64", "f32"], "f64": ["f64"], "f16": ["f32", "f64"], "bf16": ["f32"],
       "i8": ["i32"], "i32": ["i32", "i64"], "i64": ["i64"]}
SIZES = [1, 2, 3, 4, 4, 5, 6, 7, 8, 13, 17]


def shape(dims, dtype):
    return "x".join([str(d) for d in dims] + [dtype])


class Buffer:
    def __init__(self, name, dims, dtype, readable, writable):
        self.name, self.dims, self.dtype = name, tuple(dims), dtype
        self.readable, self.writable = readable, writable


class Var:
    """A loop variable: 0 <= v - below and v + above < dim hold wherever it is seen."""

    def __init__(self, name, dim, below=0, above=0):
        self.name, self.dim, self.below, self.above = name, dim, below, above


class Writer:
    """Lines, names, and what is in scope."""

    def __init__(self, rnd, symbolic, func="f"):
        self.func, self.rnd, self.lines, self.depth, self.next = func, rnd, [], 1, 0
        self.params, self.buffers, self.vars, self.before = [], [], [], []
        self.dims = [rnd.choice(SIZES) for _ in range(3)]
        if symbolic:
            for i, name in enumerate(rnd.choice(["M", "MN", "MNK"])):
                self.dims[i] = name

    def line(self, text):
        self.lines.append("  " * self.depth + text)

    def name(self, stem):
        self.next += 1
        return "%%%s%d" % (stem, self.next)

    def param(self, role, dims, dtype, name=None):
        name = name or "ABCDEFGHPQRSTUVW"[len(self.params)]
        b = Buffer("%" + name, dims, dtype, role != "out", role != "")
        self.params.append((b, role))
        self.buffers.append(b)
        return b

    def alloc(self, dims, dtype, space=None, plain=False):
        space = self.rnd.choice(["", ", local"]) if space is None else space
        if not all(isinstance(d, int) for d in dims):
            space = ""
        b = Buffer(self.name("t"), dims, dtype, False, True)
        layout = ""
        if not space and not plain and len(dims) > 1 and self.rnd.random() < 0.1:
            layout = ", pad(%d)" % self.rnd.choice([1, 4])
        self.line("%s = alloc : memref<%s%s%s>" % (b.name, shape(dims, dtype), space, layout))
        self.buffers.append(b)
        return b

    def value(self, text, dtype):
        v = self.name("v")
        self.line("%s = %s : %s" % (v, text, dtype))
        return v

    def load(self, b, subs):
        return self.value("load %s[%s]" % (b.name, ", ".join(subs)), b.dtype)

    def store(self, v, b, subs):
        self.line("store %s, %s[%s]" % (v, b.name, ", ".join(subs)))

    def cast(self, v, of, to):
        if of == to:
            return v
        if of[0] != "i" and to[0] != "i":
            op = "extf" if BITS[to] > BITS[of] else "truncf"
        elif of[0] == "i":
            op = "sitofp" if to[0] != "i" else "extsi" if BITS[to] > BITS[of] else "trunci"
        else:
            op = "fptosi"
        return self.value("%s %s" % (op, v), to)

    def number(self, dtype):
        return self.rnd.choice(["1", "3", "-2", "7"] if dtype[0] == "i" else ["0.5", "1.0", "-2.0", "0.1"])

    def whole(self, dim, stem=None):
        """for all of 0 .. dim"""
        v = Var(self.name(stem or self.rnd.choice("ijkpqr")), dim)
        self.line("for %s = 0 to %s {" % (v.name, dim))
        return Scope(self, v)

    def loop(self, lo, hi, stem="i", step=1, mark=""):
        """for with bounds as written; nothing is known of what its variable may index."""
        name = self.name(stem)
        self.line("for %s = %s to %s%s%s {" % (name, lo, hi, " step %d" % step if step > 1 else "", mark))
        return Scope(self, Var(name, None))

    def some_loop(self):
        """A loop over part of a dimension, in any of the forms that bounds have."""
        rnd, dim = self.rnd, self.rnd.choice(self.dims)
        outer = [v for v in self.vars if v.dim == dim]
        v, step = Var(self.name(rnd.choice("ijkpqr")), dim), ""
        lo, hi, form = "0", str(dim), rnd.randrange(10)
        c = rnd.randint(1, 3)
        if rnd.random() < 0.15:
            step = " step %d" % rnd.randint(2, 4)
        if form == 0:
            lo, v.below = str(c), c
        elif form == 1:
            hi, v.above = self.minus(dim, c), c
        elif form == 2 and outer:
            lo = rnd.choice(outer).name
        elif form == 3 and outer:
            hi = "%s + 1" % rnd.choice(outer).name
        elif form == 4:
            hi = "min(%d, %s)" % (rnd.choice([2, 4, 6]), dim)
        elif form == 5 and outer:
            lo, v.below = "max(%d, %s)" % (c, rnd.choice(outer).name), c
        elif form == 6 and outer:
            x = rnd.choice(outer).name
            hi = "min(%s, %s + %d)" % (dim, x, c + 1)
            lo = x
        if isinstance(dim, int) and form in (0, 1) and c >= dim:
            lo, hi, v.below, v.above = "0", str(dim), 0, 0
        self.line("for %s = %s to %s%s {" % (v.name, lo, hi, step))
        return Scope(self, v)

    @staticmethod
    def minus(dim, c):
        return str(dim - c) if isinstance(dim, int) else "%s - %d" % (dim, c)

    # ---- subscripts ----

    def sub(self, dim, plain=False):
        """An expression that is within 0 .. dim wherever the loops around are."""
        rnd = self.rnd
        fits = [v for v in self.vars if v.dim == dim]
        late = fits[int(len(fits) * rnd.random() ** 0.5)] if fits else None
        if late and (plain or rnd.random() < 0.75):
            r = rnd.random()
            if not plain and r < 0.15:
                return "%s - %s" % (self.minus(dim, 1), late.name)
            if late.above and r < 0.6:
                return "%s + %d" % (late.name, rnd.randint(1, late.above))
            if late.below and r < 0.6:
                return "%s - %d" % (late.name, rnd.randint(1, late.below))
            if not plain and r < 0.2:
                return "%s floordiv %d" % (late.name, rnd.randint(2, 4))
            return late.name
        ints = [v for v in self.vars if isinstance(v.dim, int)]
        if isinstance(dim, int):
            pairs = [(a, b) for a in ints for b in ints if a.dim * b.dim <= dim and b.dim > 1]
            if pairs and rnd.random() < 0.7:
                a, b = rnd.choice(pairs)
                return "%s * %d + %s" % (a.name, b.dim, b.name)
            if self.vars and dim > 1 and rnd.random() < 0.7:
                v, w = rnd.choice(self.vars), rnd.choice(self.vars)
                return rnd.choice([
                    "%s mod %d" % (v.name, dim), "(%s + %s) mod %d" % (v.name, w.name, dim),
                    "(%s floordiv 2) mod %d" % (v.name, dim), "(%s * 3 + 1) mod %d" % (v.name, dim)])
            return str(rnd.randrange(dim))
        return rnd.choice(["0", "%s - 1" % dim])

    def subs(self, b, plain=False):
        return [self.sub(d, plain) for d in b.dims]

    # ---- scalars ----

    def operand(self, dtype):
        rnd = self.rnd
        reads = [b for b in self.buffers if b.readable]
        same = [b for b in reads if b.dtype == dtype]
        if not reads or rnd.random() < 0.08:
            if self.vars and rnd.random() < 0.5:
                v = rnd.choice(self.vars).name
                return self.value("sitofp %s" % v, dtype) if dtype[0] != "i" else self.number(dtype)
            return self.number(dtype)
        pool = same if same and rnd.random() < 0.8 else reads
        b = pool[int(len(pool) * rnd.random() ** 0.7)]
        return self.cast(self.load(b, self.subs(b, rnd.random() < 0.5)), b.dtype, dtype)

    def combine(self, op, args, dtype):
        if all(a[0] != "%" for a in args):
            args[0] = self.value("const %s" % args[0], dtype)
        return self.value("%s %s" % (op, ", ".join(args)), dtype)

    def expr(self, dtype, depth=2):
        rnd = self.rnd
        if depth == 0 or rnd.random() < 0.2:
            return self.operand(dtype)
        a, b = self.expr(dtype, depth - 1), self.operand(dtype)
        if dtype[0] == "i":
            return self.combine(rnd.choice(["addi", "subi", "muli", "maxi", "mini", "xori"]), [a, b], dtype)
        r = rnd.random()
        if r < 0.2:
            return self.combine("fma", [a, b, self.operand(dtype)], dtype)
        if r < 0.3 and a[0] == "%":
            return self.value("%s %s" % (rnd.choice(["gelu", "relu", "tanh", "negf", "abs", "sigmoid"]), a), dtype)
        if r < 0.36 and a[0] == "%":
            c = self.value("cmpf lt, %s, %s" % (a, b), "i1")
            return self.combine("select", [c, a, b], dtype)
        return self.combine(rnd.choice(["addf", "subf", "mulf", "addf", "mulf", "maxf", "minf"]), [a, b], dtype)

    def fill(self, b, dtype=None):
        """Writes every element of a buffer."""
        scopes = [self.whole(d) for d in b.dims]
        subs = [v.name for v in self.vars[len(self.vars) - len(b.dims):]]
        if self.rnd.random() < 0.5:
            self.store(self.number(b.dtype), b, subs)
        else:
            self.store(self.expr(b.dtype, 1), b, subs)
        for s in scopes:
            s.close()
        b.readable = True

    def text(self):
        params = ", ".join("%s: %smemref<%s>" % (b.name, role + " " if role else "", shape(b.dims, b.dtype))
                           for b, role in self.params)
        return "".join(self.before) + "func @%s(%s) {\n%s\n}\n" % (self.func, params, "\n".join(self.lines))


class Scope:
    """A block that was opened: closing it takes what it defined out of scope."""

    def __init__(self, w, v=None):
        self.w, self.v, self.seen = w, v, (len(w.vars), len(w.buffers))
        w.vars += [v] if v else []
        w.depth += 1

    def close(self):
        del self.w.vars[self.seen[0]:], self.w.buffers[self.seen[1]:]
        self.w.depth -= 1
        self.w.line("}")

    def otherwise(self):
        """The else of an if: what the first block defined is not seen there."""
        self.close()
        self.w.lines[-1] += " else {"
        self.w.depth += 1

    def __enter__(self):
        return self.v

    def __exit__(self, *_):
        self.close()


def update(w, acc, subs, x, y):
    """acc += x · y, by fma or by a product and a sum."""
    if acc.dtype[0] == "i":
        p = w.combine("muli", [x, y], acc.dtype)
        v = w.value("addi %s, %s" % (w.load(acc, subs), p), acc.dtype)
    elif w.rnd.random() < 0.6:
        v = w.value("fma %s, %s, %s" % (x, y, w.load(acc, subs)), acc.dtype)
    else:
        p = w.combine("mulf", [x, y], acc.dtype)
        v = w.value("addf %s, %s" % (w.load(acc, subs), p), acc.dtype)
    w.store(v, acc, subs)
