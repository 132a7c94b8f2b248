"""A function of nests that are alike: which of them are the same up to buffers and values, test/emit/nests.test says."""


def nest(a, b, f, bound=4, index="%i", op="addf"):
    return f"""  for %i = 0 to {bound} {{
    %x = load %{a}[{index}] : f32
    %y = {op} %x, {f} : f32
    store %y, %{b}[%i]
  }}
"""


def failing(p):
    return f"""  for %i = 0 to 4 {{
    %n = load %{p}[%i] : index
    %z = load %A[%n] : f32
    store %z, %B[%i]
  }}
"""


def main():
    print("""func @all(%A: memref<4xf32>, %D: memref<5xf32>, %P: memref<4xindex>, %Q: memref<4xindex>,
    %B: inout memref<4xf32>, %C: inout memref<4xf32>, %E: out memref<4xf32>) {
  %f = load %A[0] : f32
  %g = load %D[1] : f32""")
    print(nest("A", "B", "%f"), end="")
    print(nest("A", "B", "%f", bound=3), end="")         # another bound
    print(nest("A", "C", "2.0"), end="")                 # a number
    print(nest("B", "B", "%f"), end="")                  # one buffer twice
    print(nest("D", "E", "%f", index="%i + 1"), end="")  # another subscript
    print(nest("A", "B", "%f", op="mulf"), end="")       # another op
    for _ in range(30):                                  # other buffers, other values
        print(nest("C", "B", "%g") + nest("B", "C", "%f"), end="")
    print(failing("P") + failing("Q") + "}")


main()
