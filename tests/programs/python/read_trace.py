# SPDX-License-Identifier: MIT
"""Reads an uncompressed trace (MEMTRACE_COMPRESS=0) from FORMAT.md alone, with nothing of memtrace's: the tests'
second opinion on what the recorder wrote about Python.

    read_trace.py TRACE [--after SIZE] [--until SIZE]

--after, --until: only blocks allocated behind the (last) event of an allocation of exactly SIZE bytes, and as they
were at the first such event of the other SIZE, itself included. Prints JSON:

    {"runtimes": [{"version": "3.11.2", "support": 0, "why": ""}], "functions": ["main", …],
     "rows": [{"kind": "PyObject", "file": …, "line": …, "function": …, "bytes": …, "blocks": …,
               "sizes": {size: blocks}, "stack": ["main:12", …, "native"]}],            one for each kind and stack of live blocks
     "arenas": {"bytes": …, "live_bytes": …, "outside": …}, "unknown_frees": …}

Lines of a row are of its innermost Python frame; stacks are outermost first, runs of native frames one "native".
"""
import argparse
import collections
import json
import struct

MAGIC = 0x314B4E484352544D
LOG_RUNTIME, LOG_CODE = 10, 11
KINDS = {0: "malloc", 1: "calloc", 2: "realloc", 13: "mmap", 22: "PyMem", 23: "PyObject", 24: "arena"}
PYTHON = 255
UNKNOWN_OFFSET = (1 << 20) - 1


def unzigzag(value):
    return (value >> 1) ^ -(value & 1)


class Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, count):
        self.at += count
        return int.from_bytes(self.data[self.at - count : self.at], "little")

    def leb(self):
        value = shift = 0
        while True:
            byte = self.number(1)
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value


class Trace:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        self.nodes, self.windows, self.log = {}, {}, []
        end = min(len(self.data), struct.unpack_from("<Q", self.data, 88)[0])
        at = 4096
        while at + 32 <= end:
            magic, kind, _, size, _ = struct.unpack_from("<QIIQQ", self.data, at)
            if magic != MAGIC:
                at += 64
                continue
            {1: self.read_window, 2: self.read_events, 3: self.read_nodes, 4: self.read_log}[kind](at, size)
            at = (at + size + 63) // 64 * 64

    def read_window(self, at, _):
        _, thread, in_use, sequence, base, used = struct.unpack_from("<QIIQQQ", self.data, at + 32)
        if in_use:
            self.windows.setdefault((thread, sequence), (base, self.data[at + 128 : at + 128 + used]))

    def read_events(self, at, _):
        thread, codec, sequence, base, _, stored, _ = struct.unpack_from("<IIQQQQQ", self.data, at + 32)
        assert codec == 0, "record with MEMTRACE_COMPRESS=0"
        self.windows[thread, sequence] = (base, self.data[at + 80 : at + 80 + stored])

    def read_nodes(self, at, _):
        first, capacity = struct.unpack_from("<II", self.data, at + 32)
        for i in range(capacity):
            key, parent, _ = struct.unpack_from("<QII", self.data, at + 64 + 16 * i)
            if key:
                self.nodes[first + i] = (key, parent)

    def read_log(self, at, size):
        here = at + 64
        while here + 16 <= at + size:
            bytes_, kind, _ = struct.unpack_from("<IIQ", self.data, here)
            if bytes_ == 0:
                break
            self.log.append((kind, self.data[here + 16 : here + bytes_]))
            here += bytes_

    def events(self):
        """(ticks, thread, …) over all threads by time; ties stay in their thread's order."""
        found = []
        for (thread, sequence), (base, data) in sorted(self.windows.items()):
            found += [(event[0], thread, len(found) + i, event) for i, event in enumerate(decode(base, data))]
        return [entry[3] for entry in sorted(found, key=lambda entry: entry[:3])]


def decode(base, data):
    """Events of a window: (ticks, what, …)."""
    stream, node, units, ticks, found = Bytes(data), 0, 0, base, []
    while stream.at < len(data):
        head = stream.number(1)
        if head & 1:
            head |= stream.number(1) << 8
            node += unzigzag(stream.number(head >> 1 & 7))
            units += unzigzag(stream.number(head >> 4 & 7))
            size = stream.number(head >> 7 & 7)
            ticks += stream.number((0, 1, 2, 4)[head >> 10 & 3])
            found.append((ticks, "alloc", units * 8 % 2**64, size, node))
        elif head >> 1 & 3 < 3:
            units += unzigzag(stream.number(head >> 3 & 7))
            ticks += stream.number((0, 1, 2, 4)[head >> 6 & 3])
            found.append((ticks, "free", units * 8 % 2**64))
        else:
            number = head >> 3
            ticks += stream.leb()
            if number == 1:
                place, address, size = stream.leb(), stream.leb(), stream.leb()
                found.append((ticks, "alloc", address, size, place))
            elif number == 2:
                found.append((ticks, "free", stream.leb()))
                stream.leb()
            elif number in (3, 4):
                units += unzigzag(stream.leb())
                found.append((ticks, "free" if number == 3 else "back", units * 8 % 2**64))
            elif number == 5:
                place, address, length = stream.leb(), stream.leb(), stream.leb()
                stream.leb(), stream.leb()
                found.append((ticks, "map", address, length, place))
            elif number == 6:
                found.append((ticks, "unmap", stream.leb(), stream.leb()))
            elif number == 9:
                node += unzigzag(stream.leb())
                units += unzigzag(stream.leb())
                found.append((ticks, "again", units * 8 % 2**64, node))
            elif number in (7, 8):
                for _ in range(5 if number == 7 else 3):
                    stream.leb()
    return found


