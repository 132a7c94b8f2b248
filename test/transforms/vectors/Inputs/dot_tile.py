"""A tile of sums of products by groups: dot_tile.py i8|u8|bf16 ROWS VECTORS LANES [K]

The k loop takes a group of K at a time: of each row of X a group, splat, and of W, packed in groups, a
row of vectors.
"""
import sys

kind, rows, vectors, lanes = sys.argv[1], *map(int, sys.argv[2:5])
t, sum_t, group = ("bf16", "f32", 2) if kind == "bf16" else ("i8", "i32", 4)
k = int(sys.argv[5]) if len(sys.argv) > 5 else 24
zero = "0.0" if kind == "bf16" else "0"
width = lanes * group
unsigned = " {unsigned}" if kind == "u8" else ""
print(f"""func @tile(%X: memref<{rows}x{k}x{t}>, %W: memref<{k // group}x{vectors * width}x{t}>, %Y: out memref<{rows}x{vectors * lanes}x{sum_t}>) {{
  %acc = alloc : memref<{rows}x{vectors * lanes}x{sum_t}, local>
  for %i2 = 0 to {rows} unroll {{
    for %j2 = 0 to {vectors} unroll {{
      %z = splat {zero} : vector<{lanes}x{sum_t}>
      store %z, %acc[%i2, %j2 * {lanes}]
    }}
  }}
  for %k = 0 to {k // group} {{
    for %i = 0 to {rows} unroll {{
      for %j = 0 to {vectors} unroll {{
        %x = load %X[%i, %k * {group}] : vector<{group}x{t}>
        %xs = splat %x : vector<{width}x{t}>
        %w = load %W[%k, %j * {width}] : vector<{width}x{t}>
        %c = load %acc[%i, %j * {lanes}] : vector<{lanes}x{sum_t}>
        %s = dot %xs, %w, %c{unsigned} : vector<{lanes}x{sum_t}>
        store %s, %acc[%i, %j * {lanes}]
      }}
    }}
  }}
  for %i2 = 0 to {rows} unroll {{
    for %j2 = 0 to {vectors} unroll {{
      %r = load %acc[%i2, %j2 * {lanes}] : vector<{lanes}x{sum_t}>
      store %r, %Y[%i2, %j2 * {lanes}]
    }}
  }}
}}""")
