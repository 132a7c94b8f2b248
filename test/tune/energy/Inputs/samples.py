"""Samples of energy by known weights; `alike`: with as many bytes of the second-level cache as flops in each."""
import json, sys

FLOP, BYTE, WATTS = 10e-12, (2e-12, 30e-12, 400e-12), 12
WORK = [("arithmetic", 1.2e12, (0, 0, 0), 2), ("first", 1e11, (4e11, 0, 0), 1.5), ("second", 1e11, (4e11, 2e11, 0), 2.5),
        ("memory", 1e10, (4e10, 2e10, 2e10), 3), ("mixed", 3e11, (1e11, 1e10, 1e9), 1), ("rest", 0, (0, 0, 0), 1)]

samples = []
for name, flops, levels, seconds in WORK:
    if "alike" in sys.argv:
        levels = (levels[0], flops, levels[2])
    joules = flops * FLOP + sum(b * w for b, w in zip(levels, BYTE)) + seconds * WATTS
    samples.append({"name": name, "flops": flops, "bytes": levels, "seconds": seconds, "joules": joules})
print(json.dumps(samples))
