"""Random loop programs: a writer of small functions in loop IR that run to an end whatever is drawn.

program(rnd) gives the text of one function, which is one of
  - a nest as compilers meet them (matmul with bias and activation, two layers, softmax, stencils in place
    and not, transposes, blocked layouts), with types, extents and the places of buffers and accumulators drawn;
  - statements at random: loops that step, start late, end early or are triangles, conditions, subscripts with
    offsets, floordiv and mod, temporaries of each iteration, sums kept in memory.
Subscripts stay within their extents for every value of M N K, and what is read was written.
"""
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

    def __init__(self, rnd, symbolic):
        self.rnd, self.lines, self.depth, self.next = rnd, [], 1, 0
        self.params, self.buffers, self.vars = [], [], []
        self.dims = [rnd.choice(SIZES) for _ in range(3)]
        if symbolic:
            for i, name in enumerate(rnd.choice(["M", "MN", "MNK"])):
                self.dims[i] = name

    def line(self, text):
        self.lines.append("  " * self.depth + text)

    def name(self, stem):
        self.next += 1
        return "%%%s%d" % (stem, self.next)

    def param(self, role, dims, dtype):
        b = Buffer("%%%s" % "ABCDEFGHPQRSTUVW"[len(self.params)], dims, dtype, role != "out", role != "")
        self.params.append((b, role))
        self.buffers.append(b)
        return b

    def alloc(self, dims, dtype, space=None):
        space = self.rnd.choice(["", ", local"]) if space is None else space
        if not all(isinstance(d, int) for d in dims):
            space = ""
        b = Buffer(self.name("t"), dims, dtype, False, True)
        layout = ""
        if not space and len(dims) > 1 and self.rnd.random() < 0.1:
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
        return "func @f(%s) {\n%s\n}\n" % (params, "\n".join(self.lines))


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


# ---- statements at random ----

def statement(w, room):
    """One statement; `room` is how many loops may still be put inside one another."""
    rnd = w.rnd
    room = room if len(w.lines) < 60 else 0
    r = rnd.random()
    if r < 0.42 and room:
        with w.some_loop():
            for _ in range(rnd.choice([1, 1, 1, 2, 3])):
                statement(w, room - 1)
    elif r < 0.5 and w.vars:
        condition(w, room)
    elif r < 0.6 and room:
        accumulate(w)
    elif r < 0.67 and room > 1:
        t = w.alloc([rnd.choice(w.dims) for _ in range(rnd.randint(1, 2))], rnd.choice(FLOATS + INTS))
        w.fill(t)
        statement(w, room - 1)
        statement(w, room - 1)
    else:
        assign(w)


def assign(w):
    rnd = w.rnd
    b = rnd.choice([b for b in w.buffers if b.writable and b.readable])
    subs = w.subs(b, rnd.random() < 0.6)
    v = w.expr(b.dtype, rnd.randint(1, 3))
    if rnd.random() < 0.35:
        old = w.load(b, subs)
        ops = ["addi", "maxi", "xori"] if b.dtype[0] == "i" else ["addf", "addf", "maxf", "mulf"]
        v = w.combine(rnd.choice(ops), [old, v], b.dtype)
    w.store(v, b, subs)


def condition(w, room):
    rnd = w.rnd
    v = rnd.choice(w.vars)
    same = [x for x in w.vars if x.dim == v.dim]
    test = rnd.choice(["%s < %d" % (v.name, rnd.randint(0, 5)), "%s mod 2 == 0" % v.name,
                       "%s >= %s" % (v.name, rnd.choice(same).name),
                       "%s + 1 < %s and %s >= 1" % (v.name, v.dim, v.name)])
    if rnd.random() < 0.15:
        x = w.operand("f32")
        if x[0] == "%":
            test = w.value("cmpf lt, %s, 0.25" % x, "i1")
    w.line("if %s {" % test)
    inside = Scope(w, Var(v.name, v.dim, 1, 1) if " and " in test else None)
    statement(w, room)
    if rnd.random() < 0.4:
        inside.otherwise()
        statement(w, room)
    inside.close()


