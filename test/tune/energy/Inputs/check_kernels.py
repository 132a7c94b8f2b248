"""Samples and model of `ts-tune calibrate` under a counter that shows 100 W."""
import json, sys

samples, model = (json.load(open(path)) for path in sys.argv[1:])
assert len(samples) in (5, 9)
print("9 samples, or 5 on one processor")
for s in samples:
    if s["name"].startswith("arithmetic"):
        assert s["bytes"] == [0, 0, 0] and s["flops"] > 0
    if s["name"].startswith("memory"):
        assert s["bytes"][1] == s["bytes"][2] > 0
print("arithmetic moves no bytes\nmemory moves as much through the second-level cache")
# how well a busy machine lets the time of a reading be known is another matter
assert 50 < model["watts"] < 200, model
print("nearly all is rest")
