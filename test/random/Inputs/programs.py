"""What the drivers of random programs share: running tools, signatures, many programs as one module, arrays.

A Case is the text of a module, the name of one of its functions, and one binding of its symbolic extents. join(cases)
makes one module of many, with a function @all that calls each: every tool runs once, and the C compiler too.
"""
import json
import os
import re
import subprocess

import numpy as np

NUMPY = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "bf16": np.uint16, "i64": np.int64, "i32": np.int32,
         "i8": np.int8, "i1": np.uint8, "index": np.int64}
SAFE = {"f64": "F64", "f32": "F32", "f16": "F16", "bf16": "BF16", "i64": "I64", "i32": "I32", "i8": "I8", "i1": "BOOL",
        "index": "I64"}


class Failure(Exception):
    """kind: what went wrong, by which failures are told apart; text: how; commands: what shows it; step: of a schedule."""

    def __init__(self, kind, text, commands=(), step=None):
        self.kind, self.text, self.commands, self.step = kind, text, list(commands), step


def first_error(stderr):
    m = re.search(r"(?:^|: )(?:error|internal error): (.*)", stderr)
    return m.group(1) if m else stderr.strip().split("\n")[0]


def kind_of(message):
    """The message without the names and numbers in it."""
    return re.sub(r"[%@][\w.$]+|-?\d+(\.\d+)?|0x\w+", "#", message)[:70]


def run(command, text="", limit=600):
    """The finished process; nothing it does is an error here but never to end."""
    try:
        return subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=limit,
                              encoding="utf-8", errors="replace")
    except subprocess.TimeoutExpired:
        raise Failure("timeout of " + command[0], "no end after %d s" % limit, [command]) from None


def shown(command):
    """A command line as a shell reads it."""
    return " ".join("'%s'" % w if re.search(r"[^\w./=,@:%+-]", w) else w for w in command)


def must(command, limit=600):
    """Standard output of a command that may not fail."""
    p = run(command, limit=limit)
    if p.returncode:
        what = "%s exit %d: %s" % (command[0], p.returncode, kind_of(first_error(p.stderr or p.stdout)))
        raise Failure(what, p.stderr[:3000] or p.stdout[-1500:], [command])
    return p.stdout


# ---- signatures ----

class Array:
    """A parameter or result: its name, role (in, out, inout or result), extents and scalar type."""

    def __init__(self, name, role, dims, dtype):
        self.name, self.role, self.dims, self.dtype = name, role, dims, dtype

    def shape(self, extents):
        return tuple(int(d) if d.isdigit() else extents[d] for d in self.dims)


KIND = re.compile(r"\s*(?:tensor|memref)<((?:[A-Z0-9_]+x)*)([a-z]\w*)[^<>]*>")


def array(name, role, kind):
    dims, dtype = KIND.match(kind).groups()
    return Array(name, role or "in", dims.split("x")[:-1], dtype)


def signature(text, name):
    """Parameters and results of @name."""
    head = re.search(r"^func @%s\((.*?)\)(?: -> (.*))? \{$" % re.escape(name), text, re.M)
    if not head:
        raise Failure("program", "there is no @%s" % name)
    params = [array(m.group(1), m.group(2), m.group(3))
              for m in re.finditer(r"%([\w.$]+): (?:(out|inout) )?((?:tensor|memref)<[^<>]*>)", head.group(1))]
    kinds = re.findall(r"tensor<[^<>]*>", head.group(2) or "")
    return params, [array("", "result", k) for k in kinds]


def symbols(text, name):
    params, _ = signature(text, name)
    return sorted({d for p in params for d in p.dims if not d.isdigit()})


# ---- cases, and modules of many ----

class Case:
    def __init__(self, text, extents, name="f"):
        self.text, self.extents, self.name = text, extents, name
        self.params, self.results = signature(text, name)

    def renamed(self, n):
        """The module with names that no other one has."""
        return re.sub(r"@(\w+)", r"@p%d_\1" % n, self.text)

    def on_vm_alone(self):
        """Launches whose threads wait for one another have no form in C (docs/c.md)."""
        return "barrier" in self.text


def kind_text(a, extents, word):
    return "%s<%s>" % (word, "x".join([str(d) for d in a.shape(extents)] + [a.dtype]))


def join(cases):
    """Text of one module, whose last function @all calls each case with arrays of its own."""
    texts, seen, params, results, body, names = [], {}, [], [], [], []
    for i, c in enumerate(cases):
        if c.text not in seen:
            seen[c.text] = len(seen)
            texts.append(c.renamed(seen[c.text]))
        word = "tensor" if c.results else "memref"
        arguments = []
        for p in c.params:
            arguments.append("%%%s_c%d" % (p.name, i))
            role = p.role + " " if p.role != "in" else ""
            params.append("%s: %s%s" % (arguments[-1], role, kind_text(p, c.extents, word)))
        call = "call @p%d_%s(%s)" % (seen[c.text], c.name, ", ".join(arguments))
        if c.results:
            outs = ["%%r%d_c%d" % (k, i) for k in range(len(c.results))]
            kinds = [kind_text(r, c.extents, "tensor") for r in c.results]
            results += kinds
            names += outs
            call = "%s = %s : %s" % (", ".join(outs), call, ", ".join(kinds))
        body.append("  " + call)
    if results:
        body.append("  return " + ", ".join(names))
    returned = " -> " + ("(%s)" % ", ".join(results) if len(results) > 1 else results[0]) if results else ""
    head = "func @all(%s)%s {\n" % (", ".join(params), returned)
    lines = "\n".join(texts).split("\n")
    lines.sort(key=lambda line: not line.startswith("global"))  # as they are printed: before all functions
    return "\n".join(lines) + "\n" + head + "\n".join(body) + "\n}\n"


