"""Shows what the library is about by name in gdb: strings, types, values, ops, affine expressions.

  (gdb) source utils/gdb/tilesmith.py
  (gdb) print op
  $1 = %y = MULF(%x, 0.5)

It reads memory alone, so it works on core files too; `call ts_dump(op)` has the program itself print the text of the
language. An id of an interned string says nothing about its module: that is looked for in the frame and its callers."""
import struct
import gdb

AFF = {"TS_AFF_MUL": "*", "TS_AFF_FLOORDIV": "floordiv", "TS_AFF_CEILDIV": "ceildiv", "TS_AFF_MOD": "mod"}


def module_in(frame):
    """The module that a variable of the frame, or of a caller, leads to; None when there is none."""
    steps = {"ts_module": "", "ts_func": "->module", "ts_block": "->func->module", "ts_op": "->block->func->module"}
    while frame and frame.is_valid():
        try:
            block = frame.block()
        except RuntimeError:
            block = None  # no debug information
        while block and not block.is_global:
            for symbol in (s for s in block if s.is_variable or s.is_argument):
                step = steps.get(str(symbol.type.strip_typedefs()).replace("const ", "").replace("struct ", "").rstrip(" *"))
                if step is not None and symbol.type.strip_typedefs().code == gdb.TYPE_CODE_PTR:
                    value = symbol.value(frame)
                    for field in filter(None, step.split("->")):
                        value = value[field] if value else value
                    if value:
                        return value
            block = block.superblock
        frame = frame.older()
    return None


def string(name, module=None):
    module = module or module_in(gdb.selected_frame())
    if not int(name):
        return ""
    if not module:
        return f"string {int(name)}"
    entry = module["strings"]["entries"][int(name) - 1]
    return entry["text"].string(length=int(entry["len"]))


def type_text(t):
    return t["text"].string(length=int(t["text_len"])) if t["text"] else "?"


RESULT, ARG, LITERAL = range(3)  # ts_value_kind, of which debug information knows nothing


def value_text(v):
    kind = int(v["kind"])
    if kind == LITERAL:
        bits = int(v["bits"])
        if type_text(v["type"].dereference()).startswith(("f", "bf")):
            return repr(struct.unpack("d", struct.pack("Q", bits))[0])
        return str(bits - (bits >> 63 << 64))
    block = v["block"] if kind == ARG else v["def"]["block"]
    module = block["func"]["module"] if block else None
    return "%" + (string(v["name"], module) or "?")


def op_text(op):
    name = str(op["opcode"].cast(gdb.lookup_type("ts_opcode"))).replace("TS_OP_", "")
    operands = ", ".join(value_text(op["operands"][i]["value"].dereference()) for i in range(int(op["num_operands"])))
    values = (op.address + 1).cast(gdb.lookup_type("ts_value").pointer())
    results = ", ".join(value_text(values[i]) for i in range(int(op["num_results"])))
    return (results + " = " if results else "") + f"{name}({operands})"


def aff_text(a):
    kind = str(a["kind"].cast(gdb.lookup_type("ts_aff_kind")))
    if kind == "TS_AFF_CONST":
        return str(int(a["value"]))
    if kind == "TS_AFF_DIM":
        return f"d{int(a['value'])}"
    if kind == "TS_AFF_SYM":
        return string(a["value"])
    return f"({aff_text(a['lhs'].dereference())} {AFF.get(kind, '+')} {aff_text(a['rhs'].dereference())})"


TEXTS = {
    "ts_type": type_text,
    "ts_value": lambda v: f"{value_text(v)} : {type_text(v['type'].dereference())}",
    "ts_op": op_text,
    "ts_aff": aff_text,
}


class Printer:
    def __init__(self, text, value):
        self.text, self.value = text, value

    def to_string(self):
        return self.text(self.value)


def lookup(value):
    """A printer for the thing itself or for a pointer to it."""
    if value.type.name == "ts_str":
        return Printer(lambda name: repr(string(name)), value)
    bare = value.type.strip_typedefs()
    if bare.code == gdb.TYPE_CODE_PTR:
        if not value or bare.target().strip_typedefs().tag not in TEXTS:
            return None
        value, bare = value.dereference(), bare.target().strip_typedefs()
    text = TEXTS.get(bare.tag)
    return Printer(text, value) if text else None


gdb.pretty_printers.append(lookup)
