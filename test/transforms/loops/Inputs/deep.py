"""deep.py N [LOOP]: N loops, one in another, around a product; the innermost has the head LOOP."""
import sys

n = int(sys.argv[1])
head = sys.argv[2] if len(sys.argv) > 2 else "for %i = 0 to 8"
print("func @k(%x: memref<8xf32>, %y: inout memref<8xf32>) {")
print("".join("for %%a%d = 0 to 2 {\n" % d for d in range(n - 1)) + head + " {")
print("%v = load %x[%i] : f32\n%w = load %y[%i] : f32\n%z = mulf %v, %w : f32\nstore %z, %y[%i]")
print("}\n" * n + "}")
