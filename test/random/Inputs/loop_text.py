"""Reads the loop IR that ts-opt prints: which loops and buffers there are, and what its accesses touch.

loops(text) gives the loops as they nest. races(text, extents) runs the loops of a program without computing
anything and gives the first two iterations of a `parallel` loop that touch one element, one of them to write.
It shares no code with the tools.
"""
import re

TOKEN = re.compile(r"%[\w.$]+|[A-Z][A-Z0-9_]*|\d+|floordiv|ceildiv|mod|min|max|[-+*(),]|[<>=!]=|[<>]|and")
LOOP = re.compile(r"^\s*for (%[\w.$]+) = (.*) to (.*?)(?: step (\d+))?((?: parallel| unroll| vector\(\d+\))*) \{$")
ACCESS = re.compile(r"(%[\w.$]+)\[([^\]]*)\]")


class Loop:
    def __init__(self, name, parent, header):
        self.name, self.parent, self.header = name, parent, header
        self.children, self.others, self.reads = [], 0, set()

    def only_child(self):
        return self.children[0] if len(self.children) == 1 and not self.others else None

    def chain(self):
        """Itself and the loops that make a perfect nest with it."""
        out = [self]
        while out[-1].only_child():
            out.append(out[-1].only_child())
        return out

    def inside(self, name):
        return self.name == name or (self.parent is not None and self.parent.inside(name))


def loops(text):
    """Every loop of the program in the order of the text."""
    stack, out = [], []
    for line in text.splitlines():
        m = LOOP.match(line)
        around = next((x for x in reversed(stack) if x), None)
        if m:
            loop = Loop(m.group(1)[1:], around, line.strip())
            out.append(loop)
            if around:
                around.children.append(loop)
                around.others += stack[-1] is None
            stack.append(loop)
        elif line.strip().startswith("}"):
            stack.pop()
            if line.strip() != "}":
                stack.append(None)
        else:
            if around:
                around.others += 1
            read = re.search(r" = load %([\w.$]+)\[", line)
            for outer in filter(None, stack if read else []):
                outer.reads.add(read.group(1))
            if line.rstrip().endswith("{"):
                stack.append(None)
    return out


def buffers(text):
    """(name, memref type, where) of every buffer; where is "alloc" or the parameter's role."""
    out = []
    for m in re.finditer(r"(%[\w.$]+): (?:(out|inout) )?(memref<(?:[^<>]|<[^<>]*>)*>)", text):
        out.append((m.group(1)[1:], m.group(3), m.group(2) or "in"))
    for m in re.finditer(r"(%[\w.$]+) = alloc : (memref<.*>)$", text, re.M):
        out.append((m.group(1)[1:], m.group(2), "alloc"))
    return out


# ---- programs as Python ----

class Affine:
    """An affine expression, condition or list of them as Python text."""

    def __init__(self, text):
        self.tokens, self.at = TOKEN.findall(text), 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def atom(self):
        t = self.take()
        if t == "(":
            e = self.sum()
            self.take()
            return "(%s)" % e
        if t == "-":
            return "-" + self.atom()
        if t in ("min", "max"):
            self.take()
            args = self.list()
            self.take()
            return "%s(%s)" % (t, ", ".join(args) + ",")
        return variable(t) if t[0] == "%" else "x_" + t if t[0].isalpha() else t

    def product(self):
        e = self.atom()
        while self.peek() in ("*", "floordiv", "ceildiv", "mod"):
            op, f = self.take(), self.atom()
            e = "(-(-(%s) // %s))" % (e, f) if op == "ceildiv" else \
                "(%s %s %s)" % (e, {"*": "*", "floordiv": "//", "mod": "%"}[op], f)
        return e

    def sum(self):
        e = self.product()
        while self.peek() in ("+", "-"):
            op = self.take()
            e = "%s %s %s" % (e, op, self.product())
        return e

    def list(self):
        out = [self.sum()]
        while self.peek() == ",":
            self.take()
            out.append(self.sum())
        return out

    def condition(self):
        out = []
        while True:
            left, op = self.sum(), self.take()
            out.append("%s %s %s" % (left, op, self.sum()))
            if self.peek() != "and":
                return " and ".join(out)
            self.take()


def variable(name):
    return "v_" + re.sub(r"\W", lambda m: "_%d_" % ord(m.group(0)), name[1:])


class Race(Exception):
    pass


