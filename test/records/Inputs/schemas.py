"""Holds exported trials to what other tuners ask of them.

  schemas.py t4 FILE         the schema of T4 results, 1.0.0 (KernelTuner, schema/T4/1.0.0/results-schema.json)
  schemas.py kt-cache FILE   what Kernel Tuner asks of a cache that it opens again (util.py: read_cache, process_cache)
  schemas.py csv FILE        RFC 4180: lines end in CR LF and have the same number of cells
Prints the number of trials, and the least time."""
import csv, json, re, sys

INVALIDITY = {"timeout", "compile", "runtime", "correctness", "constraints", "correct"}


def number(x):
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def no_constant(word):
    raise ValueError(word)


def t4(text):
    root = json.loads(text, parse_constant=no_constant)
    assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", root["schema_version"])
    times = []
    for r in root["results"]:
        assert {"configuration", "times", "invalidity", "correctness"} <= r.keys()
        assert isinstance(r["timestamp"], str) and isinstance(r["configuration"], dict)
        assert isinstance(r["objectives"], list) and isinstance(r["times"]["runtimes"], list)
        assert all(number(r["times"][name]) for name in ("compilation", "framework", "search_algorithm", "validation"))
        assert r["invalidity"] in INVALIDITY and r["correctness"] == (r["invalidity"] == "correct")
        for m in r["measurements"]:
            assert isinstance(m["name"], str) and number(m["value"]) and isinstance(m["unit"], str)
            if m["name"] == "time":
                assert r["invalidity"] == "correct" and m["unit"] == "ms"
                times.append(m["value"])
        assert (r["invalidity"] == "correct") == bool(r["measurements"])
    return len(root["results"]), min(times)


def kt_cache(text):
    assert text.endswith("}\n}"), "not as Kernel Tuner opens it again"
    again = text[:-3] + ',\n"new": {}}\n}'  # an entry more, as it is appended
    assert "new" in json.loads(again)["cache"]
    root = json.loads(text, parse_constant=no_constant)
    keys = root["tune_params_keys"]
    assert keys == list(root["tune_params"]) and isinstance(root["problem_size"], list)
    times = []
    for key, entry in root["cache"].items():
        assert key == ",".join(str(entry[name]) for name in keys)
        assert all(entry[name] in root["tune_params"][name] for name in keys)
        assert number(entry["compile_time"]) and isinstance(entry["timestamp"], str)
        if number(entry["time"]):
            times.append(entry["time"])
            assert isinstance(entry["times"], list)
        else:
            assert entry["time"] in ("InvalidConfig", "CompilationFailedConfig", "RuntimeFailedConfig")
    return len(root["cache"]), min(times)


def comma_separated(text):
    assert text.endswith("\r\n")
    head, *rows = csv.reader(text.splitlines(keepends=True), strict=True)
    assert all(len(row) == len(head) for row in rows)
    at = head.index("ms"), head.index("verdict")
    return len(rows), min(float(row[at[0]]) for row in rows if row[at[1]] == "ok")


kinds = {"t4": t4, "kt-cache": kt_cache, "csv": comma_separated}
with open(sys.argv[2], newline="") as file:
    print("%d trials, the least %r" % kinds[sys.argv[1]](file.read()))