class Code:
    def __init__(self, record):
        _, self.first_line, name, file, table, self.form, _ = struct.unpack_from("<IIIIIHH", record)
        self.name = record[24 : 24 + name].decode("utf8", "surrogatepass")
        self.file = record[24 + name : 24 + name + file].decode("utf8", "surrogatepass")
        self.table = record[24 + name + file : 24 + name + file + table]
        self.lines = {}

    def line(self, units):
        if units == UNKNOWN_OFFSET:
            return self.first_line
        if units not in self.lines:
            self.lines[units] = (self.in_pairs, self.in_ranges, self.in_locations)[self.form](units * 2)
        return self.lines[units]

    def in_pairs(self, wanted):  # co_lnotab
        line, at = self.first_line, 0
        for bytes_, lines in zip(self.table[::2], self.table[1::2]):
            at += bytes_
            if at > wanted:
                break
            line += lines - 256 if lines >= 128 else lines
        return line

    def in_ranges(self, wanted):  # 3.10's co_linetable
        line, at = self.first_line, 0
        for bytes_, lines in zip(self.table[::2], self.table[1::2]):
            if lines != 128:
                line += lines - 256 if lines > 128 else lines
            if at <= wanted < at + bytes_:
                return None if lines == 128 else line
            at += bytes_
        return None

    def in_locations(self, wanted):  # PEP 657
        stream, line, at = Bytes(self.table), self.first_line, 0

        def number():
            value = shift = 0
            while True:
                byte = stream.number(1)
                value |= (byte & 63) << shift
                shift += 6
                if not byte & 64:
                    return value

        while stream.at < len(self.table):
            head = stream.number(1)
            form, bytes_ = head >> 3 & 15, ((head & 7) + 1) * 2
            if form in (13, 14):
                change = number()
                line += -(change >> 1) if change & 1 else change >> 1
                if form == 14:
                    number(), number(), number()
            elif 10 <= form <= 12:
                line += form - 10
                stream.number(2)
            elif form < 10:
                stream.number(1)
            if at <= wanted < at + bytes_:
                return None if form == 15 else line
            at += bytes_
        return None


def stack_of(trace, codes, node):
    """Frames from outside, and the innermost Python frame."""
    frames, innermost = [], None
    while node:
        key, node = trace.nodes[node]
        if key >> 56 == PYTHON:
            code, units = codes[key >> 20 & (1 << 28) - 1], key & UNKNOWN_OFFSET
            frames.append("%s:%s" % (code.name, code.line(units)))
            innermost = innermost or (code.file, code.line(units), code.name)
        elif not frames or frames[-1] != "native":
            frames.append("native")
    return tuple(reversed(frames)), innermost or ("", 0, "")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("trace")
    parser.add_argument("--after", type=int)
    parser.add_argument("--until", type=int)
    options = parser.parse_args()
    trace = Trace(options.trace)
    codes = {struct.unpack_from("<I", record)[0]: Code(record) for kind, record in trace.log if kind == LOG_CODE}

    live, arenas, taken_out, unknown = {}, {}, {}, 0
    for event in trace.events():
        what, address = event[1], event[2]
        if what == "alloc":
            live[address] = event[3:5]
            if event[3] == options.after:
                live = {}
            if event[3] == options.until:
                break
        elif what == "free":
            taken_out[event[2]] = live.pop(address, None)
            unknown += taken_out[event[2]] is None
        elif what == "back" and taken_out.get(address):
            live[address] = taken_out[address]
        elif what == "again" and address in live:
            live[address] = (live[address][0], event[3])
        elif what == "map" and trace.nodes[event[4]][0] >> 48 & 63 == 24:
            arenas[address] = event[3]
        elif what == "unmap":
            arenas.pop(address, None)

    rows = collections.Counter()
    in_arenas = outside = 0
    sizes = collections.defaultdict(collections.Counter)
    for address, (size, node) in live.items():
        kind = KINDS.get(trace.nodes[node][0] >> 48 & 63, "other")
        rows[kind, node] += size
        sizes[kind, node][size] += 1
        if kind in ("PyMem", "PyObject") and size <= 512:
            if any(start <= address < start + length for start, length in arenas.items()):
                in_arenas += size
            else:
                outside += size

    result = {"runtimes": [], "functions": sorted({code.name for code in codes.values()}), "rows": []}
    for kind, record in trace.log:
        if kind == LOG_RUNTIME:
            version, support, text = struct.unpack_from("<III", record)
            numbers = version >> 24, version >> 16 & 255, version >> 8 & 255
            why = record[16 : 16 + text].decode()
            reuse = struct.unpack_from("<I", record, 12)[0]
            if reuse:
                result["reuse"] = reuse
                continue
            result["runtimes"].append({"version": "%d.%d.%d" % numbers, "support": support, "why": why})
    for (kind, node), bytes_ in sorted(rows.items(), key=lambda row: -row[1]):
        stack, (file, line, function) = stack_of(trace, codes, node)
        result["rows"].append({"kind": kind, "file": file, "line": line, "function": function, "bytes": bytes_,
                               "blocks": sizes[kind, node].total(), "sizes": sizes[kind, node], "stack": stack})
    result["arenas"] = {"bytes": sum(arenas.values()), "live_bytes": in_arenas, "outside": outside}
    result["unknown_frees"] = unknown
    print(json.dumps(result))


main()
