"""Loop programs of sums of products by groups, on sums of so many lanes.

    dots.py EDGES LANES…

EDGES is the name of arrays: E for all values at which ops go wrong, F for those but subnormal numbers.
"""
import sys

N = 1056
KINDS = {"i8": ("i8", "i32", 4, ""), "u8": ("i8", "i32", 4, " {unsigned}"), "bf16": ("bf16", "f32", 2, "")}


def function(name, lanes, kind, body):
    """%a and %b are vectors of factors, %c is one of sums, %i counts lanes of sums; %y goes to the output."""
    t, sums, group, _ = KINDS[kind]
    edges = sys.argv[1]
    wide = f"vector<{lanes * group}x{t}>"
    count = N - N % lanes
    print(f"func @{name}_{kind}_{lanes}(%{edges}: memref<{N * group}x{t}>, %{edges}2: memref<{N * group}x{t}>,"
          f" %X: memref<{N}x{sums}>, %Y: out memref<{count}x{sums}>) {{")
    print(f"  for %i = 0 to {count} step {lanes} {{")
    print(f"    %a = load %{edges}[%i * {group}] : {wide}\n    %b = load %{edges}2[%i * {group}] : {wide}")
    print(f"    %c = load %X[%i] : vector<{lanes}x{sums}>")
    for line in body:
        print("    " + line)
    print("    store %y, %Y[%i]\n  }\n}")


def programs(lanes, kind):
    t, sums, group, attrs = KINDS[kind]
    edges = sys.argv[1]
    sum_t, wide = f"vector<{lanes}x{sums}>", f"vector<{lanes * group}x{t}>"

    def dot(x="%a", y="%b", z="%c", to="%y"):
        return f"{to} = dot {x}, {y}, {z}{attrs} : {sum_t}"

    def splat(x, n, to):
        return [f"{x} = load %{edges}[%i * {group}] : vector<{n}x{t}>", f"{to} = splat {x} : {wide}"]

    zero, one = ("0.0", "1.0") if t == "bf16" else ("0", "1")
    yield "dot", [dot()]
    yield "chain", [dot(to="%s"), dot("%b", "%a", "%s")]
    yield "literals", [dot(f"{one}", "%b", zero, "%s"), dot("%a", one, "%s")]
    yield "group", splat("%g", group, "%s") + [dot("%s")]
    yield "one", splat("%g", 1, "%s") + [dot("%s")]
    yield "half", splat("%g", max(lanes * group // 2, 1), "%s") + [dot("%s")]
    if lanes % 3 == 0:
        yield "thirds", splat("%g", 3, "%s") + [dot("%b", "%s")]
    yield "masked", [f"%m = lanes_below [{N * group - 5} - %i * {group}] : vector<{lanes * group}xi1>",
                     f"%v = load %{edges}[%i * {group}] mask %m : {wide}", dot("%v")]
    # Buffers: of one vector, of several, in memory.
    yield "kept", [f"%p = alloc : memref<1x{wide}, local>", "store %b, %p[0]",
                   f"%m = lanes_below [%i] : vector<{lanes * group}xi1>", "store %a, %p[0] mask %m",
                   f"%v = load %p[0] : {wide}", f"%w = load %p[0] mask %m : {wide}", dot("%v", "%w")]
    yield "panel", [f"%p = alloc : memref<2x{wide}, local>", "store %a, %p[0]", "store %b, %p[1]",
                    f"%v = load %p[1] : {wide}", f"%w = load %p[0] : {wide}", dot("%v", "%w")]
    yield "row", [f"%p = alloc : memref<{lanes * group}x{t}, local>", "store %a, %p[0]",
                  f"%m = lanes_below [%i] : vector<{lanes * group}xi1>", "store %b, %p[0] mask %m",
                  f"%v = load %p[0] : {wide}", dot("%v")]
    # Factors that are also computed with, and a buffer whose elements are wanted both ways.
    negative = f"{'negf' if t == 'bf16' else 'subi 0,'} %a : {wide}"
    yield "computed", [f"%n = {negative}", dot("%n", to="%s"), dot(z="%s")]
    yield "mixed", [f"%p = alloc : memref<2x{wide}, local>", "store %a, %p[0]", "store %b, %p[1]",
                    f"%v = load %p[0] : {wide}", f"%w = load %p[1] : {wide}", f"%n = {negative.replace('%a', '%v')}",
                    dot("%n", "%w")]


for width in sys.argv[2:]:
    for kind in KINDS:
        for name, body in programs(int(width), kind):
            function(name, int(width), kind, body)
