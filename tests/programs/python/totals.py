# SPDX-License-Identifier: MIT
"""tracemalloc's answer to the question that the test asks of the trace: what was allocated between two allocations
of sizes that occur only once, and is still there. Prints {"bytes", "lines": {line: [bytes, blocks]}}."""
import gc
import json
import tracemalloc

import _tracemalloc

BEGIN, END = 1111111, 1234567  # bytearray asks for one more

gc.collect()
gc.disable()


class Record:
    def __init__(self, number):
        self.number = number + 1000
        self.values = [number, number + 500]
        self.names = {"key": str(number)}


def records(count):
    return [Record(i) for i in range(count)]


def buffers(count):
    return [bytearray(1000 + i) for i in range(count)]


def texts(count):
    return {i: "name %d" % i for i in range(count)}


def grown(count):
    grown = []
    for i in range(count):
        grown.append(("tuple", i))
    return grown


def measured():
    tracemalloc.start()
    begin = bytearray(BEGIN)
    before = tracemalloc.get_traced_memory()[0]
    kept = [records(2000), buffers(50), texts(1500), grown(1000)]
    kept.append(eval("[[number] for number in range(300)]"))
    end = bytearray(END)
    after = tracemalloc.get_traced_memory()[0]
    return begin, kept, end, after - before, _tracemalloc._get_traces()


begin, kept, end, bytes_, traces = measured()
tracemalloc.stop()
lines = {}
for trace in traces:
    file, line = trace[2][0]
    if file == __file__:
        row = lines.setdefault(line, [0, 0])
        row[0] += trace[1]
        row[1] += 1
print(json.dumps({"bytes": bytes_, "lines": lines}))