def commented(rnd, text):
    """The text with comments before its lines, behind them and at times between their words, some of them like code."""
    words = ["for all rows", "TODO: vectorize", "}", "%x = load %A[0] : f32", "a * b + c", "// twice", "see below {", ""]
    out = []
    for line in text.split("\n")[:-1]:
        pad = line[:len(line) - len(line.lstrip())]
        if rnd.random() < 0.2:
            out.append(pad + "// " + rnd.choice(words))
        if ", " in line and rnd.random() < 0.05:
            line = line.replace(", ", ",  // %s\n%s    " % (rnd.choice(words), pad), 1)
        out.append(line + "  // " + rnd.choice(words) if line.strip() and rnd.random() < 0.1 else line)
    return "\n".join(out) + "\n"


def comments(text):
    """All comments in the order of the text."""
    return [c.strip() for c in re.findall(r"//(.*)", text)]


# ---- arrays ----

def to_bf16(a):
    """Nearest even, as raw 16 bits."""
    bits = np.asarray(a, np.float32).reshape(a.shape).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits // 65536) % 2) // 65536).astype(np.uint16)


def as_numbers(raw, dtype):
    """What NumPy calculates with: float64, or int64."""
    if dtype == "bf16":
        return (raw.astype(np.uint32) * np.uint32(65536)).view(np.float32).astype(np.float64)
    return raw.astype(np.float64 if dtype[0] == "f" else np.int64)


SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 6e-8, -6e-8, 65504.0, 0.5, 1.5, 2.5, -126.5, 127.49, 3e9, -3e9]


def draw(rng, a, extents, special):
    """Contents for a parameter, as its type lies in a file. %d… is not zero, %nE_… an index of an extent E."""
    shape = a.shape(extents)
    index = re.match(r"n([A-Z]|\d+)_", a.name)
    if index:
        most = int(index.group(1)) if index.group(1).isdigit() else extents[index.group(1)]
        return np.asarray(rng.integers(0, most, shape)).astype(NUMPY[a.dtype])
    if a.dtype == "i1":
        return np.asarray(rng.integers(0, 2, shape)).astype(np.uint8)
    if a.dtype[0] == "i":
        bits = 8 * NUMPY[a.dtype]().itemsize
        v = np.asarray(rng.integers(-9, 10, shape))
        if special:
            ends = np.array([-2 ** (bits - 1), 2 ** (bits - 1) - 1, 0, -1, 1])
            v = np.where(rng.random(shape) < special, rng.choice(ends, shape), v)
        return np.where((v == 0) & (a.name[0] == "d"), 1, v).astype(NUMPY[a.dtype])
    v = np.asarray(rng.normal(0, rng.choice([0.3, 1, 1, 2]), shape))
    if special:
        v = np.where(rng.random(shape) < special, rng.choice(SPECIAL, shape), v)
    if a.dtype == "f16":
        v = np.where(np.isfinite(v), np.clip(v, -65504, 65504), v)
    return to_bf16(v) if a.dtype == "bf16" else v.astype(NUMPY[a.dtype])


def write_arrays(path, arrays):
    """arrays: name -> (dtype, raw). As a safetensors file."""
    head, at, data = {}, 0, []
    for name, (dtype, raw) in arrays.items():
        n = raw.nbytes
        head[name] = {"dtype": SAFE[dtype], "shape": list(raw.shape), "data_offsets": [at, at + n]}
        data.append(np.ascontiguousarray(raw).tobytes())
        at += n
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text + b"".join(data))


def read_arrays(path, dtypes):
    """name -> raw, for the names in dtypes."""
    with open(path, "rb") as f:
        n = int.from_bytes(f.read(8), "little")
        head, data = json.loads(f.read(n)), f.read()
    out = {}
    for name, dtype in dtypes.items():
        low, high = head[name]["data_offsets"]
        out[name] = np.frombuffer(data[low:high], NUMPY[dtype]).reshape(head[name]["shape"])
    return out


def same_bits(a, b, dtype):
    """Whether two raw arrays are equal, NaNs counting as one."""
    if a.tobytes() == b.tobytes():
        return True
    if dtype[0] == "i":
        return False
    different = a.view("u%d" % a.itemsize) != b.view("u%d" % b.itemsize)
    return not np.any(different & ~(np.isnan(as_numbers(a, dtype)) & np.isnan(as_numbers(b, dtype))))