def accumulate(w):
    """%acc = init; for %k { %acc = %acc + … }; its value goes to memory."""
    rnd = w.rnd
    b = rnd.choice([b for b in w.buffers if b.writable and b.readable])
    acc = w.alloc([1], rnd.choice(ACC[b.dtype]), ", local")
    w.store("0" if acc.dtype[0] == "i" else "0.0", acc, ["0"])
    with w.some_loop():
        update(w, acc, ["0"], w.operand(acc.dtype), w.operand(acc.dtype))
    s = w.cast(w.load(acc, ["0"]), acc.dtype, b.dtype)
    w.store(s, b, w.subs(b, rnd.random() < 0.8))
    w.buffers.remove(acc)


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


def at_random(w):
    rnd = w.rnd
    for role in [""] * rnd.randint(1, 3) + ["inout"] * rnd.randint(1, 2):
        dtype = rnd.choice(FLOATS if rnd.random() < 0.8 else INTS)
        w.param(role, [rnd.choice(w.dims) for _ in range(rnd.choice([1, 2, 2, 2, 3]))], dtype)
    for d in w.dims:
        if not isinstance(d, int) and not any(d in b.dims for b, _ in w.params):
            w.param("", [d], "f32")
    for _ in range(rnd.randint(1, 3)):
        with w.some_loop():
            for _ in range(rnd.choice([1, 1, 2, 3])):
                statement(w, 3)


# ---- nests as compilers meet them ----

