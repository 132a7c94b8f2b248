# The lit suites. Their folders are the rooms of lib/ (docs/architecture.md), and what else is tested; every file with a RUN line is a test.
#
# In RUN lines: the tools of the build are on PATH, and FileCheck, not, count and split-file of LLVM.
#   %s %t %S %T      as always, but relative to where the test runs: messages that quote a file name
#                    read the same in every checkout, and spaces in its path do no harm
#   %{root} %{build} the checkout and the build folder, absolute
#   %{exit} N cmd    runs cmd and demands exactly this exit code; a signal is never right
#   %{share}         what numbers of random programs are divided by
#   %python          a Python 3 with NumPy
#   %{emit-run}      runs a loop program in the loop VM and as C, and compares (test/emit/emit-run.c)
import os
import shlex
import subprocess
import sys

import lit.util

sys.path.insert(0, os.path.join(config.source_root, "test"))
import formats

if not config.python:
    lit_config.fatal("the tests need a python3 with NumPy; utils/setup installs it")
if not config.llvm_tools:
    lit_config.fatal("the tests need FileCheck and not of LLVM 19; utils/setup installs them")

config.name = "tilesmith"
config.test_format = formats.PlainPaths(execute_external=True)
config.suffixes = [".tir", ".lir", ".test"]
config.excludes = ["Inputs", "Output", "unit", "fuzz"]
config.test_source_root = os.path.join(config.source_root, "test")
config.test_exec_root = os.path.join(config.build_root, "test")

tools = os.path.join(config.build_root, "tools")
config.environment["PATH"] = os.pathsep.join([tools, config.llvm_tools, "/usr/bin", "/bin"])
config.environment["LC_ALL"] = "C"
# Compiled code is kept with the build, or where TS_TEST_CACHE says.
config.environment["XDG_CACHE_HOME"] = os.environ.get(
    "TS_TEST_CACHE", os.path.join(config.build_root, "test", "cache")
)
# The compilers and tools that tests ask for by name (REQUIRES), as far as this machine has them.
for name in ("gcc", "clang-14", "clang-19", "clang-format-19"):
    if lit.util.which(name, config.environment["PATH"]):
        config.available_features.add(name)
# A container may forbid one process to look into another.
if lit.util.which("gdb", config.environment["PATH"]):
    ran = subprocess.run(["gdb", "-batch", "-nx", "-ex", "run", "/bin/true"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if b"exited normally" in ran.stdout:
        config.available_features.add("gdb")
if os.path.exists("/usr/lib/llvm-19/lib/libomp.so"):
    config.available_features.add("libomp-19")
# Tests of several ranks start them on this machine, whoever runs the tests and however few processors there are.
if config.mpi and lit.util.which("mpirun", config.environment["PATH"]):
    config.available_features.add("mpi")
else:
    lit_config.note("tests of ts-tune on several ranks are left out: no Open MPI (utils/setup installs it)")
config.environment["OMPI_ALLOW_RUN_AS_ROOT"] = config.environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
config.environment["OMPI_MCA_rmaps_base_oversubscribe"] = "1"
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
# Tests that need long are left out of utils/test --quick.
if not os.environ.get("TS_TEST_QUICK"):
    config.available_features.add("thorough")
# A report of a sanitizer ends in a signal, so that `not` and %{exit} never take it for an error.
for name in ("ASAN", "UBSAN", "TSAN", "LSAN"):
    config.environment[name + "_OPTIONS"] = os.environ.get(
        name + "_OPTIONS", "abort_on_error=1:print_stacktrace=1:allocator_may_return_null=1"
    )

for name in config.sanitizers.split(","):
    if name and name != "none":
        config.available_features.add(name)
if os.path.exists(os.path.join(config.build_root, "bench", "cpu-peers")):
    config.available_features.add("cpu-peers")
config.substitutions += [
    # Random programs: with sanitizers, which are slow, one of two that run without.
    ("%{share}", "1" if config.sanitizers == "none" else "2"),
    ("%{root}", shlex.quote(config.source_root)),
    ("%{build}", shlex.quote(config.build_root)),
    ("%{exit}", shlex.quote(os.path.join(config.source_root, "utils", "expect-exit"))),
    ("%python", shlex.quote(config.python)),
    ("%{emit-run}", shlex.quote(os.path.join(config.build_root, "test", "unit", "emit-run"))),
]
