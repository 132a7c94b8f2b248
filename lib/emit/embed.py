#!/usr/bin/env python3
"""Turns the headers of lib/emit/prelude into prelude.c, the table behind lib/emit/prelude.h, or into one
header with every width written out, which tests and benchmarks include.

  embed.py --table prelude.c HEADER…
  embed.py --header ts_vmath_all.h HEADER…

A section runs from its `//@section NAME [needs NAME…]` line, or the last of the `//@needs NAME…` lines
that follow it, to the next `//@` line. A section of f32x16 or f64x8 gives one for each narrower width
that has none of its own, and one of a scalar is written with the narrowest vector in place of the
widest: nothing but these names is replaced."""
import re
import sys

NARROWER = {"f32x16": ("f32x8", "f32x4"), "f64x8": ("f64x4", "f64x2")}


def fail(message):
    sys.exit(f"embed.py: error: {message}")


def read_sections(text):
    """(name, needs, body) of every section, in the order of the file."""
    sections = []
    parts = re.split(r"^//@(.*)\n", text, flags=re.M)
    for mark, body in zip(parts[1::2], parts[2::2]):
        words = mark.split()
        if words == ["end"]:
            break
        if words[:1] == ["needs"] and sections and not sections[-1][2].strip():
            name, needs, _ = sections.pop()
            words = ["section", name, "needs", *needs, *words[1:]]
        if len(words) < 2 or words[0] != "section" or (len(words) > 2 and words[2] != "needs"):
            fail(f"'//@{mark}': wanted '//@section NAME [needs NAME…]'")
        sections.append((words[1], words[3:], body.strip("\n") + "\n"))
    return sections


def narrow(text, wide, other):
    """The text with type names and suffixes of `wide` turned into those of `other`: f32x16 and i32x16."""
    for kind in "fiu":
        text = re.sub(rf"{kind}{wide[1:]}(?!\d)", kind + other[1:], text)
    return text


def narrow_section(section, wide, other):
    name, needs, body = section
    return narrow(name, wide, other), [narrow(n, wide, other) for n in needs], narrow(body, wide, other)


def instantiate(sections):
    """The sections at every width, each followed by its narrower forms."""
    known = {name for name, _, _ in sections}
    for section in sections:
        name = section[0]
        suffix = re.sub("^i", "f", name.split("_")[-1])
        wide = next((w for w in NARROWER if w.startswith(suffix)), None)
        if wide is None:
            yield section
        elif suffix != wide:
            yield narrow_section(section, wide, NARROWER[wide][-1])
        else:
            forms = [narrow_section(section, wide, other) for other in NARROWER[wide]]
            yield section
            yield from (form for form in forms if form[0] not in known)


def order(sections):
    """The sections sorted so that each stands after those it needs, otherwise as they were."""
    by_name = {s[0]: s for s in sections}
    done, out = set(), []

    def visit(name, by):
        if name not in by_name:
            fail(f"section {by} needs '{name}', and there is no such section")
        if name in done:
            return
        done.add(name)
        for need in by_name[name][1]:
            visit(need, name)
        out.append(by_name[name])

    for name, _, _ in sections:
        visit(name, name)
    return out


def c_string(text):
    lines = text.split("\n")[:-1]
    quoted = [line.replace("\\", "\\\\").replace('"', '\\"') for line in lines]
    return "\n".join(f'     "{line}\\n"' for line in quoted)


def write_table(sections, out):
    out.write('/* Made by embed.py from lib/emit/prelude. */\n#include "emit/prelude.h"\n\n')
    out.write("const ts_prelude_section ts_prelude_sections[] = {\n")
    for name, needs, body in sections:
        out.write(f'    {{"{name}", "{" ".join(needs)}",\n{c_string(body)}}},\n')
    out.write("};\n")
    out.write(f"const unsigned ts_num_prelude_sections = {len(sections)};\n")


def write_header(sections, out):
    out.write("/* Made by embed.py: every section of lib/emit/prelude at every width. */\n")
    out.write("#ifndef TS_VMATH_ALL_H\n#define TS_VMATH_ALL_H\n")
    for _, _, body in sections:
        out.write("\n" + body)
    out.write("#endif\n")


def main(args):
    if len(args) < 3 or args[0] not in ("--table", "--header"):
        fail("wanted: embed.py --table|--header OUTPUT HEADER…")
    sections = []
    for path in args[2:]:
        with open(path, encoding="utf-8") as f:
            sections += read_sections(f.read())
    with open(args[1], "w", encoding="utf-8", newline="\n") as f:
        (write_table if args[0] == "--table" else write_header)(order(list(instantiate(sections))), f)


main(sys.argv[1:])
