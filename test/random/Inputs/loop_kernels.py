"""Loop programs as people write them by hand, for loop_programs.py: each takes a Writer and writes one function, with what it
calls before it.

Products in any order of their loops, convolutions, prefix sums, recurrences, histograms, gathers and scatters, searches,
sums and maxima of integers, time steps, vectors, launches, functions with buffers of their own, sequential loops between
parallel ones. Loops that may run in parallel are marked so at times.
"""
import itertools

from loop_writer import ACC, FLOATS, INTS, Scope, Writer, update

ZERO = {"i": "0", "f": "0.0", "b": "0.0"}


def mark(w, odds=0.3):
    """For a loop whose iterations touch nothing in common."""
    return " parallel" if w.rnd.random() < odds else ""


def add(w, a, b, dtype):
    return w.combine("addi" if dtype[0] == "i" else "addf", [a, b], dtype)


def zero(w, b):
    """Clears a buffer."""
    scopes = [w.loop("0", d, "z") for d in b.dims]
    w.store(ZERO[b.dtype[0]], b, [s.v.name for s in scopes])
    for s in reversed(scopes):
        s.close()
    b.readable = True


def nest(w, order, extents, may=()):
    """Loops over extents in an order; those at the top that are in `may` are marked at times. Variables by letter."""
    scopes, subs, top = [], {}, True
    for letter in order:
        top = top and letter in may
        scopes.append(w.loop("0", extents[letter], letter, mark=mark(w) if top and not scopes else ""))
        subs[letter] = scopes[-1].v.name
    return scopes, subs


def close(scopes):
    for s in reversed(scopes):
        s.close()


# ---- products ----

def ordered_product(w):
    """out[i, j] += x[i, k] * wt[k, j] in any order of the loops, added up in place."""
    rnd, (m, n, k) = w.rnd, w.dims
    if rnd.random() < 0.3 and not any(isinstance(d, str) for d in w.dims):
        m, n, k = rnd.choice([16, 25, 33, 40]), rnd.choice([16, 32, 40, 64]), rnd.choice([8, 17, 32])
    t = rnd.choice(FLOATS + ["i8", "i32"])
    out_t = rnd.choice(ACC[t])
    tx, tw = rnd.random() < 0.25, rnd.random() < 0.25
    x = w.param("", [k, m] if tx else [m, k], t)
    wt = x if rnd.random() < 0.15 and m == n and tx != tw else w.param("", [n, k] if tw else [k, n], t)
    if wt is x:
        tw = not tx
    y = w.param("inout" if rnd.random() < 0.5 else "out", [m, n], out_t)
    if not y.readable or rnd.random() < 0.3:
        zero(w, y)
    order = rnd.choice(list(itertools.permutations("ijk")))
    scopes, v = nest(w, order, {"i": m, "j": n, "k": k}, "ij")
    a = w.cast(w.load(x, [v["k"], v["i"]] if tx else [v["i"], v["k"]]), t, out_t)
    b = w.cast(w.load(wt, [v["j"], v["k"]] if tw else [v["k"], v["j"]]), t, out_t)
    update(w, y, [v["i"], v["j"]], a, b)
    close(scopes)


def tiled_product(w):
    """The loops of a product cut by hand, with min where sizes do not divide."""
    rnd, (m, n, k) = w.rnd, w.dims
    t = rnd.choice(FLOATS)
    x, wt, y = w.param("", [m, k], t), w.param("", [k, n], t), w.param("out", [m, n], t)
    zero(w, y)
    a, b = rnd.choice([2, 4, 5]), rnd.choice([3, 4, 8])
    ii = w.loop("0", m, "i", a, mark(w))
    jj = w.loop("0", n, "j", b)
    kk = w.loop("0", k, "k")
    i = w.loop(ii.v.name, "min(%s, %s + %d)" % (m, ii.v.name, a), "r")
    j = w.loop(jj.v.name, "min(%s + %d, %s)" % (jj.v.name, b, n), "c")
    update(w, y, [i.v.name, j.v.name], w.load(x, [i.v.name, kk.v.name]), w.load(wt, [kk.v.name, j.v.name]))
    close([ii, jj, kk, i, j])


