# SPDX-License-Identifier: MIT
"""W5: 1,000,000 employees, and which statements the server saw."""
import subprocess

from scenario.lab import DATABASES
from scenario.page import mib, unexplained

WAYS = [
    ("all at once", ["--read", "eager"]),
    ("batches of 10 from the client's buffer", ["--read", "batched", "--batch", "10"]),
    ("server-side cursor, 100 a fetch", ["--read", "cursor", "--batch", "100"]),
    ("row by row", ["--read", "single-row"]),
]
COPY = ("copy", ["--read", "copy"])
HEAD = ["database", "way", "process peak", "live peak", "time", "unexplained", "main source", "the server saw"]
SEEN = """SELECT calls || ' × ' || query FROM pg_stat_statements
WHERE query ~ '^(SELECT|DECLARE|FETCH|COPY)' AND query ~ 'employees|dbread_rows' ORDER BY query"""


def run(lab, page):
    page.heading("W5: 1,000,000 employees")
    rows = []
    has_statistics = psql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements") is not None
    for driver in ("postgres", "sqlite"):
        lab.prepare(driver, "employees")
        recordings = []
        for name, options in WAYS + [COPY] * (driver == "postgres"):
            psql("SELECT pg_stat_statements_reset()")
            recordings.append(lab.record("W5", driver, name, lab.dbread(driver, "employees", "--rows", "structs", *options)))
            seen = psql(SEEN) if driver == "postgres" and has_statistics else None
            rows.append(row(DATABASES[driver], recordings[-1], seen))
        page.picture(lab.picture("W5", driver, recordings), f"W5, {DATABASES[driver]}")
    page.table(HEAD, rows)


def psql(statement):
    """What it answers, or None where that failed: the statistics are an extension."""
    done = subprocess.run(["psql", "-XqAt", "-c", statement], text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.strip() if done.returncode == 0 else None


def row(database, recording, seen):
    statements = "<br>".join(shorten(line) for line in (seen or "").splitlines()) or "–"
    return [database, recording.title, mib(recording.process_peak_bytes), mib(recording.peak_bytes), f"{recording.wall_s:.1f} s",
            unexplained(recording.summary), f"`{recording.main_source}`", statements]


def shorten(statement):
    """Without the list of columns."""
    before, select, rest = statement.partition("SELECT ")
    return f"`{before}{select}… FROM {rest.partition(' FROM ')[2]}`" if select else f"`{statement}`"
