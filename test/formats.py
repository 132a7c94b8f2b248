"""The two kinds of lit test: files with RUN lines, and pages whose commands are run."""
import os
import shlex
import subprocess

import lit.formats
import lit.Test
import lit.TestRunner


def from_here(path, start):
    """`path` as seen from `start`, quoted for the shell when it holds anything special."""
    return shlex.quote(os.path.relpath(path, start))


class PlainPaths(lit.formats.ShTest):
    """ShTest whose %s, %t, %S and %T are relative to the directory the test runs in."""

    def execute(self, test, lit_config):
        cwd = os.path.dirname(test.getExecPath())
        source = test.getSourcePath()
        tmp = os.path.join(cwd, "Output", os.path.basename(test.getExecPath()) + ".tmp")
        paths = {"%s": source, "%S": os.path.dirname(source), "%t": tmp, "%T": os.path.dirname(tmp)}
        extra = [(name, from_here(path, cwd)) for name, path in paths.items()]
        return lit.TestRunner.executeShTest(test, lit_config, self.execute_external, extra)


class Pages(lit.formats.TestFormat):
    """README.md and the pages under docs/ that hold console blocks, one test a page."""

    def getTestsInDirectory(self, suite, path_in_suite, lit_config, local_config):
        root = local_config.source_root
        pages = [os.path.join(root, "README.md")]
        for folder, _, names in sorted(os.walk(os.path.join(root, "docs"))):
            pages += [os.path.join(folder, name) for name in sorted(names) if name.endswith(".md")]
        for page in pages:
            with open(page, encoding="utf-8") as file:
                if "```console" in file.read() and os.path.relpath(page, root) not in local_config.excludes:
                    path = path_in_suite + (os.path.relpath(page, root),)
                    yield lit.Test.Test(suite, path, local_config, file_path=page)

    def execute(self, test, lit_config):
        config = test.config
        script = os.path.join(config.source_root, "utils", "check-console")
        done = subprocess.run(
            [config.python, script, test.getFilePath()],
            env=config.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        code = lit.Test.PASS if done.returncode == 0 else lit.Test.FAIL
        return code, done.stdout.decode("utf-8", "replace")