def convolution(w):
    """y[o, r, c] += x[i, r + p, c + q] * f[o, i, p, q]."""
    rnd = w.rnd
    ci, co, p, q = rnd.choice([1, 2, 3]), rnd.choice([1, 4, 5]), rnd.choice([1, 2, 3]), rnd.choice([1, 3])
    r, c = rnd.choice([4, 5, 8]), rnd.choice([4, 7, 16])
    t = rnd.choice(FLOATS + ["i32"])
    x, f = w.param("", [ci, r + p - 1, c + q - 1], t), w.param("", [co, ci, p, q], t)
    y = w.param("out", [co, r, c], t)
    zero(w, y)
    order = list("orcipq")
    if rnd.random() < 0.6:
        rnd.shuffle(order)
    scopes, v = nest(w, order, {"o": co, "r": r, "c": c, "i": ci, "p": p, "q": q}, "orc")
    a = w.load(x, [v["i"], "%s + %s" % (v["r"], v["p"]), "%s + %s" % (v["c"], v["q"])])
    update(w, y, [v["o"], v["r"], v["c"]], a, w.load(f, [v["o"], v["i"], v["p"], v["q"]]))
    close(scopes)


# ---- one after another ----

def prefix_sum(w):
    """y[i, j] = y[i, j - 1] + x[i, j], rows at once, or down the columns."""
    rnd, (m, n, _) = w.rnd, w.dims
    t = rnd.choice(FLOATS + INTS)
    x, y = w.param("", [m, n], t), w.param("out", [m, n], t)
    down = rnd.random() < 0.4
    with w.loop("0", n if down else m, "i", mark=mark(w)) as i:
        at = (lambda e: [e, i.name]) if down else (lambda e: [i.name, e])
        w.store(w.load(x, at("0")), y, at("0"))
        with w.loop("1", m if down else n, "j") as j:
            w.store(add(w, w.load(y, at(j.name + " - 1")), w.load(x, at(j.name)), t), y, at(j.name))


def recurrence(w):
    """Forward substitution: x[i] = (b[i] - sum over j < i of L[i, j] x[j]), then scaled by a second loop."""
    rnd, (n, _, _) = w.rnd, w.dims
    t = rnd.choice(["f32", "f64"])
    low, b, x = w.param("", [n, n], t), w.param("", [n], t), w.param("out", [n], t)
    with w.loop("0", n, "i") as i:
        s = w.alloc([1], t, ", local")
        w.store(w.load(b, [i.name]), s, ["0"])
        with w.loop("0", i.name, "j") as j:
            p = w.value("mulf %s, %s" % (w.load(low, [i.name, j.name]), w.load(x, [j.name])), t)
            p = w.value("mulf %s, 0.125" % p, t)
            w.store(w.value("subf %s, %s" % (w.load(s, ["0"]), p), t), s, ["0"])
        w.store(w.load(s, ["0"]), x, [i.name])
    with w.loop("0", n, "p", mark=mark(w)) as p:
        w.store(w.value("mulf %s, 0.5" % w.load(x, [p.name]), t), x, [p.name])


def shortest(w):
    """d[i, j] = c[i, j] + min(d[i - 1, j], d[i, j - 1]): a table filled from its corner."""
    rnd, (m, n, _) = w.rnd, w.dims
    t = rnd.choice(["i32", "i64", "f32"])
    least = "mini" if t[0] == "i" else "minf"
    c, d = w.param("", [m, n], t), w.param("inout", [m, n], t)
    with w.loop("1", m, "i") as i, w.loop("1", n, "j") as j:
        best = w.value("%s %s, %s" % (least, w.load(d, [i.name + " - 1", j.name]), w.load(d, [i.name, j.name + " - 1"])), t)
        w.store(add(w, best, w.load(c, [i.name, j.name]), t), d, [i.name, j.name])


