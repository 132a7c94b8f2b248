"""lists.py KIND N: a loop whose condition, upper or lower bound is a list of N expressions of which 40 - %k counts."""
import sys

kind, n = sys.argv[1], int(sys.argv[2])
hi = ["%d - %%k" % (40 + i) for i in range(n)]
lo = ["%d - %%k" % (4 - i) for i in range(n)]
bounds = {
    "if": ("0", "40"),
    "min": ("0", "min(" + ", ".join(hi) + ")"),
    "max": ("max(" + ", ".join(lo) + ")", "40"),
}[kind]
print("func @k(%x: memref<64xf32>, %y: inout memref<64xf32>) {")
print("  for %k = 0 to 4 {")
print("    for %%i = %s to %s {" % bounds)
print("      if " + (" and ".join("%i < " + e for e in hi) if kind == "if" else "%i >= 0") + " {")
print("        %a = load %x[%i] : f32")
print("        %b = load %y[%i] : f32")
print("        %c = fma %a, 0.5, %b : f32")
print("        store %c, %y[%i]")
print("      }\n    }\n  }\n}")
