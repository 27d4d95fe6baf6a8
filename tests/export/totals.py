#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads an export as its consumers do and prints its sums as JSON: totals.py FORMAT FILE [SCHEMA]."""
import csv
import json
import re
import subprocess
import sys


def pprof(path):
    """go tool pprof reads the file; -raw prints every sample's values."""
    raw = subprocess.run(["go", "tool", "pprof", "-raw", path], check=True, capture_output=True, text=True).stdout
    header, samples = raw.split("Samples:\n", 1)
    names, *lines = samples.split("Locations\n", 1)[0].splitlines()
    types = [name.split("/")[0] for name in names.replace("[dflt]", "").split()]
    sums = dict.fromkeys(types, 0)
    for line in lines:
        values = re.match(r"\s*([\d ]+):", line)
        if values:  # others are labels
            for name, value in zip(types, values.group(1).split()):
                sums[name] += int(value)
    default = re.findall(r"(\w+)/\w+\[dflt\]", names)
    words = {"alloc": "total", "inuse": "live"}
    totals = {"default": default, "mappings": raw.split("Mappings\n", 1)[1]}
    for name, value in sums.items():
        metric, what = name.rsplit("_", 1)
        totals.setdefault(words.get(metric, metric), {})["bytes" if what == "space" else "blocks"] = value
    return totals


def folded(path):
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n").rsplit(" ", 1) for line in file]
    return {"sum": sum(int(value) for _, value in lines), "outermost": sorted({s.split(";")[0] for s, _ in lines})}


def speedscope(path, schema):
    import jsonschema

    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    with open(schema, encoding="utf-8") as file:
        jsonschema.validate(data, json.load(file))
    totals = {}
    for profile in data["profiles"]:
        assert len(profile["samples"]) == len(profile["weights"])
        assert all(0 <= frame < len(data["shared"]["frames"]) for stack in profile["samples"] for frame in stack)
        assert profile["endValue"] == sum(profile["weights"])
        totals[profile["name"]] = profile["endValue"]
    return totals


def chrome(path):
    with open(path, encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    live = [event for event in events if event["name"] == "live heap"]
    times = [event["ts"] for event in live]
    assert times == sorted(times), "time goes backwards"
    return {"peak": max(event["args"]["bytes"] for event in live), "end": live[-1]["args"]["bytes"],
            "marks": [event["name"] for event in events if event["ph"] == "i"]}


def heapprofile(path):
    sys.setrecursionlimit(100000)
    with open(path, encoding="utf-8") as file:
        head = json.load(file)["head"]
    total, nodes = 0, [head]
    while nodes:
        node = nodes.pop()
        assert set(node["callFrame"]) == {"functionName", "scriptId", "url", "lineNumber", "columnNumber"}
        total += node["selfSize"]
        nodes += node["children"]
    return {"sum": total}


def mprof(path):
    """The four kinds of lines that mprof knows, taken apart as it does."""
    memory, functions = [], []
    with open(path, encoding="utf-8") as file:
        assert file.readline().startswith("CMDLINE ")
        for line in file:
            field, value = line.split(" ", 1)
            if field == "MEM":
                memory.append([float(word) for word in value.split(" ")])
            elif field == "FUNC":
                name, *numbers = value.split(" ")
                assert len(numbers) == 5
                functions.append(name)
            else:
                raise ValueError(line)
    times = [time for _, time in memory]
    assert times == sorted(times), "time goes backwards"
    mib = 1 << 20
    return {"peak": round(max(size for size, _ in memory) * mib), "end": round(memory[-1][0] * mib),
            "functions": functions}


def add(sums, amounts):
    for metric, value in amounts.items():
        for what in ("bytes", "blocks"):
            sums.setdefault(metric, {"bytes": 0, "blocks": 0})[what] += value[what]


def csv_file(path):
    csv.field_size_limit(1 << 30)
    sums = {}
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, strict=True):
            assert None not in row and row["stack"].count("|") >= 0
            add(sums, {metric: {what: int(row[f"{metric}_{what}"]) for what in ("bytes", "blocks")}
                       for metric in ("live", "peak", "not_freed", "total", "temporary")})
    return sums


def json_file(path):
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    assert data["schema_version"] == 1 and data["command"] == "export"
    sums = {}
    for stack in data["stacks"]:
        assert all(0 <= frame < len(data["frames"]) for frame in stack["frames"])
        for thread in stack["threads"]:
            add(sums, {metric: value for metric, value in thread.items() if metric != "thread"})
    assert sums == data["totals"], (sums, data["totals"])
    return sums


READERS = {"pprof": pprof, "folded": folded, "speedscope": speedscope, "chrome": chrome,
           "heapprofile": heapprofile, "mprof": mprof, "csv": csv_file, "json": json_file}

if __name__ == "__main__":
    print(json.dumps(READERS[sys.argv[1]](*sys.argv[2:])))