def time_steps(w):
    """A stencil from one buffer to another and back, step by step; borders by conditions or by bounds."""
    rnd, (m, n, _) = w.rnd, w.dims
    t = rnd.choice(FLOATS)
    a, b = w.param("inout", [m, n], t), w.alloc([m, n], t, "")
    w.line("copy %s, %s" % (a.name, b.name))

    def sweep(x, y):
        i, j = w.loop("0", m, "i", mark=mark(w)), w.loop("0", n, "j")
        r, c = i.v.name, j.v.name
        w.line("if %s >= 1 and %s + 1 < %s {" % (r, r, m))
        inside = Scope(w)
        s = w.value("addf %s, %s" % (w.load(x, [r + " - 1", c]), w.load(x, [r + " + 1", c])), t)
        w.store(w.value("mulf %s, 0.5" % s, t), y, [r, c])
        if rnd.random() < 0.5:
            inside.otherwise()
            w.store(w.load(x, [r, c]), y, [r, c])
        inside.close()
        close([i, j])

    with w.loop("0", str(rnd.randint(1, 3)), "t"):
        sweep(a, b)
        sweep(b, a)


def interrupted(w):
    """A loop that can be parallel, one that cannot, and a third that reads both."""
    rnd, (m, n, _) = w.rnd, w.dims
    t = rnd.choice(FLOATS)
    x, y = w.param("", [m, n], t), w.param("out", [m, n], t)
    a, s = w.alloc([m, n], t, ""), w.alloc([m], t, "")
    with w.loop("0", m, "i", mark=mark(w)) as i, w.loop("0", n, "j") as j:
        w.store(w.value("%s %s" % (rnd.choice(["tanh", "negf", "relu"]), w.load(x, [i.name, j.name])), t), a, [i.name, j.name])
    w.store("0.0", s, ["0"])
    with w.loop("1", m, "p") as p:
        w.store(add(w, w.load(s, [p.name + " - 1"]), w.load(a, [p.name, "0"]), t), s, [p.name])
    with w.loop("0", m, "q", mark=mark(w)) as q, w.loop("0", n, "r") as r:
        w.store(add(w, w.load(a, [q.name, r.name]), w.load(s, [q.name]), t), y, [q.name, r.name])


# ---- subscripts computed at run time ----

def index_param(w, dims, extent):
    return w.param("", dims, "index", "n%s_%d" % (extent, len(w.params)))


def histogram(w):
    rnd, (n, bins, _) = w.rnd, w.dims
    p = index_param(w, [n], bins)
    t = rnd.choice(INTS + ["f32"])
    h = w.param("inout", [bins], t)
    atomic = rnd.random() < 0.5
    with w.loop("0", n, "i", mark=mark(w) if atomic and t[0] == "i" else "") as i:
        at = w.load(p, [i.name])
        one = "1" if t[0] == "i" else "1.0"
        if atomic:
            w.line("atomic_add %s, %s[%s]" % (one, h.name, at))
        else:
            w.store(add(w, w.load(h, [at]), one, t), h, [at])


def gather(w):
    """Rows by number: read in any order at once, or written one after another."""
    rnd, (m, n, rows) = w.rnd, w.dims
    t = rnd.choice(FLOATS + INTS)
    scatter = rnd.random() < 0.4
    p = index_param(w, [m], rows)
    if scatter:
        x, y = w.param("", [m, n], t), w.param("inout", [rows, n], t)
    else:
        x, y = w.param("", [rows, n], t), w.param("out", [m, n], t)
    with w.loop("0", m, "i", mark="" if scatter else mark(w)) as i:
        at = w.load(p, [i.name])
        with w.loop("0", n, "j") as j:
            if scatter:
                v = add(w, w.load(y, [at, j.name]), w.load(x, [i.name, j.name]), t)
                w.store(v, y, [at, j.name])
            else:
                w.store(w.load(x, [at, j.name]), y, [i.name, j.name])


