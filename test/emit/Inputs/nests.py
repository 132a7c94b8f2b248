"""A function that is long enough to be cut into a function for each of its nests, which use between them all that a
function can have outside of them: buffers of every kind, values, symbolic extents, constants, callees; some fail."""
import sys

HEAD = """global @bias : memref<4xf32> = [0.5, -1.25, 3.0, 1e-40]
global @halves : memref<4xf16> = [1, 2, 3, 65504]
global @long : memref<2000xi64> = 7

func @row(%A: memref<4xf32>, %h: memref<2000xi64>, %B: inout memref<4xf32>) {
  for %i = 0 to 4 {
    %a = load %A[%i] : f32
    %n = load %h[%i] : i64
    %f = sitofp %n : f32
    %b = addf %a, %f : f32
    store %b, %B[%i]
  }
}

func @all(%X: memref<Mx8xf32>, %K: memref<4xi64>, %P: memref<4xindex>, %Y: out memref<Mx8xf32>, %Z: out memref<4xf32>) {
  %bias = get_global @bias : memref<4xf32>
  %halves = get_global @halves : memref<4xf16>
  %long = get_global @long : memref<2000xi64>
  %one = alloc : memref<1xf32, local>
  %none = alloc : memref<f32>
  %rows = alloc : memref<3x5xf32, local, pad(3)>
  %lanes = alloc : memref<2x3xvector<4xf32>, local>
  %seen = alloc : memref<2xvector<4xf32>, local>
  %bits = alloc : memref<4xi1>
  %narrow = alloc : memref<4xbf16>
  %far = alloc : memref<Mx8xf32>
  %first = load %X[0, 0] : f32
  %wide = splat %first : vector<4xf32>
  %count = load %K[0] : i64
  %at = const 2 : index
  store %first, %one[0]
  store 0.25, %none[]
  for %i = 0 to M parallel {
    for %j = 0 to 8 {
      %x = load %X[%i, %j] : f32
      %s = load %one[0] : f32
      %y = fma %x, %first, %s : f32
      store %y, %far[%i, %j]
      store %y, %Y[%i, %j]
    }
  }
  for %i = 0 to 3 {
    for %j = 0 to 5 {
      %b = load %bias[%i] : f32
      store %b, %rows[%i, %j]
    }
    for %j = 0 to 2 {
      store %wide, %lanes[%j, %i]
      store %wide, %seen[%j]
    }
  }
  for %i = 0 to 2 {
    %v = load %lanes[%i, %at] : vector<4xf32>
    %u = addf %v, %wide : vector<4xf32>
    store %u, %seen[1]
  }
  for %i = 0 to 4 {
    %h = load %halves[%i] : f16
    %w = extf %h : f32
    %d = load %none[] : f32
    %s = mulf %w, %d : f32
    %t = cmpf lt, %s, 1.0 : i1
    store %t, %bits[%i]
    %n = truncf %s : bf16
    store %n, %narrow[%i]
    store %s, %one[0]
  }
  if 2 < M {
    call @row(%bias, %long, %Z)
  } else {
    for %i = 0 to 4 {
      store 0.0, %Z[%i]
    }
  }
"""

# Each reads what the one before wrote.
MORE = """  for %i = 0 to M {
    for %j = 0 to 4 {
      %t = load %bits[%j] : i1
      %n = load %narrow[%j] : bf16
      %f = extf %n : f32
      %r = load %rows[%j mod 3, %j] : f32
      %v = load %seen[%j mod 2] : vector<4xf32>
      %e = extract %v {lane = 2} : f32
      %o = load %one[0] : f32
      %c = sitofp %count : f32
      %p = load %far[%i, %j * 2] : f32
      %q = load %Y[%i, %j] : f32
      %a = addf %f, %r : f32
      %b = addf %e, %o : f32
      %k = select %t, %a, %b : f32
      %m = fma %k, %c, %p : f32
      %z = subf %m, %q : f32
      store %z, %Y[%i, %j]
      store %z, %far[%i, %j * 2 + 1]
    }
  }
"""
# Which iteration fails first, and where, is the program's.
FAILS = """  for %i = 0 to 3 {
    %n = load %P[%i] : index
    %z = load %bias[%n + 1] : f32
    store %z, %Z[%i]
  }
  for %i = 0 to 4 parallel {
    %n = load %P[%i] : index
    store 1.0, %Z[%n + 2]
  }
"""


def main():
    text = HEAD
    for i in range(40):
        # Nests that are the same share a function; a number of its own makes each another one.
        text += MORE.replace("%m, %q :", f"%m, {i}.5 :") if "different" in sys.argv[1:] else MORE
    if "fails" in sys.argv[1:]:
        text += FAILS
    print(text + "}")


main()
