"""Makes the text of a failing program smaller.

smallest(text, fails) leaves out lines, blocks, results and parameters, puts the bodies of ifs and loops in their place and
parameters in place of the results of tensor ops, as long as fails(text) says (by anything true, which is returned) that the
program fails in the same way.
"""
import re


def without_comments(text):
    lines = [re.sub(r"\s*//.*", "", line) for line in text.split("\n")]
    return "\n".join(line for k, line in enumerate(lines) if line or not text.split("\n")[k].strip())


def indent(line):
    return len(line) - len(line.lstrip())


def block_end(lines, i):
    """The line that closes the block which line i opens; None when it opens none."""
    if not lines[i].rstrip().endswith("{"):
        return None
    return next(j for j in range(i + 1, len(lines)) if lines[j].startswith(" " * indent(lines[i]) + "}"))


def without(lines, i):
    """Without line i, or without the block that it opens."""
    if lines[i].strip().startswith(("}", "return", "yield")):
        return None
    end = block_end(lines, i)
    if end is None:
        return lines[:i] + lines[i + 1:]
    return lines[:i] + lines[end + 1:] if lines[end].strip() == "}" else None


def unwrapped(lines, i):
    """The block of an if, or of a loop that is then run once, in place of it."""
    if not re.match(r"\s*if ", lines[i]):
        return None
    end = block_end(lines, i)
    return lines[:i] + lines[i + 1:end] + lines[end + 1:] if lines[end].strip() == "}" else None


def head_of(lines, i):
    return next(j for j in reversed(range(i + 1)) if lines[j].startswith("func @"))


def as_parameter(lines, i):
    """A parameter in place of what a tensor op gives."""
    m = re.match(r"  (%\w+(?:, %\w+)*) = .* : ((?:tensor<[^<>]*>(?:, )?)+)", lines[i])
    if not m:
        return None
    end = block_end(lines, i) or i
    head = head_of(lines, i)
    new = ", ".join("%s: %s" % pair for pair in zip(m.group(1).split(", "), m.group(2).split(", ")))
    opening = lines[head]
    opening = opening.replace("(", "(" + new + ("" if "()" in opening else ", "), 1)
    return lines[:head] + [opening] + lines[head + 1:i] + lines[end + 1:]


def results_dropped(lines, i):
    """Functions whose return gives one result less."""
    m = re.match(r"  return (.*, .*)$", lines[i])
    if not m:
        return []
    names, head = m.group(1).split(", "), head_of(lines, i)
    kinds = re.findall(r"tensor<[^<>]*>", lines[head].split(") -> ")[1])
    out = []
    for k in range(len(names)):
        left = kinds[:k] + kinds[k + 1:]
        less = list(lines)
        less[i] = "  return " + ", ".join(names[:k] + names[k + 1:])
        less[head] = lines[head].split(" -> ")[0] + " -> " + ("(%s)" if len(left) > 1 else "%s") % ", ".join(left) + " {"
        out.append(less)
    return out


def parameters_dropped(lines, i):
    """Functions without one of the parameters that they do not use."""
    m = re.match(r"(func @\w+\()(.*?)(\)(?: -> .*)? \{)$", lines[i])
    if not m:
        return []
    end = block_end(lines, i)
    body, params = "\n".join(lines[i + 1:end]), re.findall(r"%[\w.$]+: (?:out |inout )?\w+<[^<>]*>", m.group(2))
    out = []
    for k, p in enumerate(params):
        if not re.search(re.escape(p.split(":")[0]) + r"(?![\w.$])", body):
            out.append(lines[:i] + [m.group(1) + ", ".join(params[:k] + params[k + 1:]) + m.group(3)] + lines[i + 1:])
    return out


def candidates(lines, i):
    for one in (without(lines, i), unwrapped(lines, i), as_parameter(lines, i)):
        if one:
            yield one
    yield from results_dropped(lines, i)
    yield from parameters_dropped(lines, i)


def comment_dropped(lines, i):
    """Where a failure needs a comment: without one of the others."""
    if "//" in lines[i]:
        less = re.sub(r"\s*//.*", "", lines[i])
        yield lines[:i] + ([less] if less else []) + lines[i + 1:]


def smallest(text, fails, most_tries=600):
    """What fails() returned of the least program that was found; None when not even `text` fails."""
    best, make, tries, changed = fails(text), candidates, 0, True
    if best and "//" in text:
        plain = fails(without_comments(text))
        if plain:
            best, text = plain, without_comments(text)
        else:
            make = comment_dropped
    lines = text.rstrip("\n").split("\n")
    while best and changed and tries < most_tries:
        changed, i = False, len(lines) - 1
        while i >= 0 and tries < most_tries:
            for less in make(lines, i):
                tries += 1
                result = fails("\n".join(less) + "\n")
                if result:
                    best, lines, changed = result, less, True
                    break
            i = min(i, len(lines)) - 1
    return best
