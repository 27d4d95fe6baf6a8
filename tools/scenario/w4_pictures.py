# SPDX-License-Identifier: MIT
"""W4: a table of pictures: all at once, five at a time, and in pages by offset and by key."""
import re

from scenario.lab import DATABASES
from scenario.page import mib, unexplained

WAYS = [
    ("all at once", ["--read", "eager"]),
    ("five at a time", ["--read", "cursor", "--batch", "5"]),
    ("pages of 1000 by offset", ["--read", "offset", "--batch", "1000"]),
    ("pages of 1000 by key", ["--read", "keyset", "--batch", "1000"]),
    ("the keys alone, by offset", ["--read", "offset", "--batch", "1000", "--columns", "one"]),
    ("the keys alone, by key", ["--read", "keyset", "--batch", "1000", "--columns", "one"]),
]
HEAD = ["database", "way", "process peak", "live peak", "time", "a first page", "a last page", "unexplained", "main source"]
TIMES = re.compile(r"mean of the first \d+: ([0-9.]+) ms, of the last: ([0-9.]+) ms")


def run(lab, page):
    page.heading("W4: a table of pictures")
    rows = []
    for driver in ("sqlite", "postgres"):
        lab.prepare(driver, "pictures")
        recordings = [lab.record("W4", driver, name, lab.dbread(driver, "pictures", "--page-times", *options))
                      for name, options in WAYS]
        rows += [row(DATABASES[driver], recording) for recording in recordings]
        page.picture(lab.picture("W4", driver, recordings), f"W4, {DATABASES[driver]}")
    page.table(HEAD, rows)


def row(database, recording):
    times = TIMES.search(recording.err) if "page" in recording.name or "keys" in recording.name else None
    pages = [f"{float(time):.1f} ms" for time in times.groups()] if times else ["–", "–"]
    return [database, recording.title, mib(recording.process_peak_bytes), mib(recording.peak_bytes), f"{recording.wall_s:.1f} s",
            *pages, unexplained(recording.summary), f"`{recording.main_source}`"]
