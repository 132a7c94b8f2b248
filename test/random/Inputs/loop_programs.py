"""Random loop programs: small functions in loop IR that run to an end whatever is drawn.

program(rnd, symbolic) gives the text of a module whose last function, @f, is one of
  - a nest as compilers meet them (matmul with bias and activation, two layers, softmax, stencils in place
    and not, transposes, blocked layouts), with types, extents and the places of buffers and accumulators drawn;
  - what a person writes by hand (loop_kernels.py);
  - statements at random: loops that step, start late, end early or are triangles, conditions, subscripts with
    offsets, floordiv and mod, temporaries of each iteration, sums kept in memory.
Subscripts stay within their extents for every value of M N K, and what is read was written. A parameter %nE_… holds indices
of an extent E.
"""
import loop_kernels
from loop_writer import ACC, FLOATS, INTS, SIZES, Scope, Var, Writer, update


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


NESTS = [matmul, matmul, matmul, grouped, stencil, softmax, chain, chain, relayout, interleaved]


def program(rnd, symbolic):
    """Text of a module, with symbolic extents or without."""
    w = Writer(rnd, symbolic)
    rnd.choice(rnd.choice([NESTS, [at_random], loop_kernels.KERNELS, loop_kernels.KERNELS]))(w)
    return w.text()