def bag(w):
    """Sums of rows that a list names, as an embedding bag has them."""
    rnd, (m, n, rows) = w.rnd, w.dims
    k = rnd.choice([1, 2, 4])
    p, x, y = index_param(w, [m, k], rows), w.param("", [rows, n], "f32"), w.param("out", [m, n], "f32")
    zero(w, y)
    with w.loop("0", m, "i", mark=mark(w)) as i, w.loop("0", k, "k") as kk:
        at = w.load(p, [i.name, kk.name])
        with w.loop("0", n, "j") as j:
            w.store(add(w, w.load(y, [i.name, j.name]), w.load(x, [at, j.name]), "f32"), y, [i.name, j.name])


def search(w):
    """Where the largest element of each row is."""
    rnd, (m, n, _) = w.rnd, w.dims
    t = rnd.choice(["f32", "i32"])
    x, y = w.param("", [m, n], t), w.param("out", [m], "index")
    with w.loop("0", m, "i", mark=mark(w)) as i:
        best, at = w.alloc([1], t, ", local"), w.alloc([1], "index", ", local")
        w.store(w.load(x, [i.name, "0"]), best, ["0"])
        w.store(w.value("apply [0]", "index"), at, ["0"])
        with w.loop("1", n, "j") as j:
            v = w.load(x, [i.name, j.name])
            c = w.value("cmp%s gt, %s, %s" % (t[0], v, w.load(best, ["0"])), "i1")
            w.store(w.value("select %s, %s, %s" % (c, v, w.load(best, ["0"])), t), best, ["0"])
            here = w.value("apply [%s]" % j.name, "index")
            w.store(w.value("select %s, %s, %s" % (c, here, w.load(at, ["0"])), "index"), at, ["0"])
        w.store(w.load(at, ["0"]), y, [i.name])


# ---- integers ----

def integers(w):
    """Sums, maxima and exclusive ors, which any order gives: of all, of rows, of columns, in memory or in a local."""
    rnd, (m, n, _) = w.rnd, w.dims
    t = rnd.choice(INTS)
    op = rnd.choice(["addi", "maxi", "mini", "xori", "addi"])
    x = w.param("", [m, n], t)
    form = rnd.choice(["all", "rows", "columns", "local"])
    y = w.param("inout", [1] if form in ("all", "local") else [m if form == "rows" else n], t)
    local = w.alloc([1], t, ", local") if form == "local" else y
    if form == "local":
        w.store(w.load(y, ["0"]), local, ["0"])
    with w.loop("0", m, "i", mark=mark(w) if form == "rows" else "") as i, w.loop("0", n, "j") as j:
        at = {"rows": i.name, "columns": j.name}.get(form, "0")
        v = w.value("%s %s, %s" % (op, w.load(local, [at]), w.load(x, [i.name, j.name])), t)
        w.store(v, local, [at])
    if form == "local":
        w.store(w.load(local, ["0"]), y, ["0"])


def counted(w):
    """Elements above a limit, counted by atomic_add from a loop whose iterations run at once."""
    rnd, (m, n, _) = w.rnd, w.dims
    t = rnd.choice(["f32", "i32"])
    x, y = w.param("", [m, n], t), w.param("inout", [1], rnd.choice(["i32", "i64"]))
    with w.loop("0", m, "i", mark=mark(w, 0.6)) as i, w.loop("0", n, "j") as j:
        c = w.value("cmp%s gt, %s, %s" % (t[0], w.load(x, [i.name, j.name]), "0" if t[0] == "i" else "0.0"), "i1")
        w.line("if %s {" % c)
        inside = Scope(w)
        w.line("atomic_add 1, %s[0]" % y.name)
        inside.close()


# ---- functions and globals ----

