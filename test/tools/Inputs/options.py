"""options.py TOOL PAGE...: every option that TOOL -help lists is named in every page. A page in Markdown
may leave the passes to docs/passes.md."""
import re
import subprocess
import sys

tool, pages = sys.argv[1], sys.argv[2:]
help_text = subprocess.run([tool, "-help"], stdout=subprocess.PIPE, check=True).stdout.decode()
passes = re.findall(r"^  (-[A-Za-z-]+)", help_text.partition("\nPasses:")[2].partition("\n\n")[0], re.M)
options = re.findall(r"^  (-[A-Za-z-]+)", help_text, re.M)
assert len(options) > 5, "the help lists hardly any options"
missing = 0
for page in pages:
    text = open(page, encoding="utf-8").read().replace("\\-", "-").replace("--", "-")
    for option in options:
        if page.endswith(".md") and option in passes and option != "-pass-pipeline":
            continue
        if not re.search(r"(?<![A-Za-z-])" + option + r"(?![A-Za-z-])", text):
            print("%s: %s is not there" % (page, option))
            missing += 1
print("%s: %d options, %d missing" % (tool, len(options), missing))
sys.exit(missing != 0)
