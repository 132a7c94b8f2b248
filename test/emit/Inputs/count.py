"""Counts instructions of assembly read from stdin: count.py PATTERN=HOW-MANY… (stack: what is addressed by rsp or rbp)"""
import re
import sys

lines = [line for line in sys.stdin if re.match(r"\s+[a-z]", line)]
for want in sys.argv[1:]:
    pattern, number = want.rsplit("=", 1)
    if pattern == "stack":
        pattern = r"\(%r[sb]p"
    else:
        pattern = pattern.replace("(", r"\(")
    found = [line for line in lines if re.search(pattern, line)]
    if len(found) != int(number):
        sys.exit(f"{pattern}: {len(found)} instructions, not {number}\n" + "".join(found))
