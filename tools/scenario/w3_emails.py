# SPDX-License-Identifier: MIT
"""W3: bounced e-mails are read and dropped again, and a dictionary of their addresses stays."""
from scenario.lab import DATABASES
from scenario.page import change, mib, unexplained, why_kept

WHOLE = ["--read", "eager", "--rows", "structs", "--keep"]
WAYS = [
    ("whole records, dictionary stays", [*WHOLE, "--lookup"], {}),
    ("the same, then malloc_trim", [*WHOLE, "--lookup", "--trim"], {}),
    ("the same, served by jemalloc", [*WHOLE, "--lookup"], {"MEMTRACE_ALLOCATOR": "jemalloc"}),
    ("one column, dictionary stays", [*WHOLE, "--lookup", "--columns", "one"], {}),
    ("whole records, nothing stays", WHOLE, {}),
    ("whole records row by row, dictionary stays", ["--read", "single-row", "--rows", "structs", "--drop", "--lookup"], {}),
]
HEAD = ["database", "way", "process before", "all rows read", "rows dropped", "went back", "live then", "freed but kept",
        "unexplained"]


def run(lab, page):
    page.heading("W3: bounced e-mails, and what goes back when they are dropped")
    rows, sentences = [], []
    for driver in ("postgres", "sqlite"):
        lab.prepare(driver, "emails")
        recordings = [lab.record("W3", driver, name, lab.dbread(driver, "emails", *options), **variables)
                      for name, options, variables in WAYS]
        rows += [row(DATABASES[driver], recording) for recording in recordings]
        page.picture(lab.picture("W3", driver, recordings), f"W3, {DATABASES[driver]}")
        sentences += [f"{DATABASES[driver]}, {recording.name}: {why_kept(recording.summary)}"
                      for recording in recordings if why_kept(recording.summary)]
    page.table(HEAD, rows)
    for sentence in sentences:
        page.text(f"> {sentence}")


def row(database, recording):
    last = "Memory trimmed" if "malloc_trim" in recording.name else "Rows released"
    before, end, released = (recording.at(mark) for mark in ("Engine connected", "Result iteration end", last))
    resident = [mark["resident_bytes"] for mark in (before, end, released)]
    # What the process gained since it connected and no live block accounts for.
    kept = resident[2] - resident[0] - (released["live"]["bytes"] - before["live"]["bytes"])
    return [database, recording.title, mib(resident[0]), f"{mib(resident[1])} ({change(resident[1] - resident[0])})",
            mib(resident[2]), change(resident[2] - resident[1]), mib(released["live"]["bytes"]), mib(max(0, kept)),
            unexplained(recording.summary)]
