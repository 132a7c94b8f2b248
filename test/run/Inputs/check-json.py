"""Prints what json.test looks at."""
import json
import sys

run = json.load(open(sys.argv[1]))
print(run["engine"], run["runs_on"], run["function"], run["status"], run["seed"])
print("extents", run["extents"])
print("inputs", [i["name"] for i in run["inputs"]], run["inputs"][1]["from"].replace("3x4xf32=2", "2x4xf32="))
y = run["outputs"][0]
print("output", y["name"], y["dtype"], y["shape"], y["min"], y["max"], y["sum"])
in_order = 0 < run["min_ms"] <= run["median_ms"] and 0 < run["gflops"] <= run["best_gflops"]
print("runs %d, times %s, checks %s, max_ulp %s" % (
    run["runs"], "in order" if in_order else "WRONG", [c["ok"] for c in run["checks"]], run["max_ulp"]))
# 2 * 2 * 3 * 4; X, W and Y are 2x3, 3x4 and 2x4
assert run["flops"] == 48 and run["bytes_read"] == 4 * (6 + 12) and run["bytes_written"] == 4 * 8
assert run["ops"] >= 0 and isinstance(run["buffers"], list)
