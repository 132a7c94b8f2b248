"""What the JSON of a failed run says, as lines."""
import json
import os
import sys

run = json.load(open(sys.argv[1]))
error = run["error"]
print("status %d, in %s:%d:%d, %s notes" % (
    run["status"], os.path.basename(error["file"]), error["line"], error["column"], "with" if error["notes"] else "without"))
print("of %s on %s, extents %s, inputs %s, %s outputs" % (
    run["function"], run["runs_on"], run["extents"], [i["name"] for i in run["inputs"]], "some" if "outputs" in run else "no"))