def helper(w, name):
    """A function on rows: y = f(x), with a buffer of its own, at times with a loop in it that is marked."""
    rnd = w.rnd
    h = Writer(rnd, False, name)
    t = rnd.choice(["f32", "f32", "f64"])
    x, y = h.param("", ["P", "Q"], t), h.param(rnd.choice(["out", "inout"]), ["P", "Q"], t)
    tmp = h.alloc(["Q"] if rnd.random() < 0.5 else ["P", "Q"], t, "")
    i = h.loop("0", "P", "i", mark=mark(h) if len(tmp.dims) == 2 else "")
    at = (lambda j: [j]) if len(tmp.dims) == 1 else (lambda j: [i.v.name, j])
    with h.loop("0", "Q", "j") as j:
        h.store(h.value("%s %s" % (rnd.choice(["negf", "relu", "exp", "abs"]), h.load(x, [i.v.name, j.name])), t), tmp, at(j.name))
    with h.loop("0", "Q", "k") as k:
        v = h.load(tmp, at("Q - 1 - %s" % k.name))
        if y.readable:
            v = add(h, v, h.load(y, [i.v.name, k.name]), t)
        h.store(v, y, [i.v.name, k.name])
    i.close()
    return h.text(), t


def calls(w):
    """A function called twice, or in a loop, between loops of the caller's."""
    rnd, (m, n, _) = w.rnd, w.dims
    text, t = helper(w, "g")
    w.before.append(text)
    x, y = w.param("", [m, n], t), w.param("inout", [m, n], t)
    tmp = w.alloc([m, n], t, "", plain=True)
    zero(w, tmp)
    w.line("call @g(%s, %s)" % (x.name, tmp.name))
    with w.loop("0", m, "p", mark=mark(w)) as p, w.loop("0", n, "q") as q:
        w.store(add(w, w.load(tmp, [p.name, q.name]), w.load(y, [p.name, q.name]), t), y, [p.name, q.name])
    if rnd.random() < 0.5:
        with w.loop("0", str(rnd.randint(1, 3)), "t"):
            w.line("call @g(%s, %s)" % (y.name, tmp.name))
            w.line("copy %s, %s" % (tmp.name, y.name))


def table(w):
    """A global, read by its own loop."""
    rnd, (m, n, _) = w.rnd, w.dims
    t, size = rnd.choice(["f32", "i32", "f64"]), rnd.choice([2, 3, 5])
    values = ", ".join(w.number(t) for _ in range(size))
    w.before.append("global @table : memref<%dx%s> = [%s]\n" % (size, t, values))
    x, y = w.param("", [m, n], t), w.param("out", [m, n], t)
    g = w.name("g")
    w.line("%s = get_global @table : memref<%dx%s>" % (g, size, t))
    with w.loop("0", m, "i", mark=mark(w)) as i, w.loop("0", n, "j") as j:
        v = w.value("load %s[%s mod %d]" % (g, j.name, size), t)
        w.store(add(w, v, w.load(x, [i.name, j.name]), t), y, [i.name, j.name])


# ---- vectors and launches ----

def vectors(w):
    """Whole vectors and a mask at the end, or a sum of each row's vectors, of their sums or their largest."""
    rnd, (m, n, _) = w.rnd, w.dims
    t, lanes = rnd.choice(["f32", "f64", "i32"]), rnd.choice([4, 8, 16])
    kind = "vector<%dx%s>" % (lanes, t)
    x, y = w.param("", [m, n], t), w.param("inout", [m, n], t)
    total = w.param("out", [m], t) if t[0] == "f" and rnd.random() < 0.4 else None
    with w.loop("0", m, "i", mark=mark(w)) as i:
        if total:
            w.store("0.0", total, [i.name])
        with w.loop("0", n, "j", lanes) as j:
            k = w.value("lanes_below [%s - %s]" % (n, j.name), "vector<%dxi1>" % lanes)
            a = w.value("load %s[%s, %s] mask %s" % (x.name, i.name, j.name, k), kind)
            b = w.value("load %s[%s, %s] mask %s" % (y.name, i.name, j.name, k), kind)
            c = w.value("splat %s" % w.number(t), kind)
            v = w.value("fma %s, %s, %s" % (a, c, b) if t[0] == "f" else "addi %s, %s" % (a, b), kind)
            w.line("store %s, %s[%s, %s] mask %s" % (v, y.name, i.name, j.name, k))
            if total:
                s = w.value("%s %s" % (rnd.choice(["reduce_add", "reduce_maximum"]), a), t)
                w.store(add(w, w.load(total, [i.name]), s, t), total, [i.name])


