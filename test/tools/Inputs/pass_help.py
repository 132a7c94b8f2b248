"""pass_help.py DOCS: what ts-opt -help=PASS says of every pass holds: the example is a pipeline, and the page
that it names has the section."""
import re
import shlex
import subprocess
import sys


def output_of(*command):
    return subprocess.run(command, input=b"func @f() {}", stdout=subprocess.PIPE, check=True).stdout.decode()


passes = re.findall(r"^  -([a-z-]+)", output_of("ts-opt", "-print-passes"), re.M)
assert len(passes) > 20, "hardly any passes"
for name in passes:
    text = output_of("ts-opt", "-help=" + name)
    example = shlex.split(re.search(r"^  (ts-opt .*) in\.[tl]ir$", text, re.M).group(1))
    steps = output_of(*example, "-print-pipeline")
    assert steps.startswith(name) or name == "recipe", name  # whose steps depend on the program
    page, section = re.search(r"^more: docs/(\S+), section (\S+)$", text, re.M).groups()
    with open(sys.argv[1] + "/" + page, encoding="utf-8") as file:
        assert "\n## %s\n" % section in file.read(), "%s has no section %s" % (page, section)