def product(w, x, wt, out, m, n, k, bias=None, act=None, transposed=False, group=None):
    """out[m, n] = act(x[m, k] @ wt[k, n] + bias[n]), with the sum in a register, a buffer or the result; the loop of k
    in groups of that many."""
    rnd = w.rnd
    acc_type = rnd.choice(ACC[x.dtype])
    place = rnd.choice(["register", "register", "memory", "row"])
    zero = "0" if acc_type[0] == "i" else "0.0"
    si, sj = w.whole(m, "i"), None
    i = si.v.name
    row = w.alloc([n], acc_type) if place == "row" else None
    if row:
        with w.whole(n, "z") as z:
            w.store(zero, row, [z.name])
    memory = None
    if place == "memory" and out.dtype == acc_type:
        memory = out
        with w.whole(n, "z") as z:
            w.store(zero, out, [i, z.name])

    def sums():
        return w.whole(k // group, "k") if group else w.whole(k, "k")

    def step(acc, subs, j, kk):
        if group:
            with w.whole(group, "g") as g:
                add(acc, subs, j, "%s * %d + %s" % (kk, group, g.name))
        else:
            add(acc, subs, j, kk)

    def add(acc, subs, j, kk):
        wsubs = [j, kk] if transposed else [kk, j]
        a = w.cast(w.load(x, [i, kk]), x.dtype, acc.dtype)
        b = w.cast(w.load(wt, wsubs), wt.dtype, acc.dtype)
        update(w, acc, subs, a, b)

    def finish(acc, subs, j):
        v = w.load(acc, subs)
        if bias:
            v = w.value("%s %s, %s" % ("addi" if acc.dtype[0] == "i" else "addf", v,
                                       w.cast(w.load(bias, [j]), bias.dtype, acc.dtype)), acc.dtype)
        if act and acc.dtype[0] == "f":
            v = w.value("%s %s" % (act, v), acc.dtype)
        w.store(w.cast(v, acc.dtype, out.dtype), out, [i, j])

    if row or memory:
        acc = row or memory
        at = (lambda j: [j]) if row else (lambda j: [i, j])
        if rnd.random() < 0.5:
            with sums() as kk, w.whole(n, "j") as j:
                step(acc, at(j.name), j.name, kk.name)
        else:
            with w.whole(n, "j") as j, sums() as kk:
                step(acc, at(j.name), j.name, kk.name)
        with w.whole(n, "e") as j:
            finish(acc, at(j.name), j.name)
    else:
        sj = w.whole(n, "j")
        acc = w.alloc([1], acc_type, ", local")
        w.store(zero, acc, ["0"])
        with sums() as kk:
            step(acc, ["0"], sj.v.name, kk.name)
        finish(acc, ["0"], sj.v.name)
        sj.close()
    si.close()
    out.readable = True


def matmul(w):
    rnd, (m, n, k) = w.rnd, w.dims
    t = rnd.choice(FLOATS + ["i8", "i32"])
    out_t = rnd.choice(ACC[t]) if rnd.random() < 0.4 or t[0] == "i" else t
    transposed = rnd.random() < 0.3
    x, wt = w.param("", [m, k], t), w.param("", [n, k] if transposed else [k, n], t)
    bias = w.param("", [n], out_t) if rnd.random() < 0.6 and t[0] != "i" and out_t == t else None
    act = rnd.choice(["gelu", "relu", "tanh"]) if rnd.random() < 0.6 else None
    if rnd.random() < 0.3:
        h = rnd.choice(SIZES)
        tmp = w.alloc([m, n], out_t, "")
        product(w, x, wt, tmp, m, n, k, bias, act, transposed)
        w2, y = w.param("", [n, h], out_t), w.param("out", [m, h], out_t)
        product(w, tmp, w2, y, m, h, n, None, None)
    else:
        product(w, x, wt, w.param("out", [m, n], out_t), m, n, k, bias, act, transposed)


def grouped(w):
    """A product of narrow numbers whose sums come in groups, as dot wants them."""
    rnd, (m, n, k) = w.rnd, w.dims
    t, group = rnd.choice([("i8", 4), ("i8", 4), ("bf16", 2)])
    k = group * rnd.choice([1, 2, 3])
    transposed = rnd.random() < 0.7
    x, wt = w.param("", [m, k], t), w.param("", [n, k] if transposed else [k, n], t)
    product(w, x, wt, w.param("out", [m, n], ACC[t][0]), m, n, k, None, None, transposed, group)


def stencil(w):
    rnd, (m, n, k) = w.rnd, w.dims
    t = rnd.choice(FLOATS)
    a = w.param("inout", [m, n], t)
    b = w.param("inout", [m, n], t) if rnd.random() < 0.5 else a
    times = w.whole(rnd.choice([1, 2, 3]), "t") if rnd.random() < 0.4 else None
    c = rnd.randint(1, 2)
    i, j = w.name("i"), w.name("j")
    w.line("for %s = %d to %s {" % (i, c, w.minus(m, c)))
    rows = Scope(w)
    w.line("for %s = %d to %s {" % (j, c, w.minus(n, c)))
    columns = Scope(w)
    v = None
    for _ in range(rnd.randint(1, 4)):
        di, dj = rnd.randint(-c, c), rnd.randint(-c, c)
        x = w.load(a, ["%s %s %d" % (i, "-+"[di >= 0], abs(di)), "%s %s %d" % (j, "-+"[dj >= 0], abs(dj))])
        v = x if v is None else w.value("%s %s, %s" % (rnd.choice(["addf", "subf", "maxf"]), v, x), t)
    w.store(v, b, [i, j])
    columns.close()
    rows.close()
    if b is not a and rnd.random() < 0.5:
        w.line("copy %s, %s" % (b.name, a.name))
    if times:
        times.close()


def softmax(w):
    rnd, (m, n, k) = w.rnd, w.dims
    t = rnd.choice(["f32", "f64", "f16"])
    x, y = w.param("", [m, n], t), w.param("out", [m, n], t)
    a = rnd.choice(ACC[t])
    with w.whole(m, "i") as i:
        top, tot = w.alloc([1], a, ", local"), w.alloc([1], a, ", local")
        w.store("-inf", top, ["0"])
        with w.whole(n, "j") as j:
            v = w.cast(w.load(x, [i.name, j.name]), t, a)
            w.store(w.value("maxf %s, %s" % (w.load(top, ["0"]), v), a), top, ["0"])
        w.store("0.0", tot, ["0"])
        e = w.alloc([n], a, "")
        with w.whole(n, "j") as j:
            v = w.cast(w.load(x, [i.name, j.name]), t, a)
            d = w.value("subf %s, %s" % (v, w.load(top, ["0"])), a)
            v = w.value("exp %s" % d, a)
            w.store(v, e, [j.name])
            w.store(w.value("addf %s, %s" % (w.load(tot, ["0"]), v), a), tot, ["0"])
        with w.whole(n, "j") as j:
            q = w.value("divf %s, %s" % (w.load(e, [j.name]), w.load(tot, ["0"])), a)
            w.store(w.cast(q, a, t), y, [i.name, j.name])


def chain(w):
    """Loops over one space, one after another, through buffers: for what joins loops and moves producers.

    The last loop may overwrite what the first one read, in time or too early for a producer that moved there."""
    rnd, (m, n, k) = w.rnd, w.dims
    t = rnd.choice(FLOATS)
    dims = [m, n][:rnd.randint(1, 2)]
    first = last = w.param(rnd.choice(["", "inout"]), dims, t)
    for step in range(rnd.randint(2, 4)):
        to = w.alloc(dims, rnd.choice([t, t, "f32"]), "")
        scopes = [w.whole(d) for d in dims]
        subs = [s.v.name for s in scopes]
        at = list(subs)
        if rnd.random() < 0.5:
            p = rnd.randrange(len(dims))
            at[p] = rnd.choice(["%s - %s" % (w.minus(dims[p], 1), at[p]), "%s floordiv 2" % at[p]])
        v = w.cast(w.load(last, at), last.dtype, to.dtype)
        if rnd.random() < 0.7:
            v = w.combine(rnd.choice(["addf", "mulf", "maxf"]), [v, w.operand(to.dtype)], to.dtype)
        w.store(v, to, subs)
        for s in scopes:
            s.close()
        to.readable, last = True, to
    out = w.param("out", dims, last.dtype)
    if rnd.random() < 0.3:
        w.line("copy %s, %s" % (last.name, out.name))
    else:
        scopes = [w.whole(d) for d in dims]
        subs = [s.v.name for s in scopes]
        v = w.load(last, subs)
        w.store(v, out, subs)
        if first.writable:
            if rnd.random() < 0.5:
                subs[0] = "%s - %s" % (w.minus(dims[0], 1), subs[0])
            w.store(w.cast(v, last.dtype, t), first, subs)
        for s in scopes:
            s.close()


def interleaved(w):
    """Iterations that write every n-th element: all of them write, none the same, but their boxes overlap."""
    rnd = w.rnd
    t, rows, columns = rnd.choice(FLOATS + INTS), rnd.randint(2, 4), rnd.randint(2, 4)
    y = w.param("inout", [rows * columns], t)
    apart, mark = rnd.randint(columns - 1, columns), rnd.choice(["", " parallel"])
    i, j = w.name("i"), w.name("j")
    w.line("for %s = 0 to %d%s {" % (i, columns, mark if apart == columns else ""))
    outer = Scope(w)
    w.line("for %s = 0 to %d {" % (j, rows))
    inner = Scope(w)
    at = ["%s + %s * %d" % (i, j, apart)]
    v = w.number(t)
    if rnd.random() < 0.5:
        v = w.combine("addf" if t[0] != "i" else "addi", [w.load(y, at), v], t)
    w.store(v, y, at)
    inner.close()
    outer.close()


def relayout(w):
    """Transposes, and blocked layouts by floordiv and mod or by two loops."""
    rnd, (m, n, k) = w.rnd, w.dims
    t, block = rnd.choice(FLOATS + INTS), rnd.choice([2, 3, 4])
    if rnd.random() < 0.4:
        a, b = w.param("", [m, n], t), w.param("out", [n, m], t)
        with w.whole(m, "i") as i, w.whole(n, "j") as j:
            w.store(w.load(a, [i.name, j.name]), b, [j.name, i.name])
        return
    outer = rnd.choice([2, 3, 5])
    a, b = w.param("", [outer * block, m], t), w.param("out", [outer, m, block], t)
    if rnd.random() < 0.5:
        with w.whole(outer * block, "i") as i, w.whole(m, "j") as j:
            v = w.load(a, [i.name, j.name])
            w.store(v, b, ["%s floordiv %d" % (i.name, block), j.name, "%s mod %d" % (i.name, block)])
    else:
        with w.whole(outer, "p") as p, w.whole(m, "j") as j, w.whole(block, "q") as q:
            w.store(w.load(a, ["%s * %d + %s" % (p.name, block, q.name), j.name]), b, [p.name, j.name, q.name])


def program(rnd, symbolic):
    """Text of a function, with symbolic extents or without."""
    w = Writer(rnd, symbolic)
    rnd.choice([matmul, matmul, matmul, grouped, stencil, softmax, chain, chain, relayout, interleaved] + [at_random] * 7)(w)
    return w.text()
