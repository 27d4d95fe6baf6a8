# SPDX-License-Identifier: MIT
"""Lines that hold memory in amounts of their own, beside what tracemalloc says about them.

    known_lines.py [trace]

With "trace" tracemalloc runs from the first line on, and the ten lines of this file that hold the most are printed at
the moment of the mark, "full": LINE BYTES BLOCKS. Nothing here comes from a free list.
"""
import ctypes
import sys
import tracemalloc

mark = getattr(ctypes.CDLL(None), "memtrace_mark", lambda name: None)
if "trace" in sys.argv:
    tracemalloc.start()


class Record:
    __slots__ = ("name", "value")

    def __init__(self, name, value):
        self.name = name
        self.value = value


def texts(count):
    return ["record number %08d" % n for n in range(count)]


def nested(count):
    def inner(n):
        return bytes(n)

    kept = set()
    for n in range(count):
        kept.add(
            inner(
                300 + n))
    return kept


def numbers(count):
    for n in range(count):
        yield 10**20 + n


class Table:
    def __init__(self):
        self.names = texts(3000)
        self.large = bytearray(700_000)
        self.records = [Record(name, None) for name in self.names[:2000]]
        self.numbers = tuple(numbers(1500))
        self.blobs = nested(400)
        self.by_name = {name: n for n, name in enumerate(self.names)}
        self.joined = "-".join(self.names)
        self.matrix = [[row] * 40 for row in range(250)]
        self.calls = list(map(lambda n: complex(n, 1), range(1200)))


table = Table()
mark(b"full")
if "trace" in sys.argv:
    snapshot = tracemalloc.take_snapshot()
    own = snapshot.filter_traces([tracemalloc.Filter(True, __file__)])
    for statistic in own.statistics("lineno")[:10]:
        print(statistic.traceback[0].lineno, statistic.size, statistic.count)