class Trace:
    """What the parallel loops around have seen: element -> (iteration, what it did to it)."""

    def __init__(self):
        self.around, self.next = [], 0

    def alloc(self):
        self.next += 1
        return self.next

    def loop(self, name, values):
        seen = {}
        self.around.append([name, None, seen])
        for v in values:
            self.around[-1][1] = v
            yield v
        self.around.pop()

    def touch(self, buffer, element, what):
        """`what` is load, store or atomic_add: loads may come together, and so may additions."""
        key = (buffer, element)
        for name, now, seen in self.around:
            old = seen.get(key)
            if old is None:
                seen[key] = (now, {what})
            elif old[0] == now:
                old[1].add(what)
            elif old[1] | {what} not in ({"load"}, {"atomic_add"}):
                raise Race("%%%s = %s and %s both touch element %s of a buffer" % (name, old[0], now, element))

    def lanes(self, buffer, element, what, count):
        for lane in range(count):
            self.touch(buffer, element[:-1] + (element[-1] + lane,), what)


def as_python(text):
    """Functions that make the accesses of the program's; None when it does what is not followed here."""
    out, vectors, masks, of = [], {}, {}, {}
    for line in text.splitlines():
        code, depth = line.strip(), (len(line) - len(line.lstrip())) // 2
        say = lambda s: out.append("  " * depth + s)
        m = LOOP.match(line)
        if m:
            span = "range(%s, %s, %s)" % (Affine(m.group(2)).sum(), Affine(m.group(3)).sum(), m.group(4) or 1)
            if "parallel" in m.group(5):
                span = "t.loop(%r, %s)" % (m.group(1)[1:], span)
            say("for %s in %s:" % (variable(m.group(1)), span))
            say("  pass")
        elif code.startswith("func @"):
            out.append("def f_%s(t, x):" % re.match(r"func @(\w+)", code).group(1))
            for s in sorted(set(re.findall(r"(?<=[<x])[A-Z][A-Z0-9_]*(?=x)", code))):
                out.append("  x_%s = x[%r]" % (s, s))
            for b, kind, _ in buffers(code):
                of["%" + b] = kind
                out.append("  %s = t.alloc()" % variable("%" + b))
        elif code.startswith("if %") and re.match(r"if %[\w.$]+ \{", code):
            say("if True:")
            say("  pass")
        elif code.startswith("if "):
            say("if %s:" % Affine(code[3:-1]).condition())
            say("  pass")
        elif code.startswith("} else"):
            previous = next(o for o in reversed(out) if o.startswith("  " * depth + "if"))
            say("if True:" if previous.endswith("if True:") else "else:")
            say("  pass")
        elif " = alloc : " in code:
            name = code.split(" ")[0]
            of[name] = code.split(" : ")[1]
            say("%s = t.alloc()" % variable(name))
        elif " = lanes_below " in code:
            name = code.split(" ")[0]
            masks[name] = variable(name)
            say("%s = %s" % (masks[name], Affine(code[code.index("[") + 1:code.rindex("]")]).sum()))
        elif " = apply " in code:
            say("%s = %s" % (variable(code.split(" ")[0]),
                             Affine(code[code.index("[") + 1:code.rindex("]")]).sum()))
        elif code.startswith(("launch ", "barrier", "async_")) or code.startswith("copy ") or code.startswith("call ") or " = call " in code:
            return None
        elif code.startswith(("store ", "atomic_add ")) or " = load " in code:
            m = ACCESS.search(code)
            what = "load" if " = load " in code else code.split(" ")[0]
            if what != "load":
                vectors_of = vectors.get(code.split(" ")[1].rstrip(","), 1)
            else:
                v = re.search(r" : vector<(\d+)x", code)
                vectors_of = vectors[code.split(" ")[0]] = int(v.group(1)) if v else 1
            mask = re.search(r"mask (%[\w.$]+)", code)
            subs = Affine(m.group(2)).list() if m.group(2) else []
            element = "(%s)" % "".join(s + ", " for s in subs)
            if vectors_of == 1 or "vector" in of.get(m.group(1), ""):
                say("t.touch(%s, %s, %r)" % (variable(m.group(1)), element, what))
            else:
                count = "%d" % vectors_of
                if mask and mask.group(1) in masks:
                    count = "max(0, min(%s, %s))" % (count, masks[mask.group(1)])
                say("t.lanes(%s, %s, %r, %s)" % (variable(m.group(1)), element, what, count))
        else:
            v = re.match(r"(%[\w.$]+) = .* : vector<(\d+)x", code)
            if v:
                vectors[v.group(1)] = int(v.group(2))
    return "\n".join(out)


def races(text, extents):
    """None, or what two iterations of a parallel loop do to one element. ValueError: it cannot be told."""
    code = as_python(text)
    if code is None:
        raise ValueError("copies, calls and launches are not followed")
    scope = {}
    exec(compile(code, "loops", "exec"), scope)
    for name in [n for n in scope if n.startswith("f_")]:
        try:
            scope[name](Trace(), extents)
        except Race as race:
            return str(race)
        except NameError as unknown:
            raise ValueError("a subscript is computed at run time") from unknown
    return None