def launch(w):
    """One element a thread, guarded at the end."""
    rnd, (m, n, _) = w.rnd, w.dims
    t = rnd.choice(FLOATS + INTS)
    x, y = w.param("", [m, n], t), w.param("inout", [m, n], t)
    b = rnd.choice([2, 4, 8])
    blocks = "(%s + %d) floordiv %d" % (n, b - 1, b) if isinstance(n, str) else str(-(-n // b))
    r, c, i = w.name("by"), w.name("bx"), w.name("tx")
    w.line("launch blocks(%s in %s, %s in %s) threads(%s in %d) {" % (c, blocks, r, m, i, b))
    body = Scope(w)
    j = "%s * %d + %s" % (c, b, i)
    w.line("if %s < %s {" % (j, n))
    inside = Scope(w)
    v = w.load(x, [r, j])
    w.store(add(w, v, w.load(y, [r, j]), t), y, [r, j])
    inside.close()
    body.close()


def shared_launch(w):
    """A tile reversed, or added up, by way of memory that the threads of a block share."""
    rnd = w.rnd
    t, b, blocks = rnd.choice(["f32", "i32", "f64"]), rnd.choice([2, 4, 8]), rnd.choice([1, 2, 3])
    x, y = w.param("", [blocks * b], t), w.param("out", [blocks * b], t)
    block, i = w.name("b"), w.name("t")
    w.line("launch blocks(%s in %d) threads(%s in %d) {" % (block, blocks, i, b))
    body = Scope(w)
    tile = w.alloc([b], t, ", shared")
    w.store(w.load(x, ["%s * %d + %s" % (block, b, i)]), tile, [i])
    w.line("barrier")
    if rnd.random() < 0.5:
        v = w.load(tile, ["%d - %s" % (b - 1, i)])
    else:
        s = w.alloc([1], t, ", local")
        w.store(ZERO[t[0]], s, ["0"])
        with w.loop("0", b, "k") as k:
            w.store(add(w, w.load(s, ["0"]), w.load(tile, [k.name]), t), s, ["0"])
        v = w.load(s, ["0"])
    w.store(v, y, ["%s * %d + %s" % (block, b, i)])
    body.close()


def tiled_launch(w):
    """A product by tiles in shared memory, as on a GPU: load both tiles, wait, add up, wait."""
    rnd = w.rnd
    t, b, steps = rnd.choice(["f32", "f64", "i32"]), rnd.choice([2, 4]), rnd.choice([1, 2, 3])
    m, n, k = b * rnd.choice([1, 2]), b * rnd.choice([1, 2]), b * steps
    x, wt, y = w.param("", [m, k], t), w.param("", [k, n], t), w.param("out", [m, n], t)
    by, bx, ty, tx = w.name("by"), w.name("bx"), w.name("ty"), w.name("tx")
    w.line("launch blocks(%s in %d, %s in %d) threads(%s in %d, %s in %d) {" % (bx, n // b, by, m // b, tx, b, ty, b))
    body = Scope(w)
    xs, ws = w.alloc([b, b], t, ", shared"), w.alloc([b, b], t, ", shared" + rnd.choice(["", ", pad(1)"]))
    acc = w.alloc([1], t, ", local")
    w.store(ZERO[t[0]], acc, ["0"])
    with w.loop("0", steps, "s") as s:
        w.store(w.load(x, ["%s * %d + %s" % (by, b, ty), "%s * %d + %s" % (s.name, b, tx)]), xs, [ty, tx])
        from_w = ["%s * %d + %s" % (s.name, b, ty), "%s * %d + %s" % (bx, b, tx)]
        if rnd.random() < 0.4:
            w.line("async_copy %s[%s], %s[%s, %s]" % (wt.name, ", ".join(from_w), ws.name, ty, tx))
            w.line("async_commit")
            w.line("async_wait")
        else:
            w.store(w.load(wt, from_w), ws, [ty, tx])
        w.line("barrier")
        with w.loop("0", b, "k") as kk:
            update(w, acc, ["0"], w.load(xs, [ty, kk.name]), w.load(ws, [kk.name, tx]))
        w.line("barrier")
    w.store(w.load(acc, ["0"]), y, ["%s * %d + %s" % (by, b, ty), "%s * %d + %s" % (bx, b, tx)])
    body.close()


# ---- layouts ----

def by_columns(w):
    """An intermediate that lies column by column, or with its rows apart."""
    rnd = w.rnd
    m, n, t = rnd.choice([1, 3, 4, 8]), rnd.choice([1, 2, 5, 16]), rnd.choice(FLOATS + INTS)
    x, y = w.param("", [m, n], t), w.param("out", [n, m], t)
    tmp = w.name("t")
    layout = rnd.choice(["strides(1, %d)" % m, "strides(1, %d)" % (m + 3), "strides(%d, 1)" % (n + 2), "pad(3)"])
    w.line("%s = alloc : memref<%dx%dx%s, %s>" % (tmp, m, n, t, layout))
    with w.loop("0", m, "i", mark=mark(w)) as i, w.loop("0", n, "j") as j:
        w.line("store %s, %s[%s, %s]" % (w.load(x, [i.name, j.name]), tmp, i.name, j.name))
    with w.loop("0", n, "p", mark=mark(w)) as p, w.loop("0", m, "q") as q:
        v = w.value("load %s[%s, %s]" % (tmp, q.name, p.name), t)
        w.store(add(w, v, v, t), y, [p.name, q.name])



def blocked(w):
    """A product on blocks: x[ib, kb, i, k], the blocks of a matrix one after another."""
    rnd = w.rnd
    ib, kb, jb = (rnd.choice([1, 2, 3]) for _ in range(3))
    b = rnd.choice([2, 4, 8])
    t = rnd.choice(["f32", "f64"])
    x, wt, y = w.param("", [ib, kb, b, b], t), w.param("", [kb, jb, b, b], t), w.param("out", [ib, jb, b, b], t)
    zero(w, y)
    scopes, v = nest(w, "pqrijk", {"p": ib, "q": jb, "r": kb, "i": b, "j": b, "k": b}, "pq")
    update(w, y, [v["p"], v["q"], v["i"], v["j"]], w.load(x, [v["p"], v["r"], v["i"], v["k"]]),
           w.load(wt, [v["r"], v["q"], v["k"], v["j"]]))
    close(scopes)


def triangle(w):
    """The lower half of a matrix times a vector, added up in place; every other row at times."""
    rnd, (n, _, _) = w.rnd, w.dims
    t = rnd.choice(FLOATS)
    a, x, y = w.param("", [n, n], t), w.param("", [n], t), w.param("inout", [n], t)
    with w.loop("0", n, "i", rnd.choice([1, 1, 2]), mark(w)) as i:
        lo, hi = ("0", i.name + " + 1") if rnd.random() < 0.5 else (i.name, n)
        with w.loop(lo, hi, "j") as j:
            update(w, y, [i.name], w.load(a, [i.name, j.name]), w.load(x, [j.name]))


KERNELS = [ordered_product, ordered_product, ordered_product, tiled_product, convolution, prefix_sum, recurrence, shortest,
           time_steps, interrupted, histogram, gather, bag, search, integers, integers, counted, calls, calls, table, vectors,
           launch, shared_launch, tiled_launch, blocked, by_columns, triangle]
