"""stage_random.py FIRST LAST: random programs under random steps of stage, hoist and compute-at, mixed with
splits, tiles, peels and parallel loops. Each step may be refused (exit code 1); a step that is taken must
keep every bit of the answer, which ts-opt itself checks. Prints how often each pass was taken.
"""
import collections
import random
import subprocess
import sys

PRODUCT = """func @f(%X: memref<{m}x{k}xf32>, %W: memref<{k}x{n}xf32>, %Y: {role} memref<{m}x{n}xf32>) {{
  for %i = 0 to {m} {{
    for %j = 0 to {n} {{
      {init}
      for %k = 0 to {k} {{
        %x = load %X[%i, %k] : f32
        %w = load %W[%k, %j] : f32
        %s = load %Y[%i, %j] : f32
        %t = fma %x, %w, %s : f32
        store %t, %Y[%i, %j]
      }}
    }}
  }}
}}
"""
LAYERS = """func @f(%X: memref<{m}x{k}xf32>, %W: memref<{k}xf32>, %Y: out memref<{m}x{n}xf32>) {{
  %h = alloc : memref<{m}x{k}xf32>
  for %p = 0 to {m} {{
    for %q = 0 to {k} {{
      %x = load %X[%p, %q] : f32
      %w = load %W[%q] : f32
      %e = mulf %x, %w : f32
      store %e, %h[%p, %q]
    }}
  }}
  for %i = 0 to {m} {{
    for %j = 0 to {n} {{
      store 1.0, %Y[%i, %j]
      for %k = 0 to {k} {{
        %a = load %h[%i, %k] : f32
        %s = load %Y[%i, %j] : f32
        %t = addf %a, %s : f32
        store %t, %Y[%i, %j]
      }}
    }}
  }}
}}
"""
STENCIL = """func @f(%X: memref<{size}xf32>, %Y: inout memref<{n}xf32>) {{
  %h = alloc : memref<{size}xf32>
  for %p = 0 to {size} {{
    %x = load %X[%p] : f32
    store %x, %h[%p]
  }}
  for %i = 0 to {n} step {step} {{
    %u = load %h[%i * {by} + {a}] : f32
    %v = load %h[%i * {by} + {b}] : f32
    %y = load %Y[%i] : f32
    %s = addf %u, %v : f32
    %t = addf %s, %y : f32
    store %t, %Y[%i]
  }}
}}
"""
TRIANGLE = """func @f(%X: memref<{x}x{n}xf32>, %Y: inout memref<{y}xf32>) {{
  %h = alloc : memref<{n}xf32>
  for %p = 0 to {n} {{
    store 2.0, %h[{last} - %p]
  }}
  for %i = 0 to {n} {{
    for %j = %i to {n} {{
      if %j < {below} {{
        %u = load %X[%i + %j * 3, (%i + %j) floordiv 2] : f32
        %w = load %h[%j mod {by}] : f32
        %y = load %Y[%i + %j] : f32
        %s = addf %u, %y : f32
        %t = addf %s, %w : f32
        store %t, %Y[%i + %j]
      }}
      store 1.0, %h[%i]
    }}
  }}
}}
"""


def program(r):
    """The text, its loops and its buffers."""
    m, n, k = (r.randint(2, 9) for _ in range(3))
    if r.random() < 0.3:
        m = "M"
    kind = r.choice([PRODUCT, LAYERS, LAYERS, STENCIL, TRIANGLE])
    if kind is PRODUCT:
        role, init = r.choice([("out", "store 0.0, %Y[%i, %j]"), ("inout", "")])
        return kind.format(m=m, n=n, k=k, role=role, init=init), ["i", "j", "k"], ["X", "W", "Y"]
    if kind is LAYERS:
        return kind.format(m=m, n=n, k=k), ["p", "q", "i", "j", "k"], ["X", "W", "Y", "h"]
    n = r.randint(4, 16)
    if kind is STENCIL:
        a, b, by = r.randint(0, 4), r.randint(0, 4), r.randint(1, 3)
        text = kind.format(n=n, a=a, b=b, by=by, step=r.randint(1, 2), size=(n - 1) * by + max(a, b) + 1)
        return text, ["p", "i"], ["X", "Y", "h"]
    text = kind.format(n=n, x=4 * n, y=2 * n, last=n - 1, below=r.randint(1, n), by=r.randint(1, 4))
    return text, ["p", "i", "j"], ["X", "Y", "h"]


def stage_options(r):
    f, g = r.randint(1, 4), r.randint(1, 3)
    layouts = ["", "", "", f"[1/{f}][0][1%{f}]", "[1][0]", f"[0%{f}][1][0/{f}]", f"[0/{f}][0%{f}]",
               f"[0/{f * g}][1/{g}][0/{f}%{g}][1%{g}][0%{f}]"]
    layout = r.choice(layouts)
    return (" pad=true" * r.randint(0, 1) + " space=local" * r.randint(0, 1) +
            (f" layout={layout}" if layout else ""))


def step(r, loops, buffers):
    loop, other, buffer = r.choice(loops), r.choice(loops), r.choice(buffers)
    kind = r.choice(["split", "split", "peel", "tile", "parallel", "stage", "stage", "stage", "hoist",
                     "compute-at", "compute-at"])
    if kind == "split":
        loops += [loop + ".o", loop + ".i"]
        return f"-split={loop}={r.randint(1, 6)}"
    if kind == "peel":
        loops.append(loop + ".tail")
        return f"-peel={loop}={r.randint(1, 4)}"
    if kind == "tile":
        return f"-tile={loop}={r.randint(1, 5)} {other}={r.randint(1, 5)}"
    if kind == "stage":
        loops += [buffer + ".s0", buffer + ".s1"]
        at = "func" if r.random() < 0.15 else loop
        return f"-stage={buffer} at={at}{stage_options(r)}"
    if kind == "compute-at":
        return f"-compute-at=h at={loop}{r.choice(['', ' recompute=true'])}"
    return f"-{kind}={loop}"


def main(first, last):
    taken = collections.Counter()
    for seed in range(first, last):
        r = random.Random(seed)
        text, loops, buffers = program(r)
        for _ in range(r.randint(1, 5)):
            flag = step(r, loops, buffers)
            run = subprocess.run(["ts-opt", f"-verify-semantics-each={seed}", flag], input=text, text=True,
                                 capture_output=True, check=False)
            if run.returncode == 0:
                text = run.stdout
                taken[flag[1:flag.index("=")]] += 1
            elif run.returncode != 1 and run.returncode != 2:
                sys.exit(f"seed {seed}: {flag} gives exit code {run.returncode} on\n{text}\n{run.stderr}")
    print(" ".join(f"{flag}: {n}" for flag, n in sorted(taken.items())))


main(int(sys.argv[1]), int(sys.argv[2]))
