# SPDX-License-Identifier: MIT
"""Checkpoint lines: process memory and, where tracemalloc runs, what it has traced; and a mark in memtrace's trace.

    Start                    process   15.2 MiB
    Result iteration end     process   98.7 MiB   traced   19.6 MiB   peak   19.7 MiB
"""
import os
import sys
import tracemalloc

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_set_mark = None


def _find_mark():
    """The recorder's function, if this process is being recorded; its environment need not say so."""
    with open("/proc/self/maps") as maps:
        if "libmemtrace" not in maps.read():
            return lambda name: None
    import ctypes

    return ctypes.CDLL(None).memtrace_mark_impl


def process_bytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * _PAGE_BYTES


def _mib(count):
    return f"{count / 2**20:7.1f} MiB"


def checkpoint(name):
    global _set_mark
    if _set_mark is None:
        _set_mark = _find_mark()
    _set_mark(name.encode())
    line = f"{name:24} process {_mib(process_bytes())}"
    if tracemalloc.is_tracing():
        live, peak = tracemalloc.get_traced_memory()
        line += f"   traced {_mib(live)}   peak {_mib(peak)}"
    print(line, flush=True)


def print_top(count=10):
    """The lines that hold the most now, as far as tracemalloc has seen them; only on request, as it takes a while."""
    if not tracemalloc.is_tracing() or "--top" not in sys.argv:
        return
    import linecache

    own = tracemalloc.Filter(False, tracemalloc.__file__)
    rows = tracemalloc.take_snapshot().filter_traces([own]).statistics("lineno")
    print(f"Top {count} lines for memory allocation")
    for number, row in enumerate(rows[:count], 1):
        frame = row.traceback[0]
        print(f"#{number}: {frame.filename}:{frame.lineno}: {_mib(row.size).strip()}")
        print("    " + linecache.getline(frame.filename, frame.lineno).strip())
    rest = rows[count:]
    print(f"{len(rest)} other: {_mib(sum(row.size for row in rest)).strip()}")
    print(f"Total allocated size: {_mib(sum(row.size for row in rows)).strip()}")
