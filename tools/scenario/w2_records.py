# SPDX-License-Identifier: MIT
"""W2: 92,000 records kept, in nine ways; and twice from Python."""
import subprocess

from scenario.lab import DATABASES, ROOT
from scenario.page import mib, unexplained

PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's packages
WAYS = [
    ("driver alone", ["--read", "eager", "--rows", "tuples"], False),
    ("driver + model objects, not validated", ["--read", "eager", "--rows", "structs"], False),
    ("SQL layer without ORM", ["--read", "batched", "--batch", "1000", "--rows", "named"], False),
    ("ORM session", ["--read", "eager", "--rows", "entities"], False),
    ("SQL layer, async", ["--read", "batched", "--batch", "1000", "--rows", "named"], True),
    ("ORM session, async", ["--read", "eager", "--rows", "entities"], True),
    ("SQL layer, async + model objects by constructor", ["--read", "eager", "--rows", "validated"], True),
    ("SQL layer, async + model objects from existing", ["--read", "eager", "--rows", "validated-existing"], True),
    ("SQL layer, async + model objects, not validated", ["--read", "eager", "--rows", "structs"], True),
]
PROGRAMS = [("Python: psycopg", "records_driver.py", "psycopg"), ("Python: SQLAlchemy ORM", "records_orm.py", "sqlalchemy")]
HEAD = ["database", "way", "process, all rows read", "live heap then", "process peak", "unexplained", "main source"]
END = "Result iteration end"


def run(lab, page):
    page.heading("W2: 92,000 records, nine ways")
    rows = []
    for driver in ("postgres", "sqlite"):
        lab.prepare(driver, "records")
        recordings = [record(lab, driver, *way) for way in WAYS if driver == "postgres" or not is_only_async(way)]
        if driver == "postgres":
            recordings += [record_python(lab, *program) for program in PROGRAMS if has_module(lab, program[2])]
        rows += [row(DATABASES[driver], recording) for recording in recordings]
        page.picture(lab.picture("W2", driver, recordings), f"W2, {DATABASES[driver]}")
    page.table(HEAD, rows)


def is_only_async(way):
    """Whether a way differs from one above only in how it waits, which SQLite does not."""
    return way[2] and way[0] in ("SQL layer, async", "ORM session, async")


def record(lab, driver, name, options, is_async):
    waits = ["--async"] if is_async and driver == "postgres" else []
    return lab.record("W2", driver, name, lab.dbread(driver, "records", "--keep", *options, *waits))


def record_python(lab, name, program, _):
    return lab.record("W2", "postgres", name, [PYTHON, ROOT / "demo_apps/python" / program], focus=None,
                      MEMTRACE_FOLLOW="0")


def has_module(lab, module):
    there = subprocess.run([PYTHON, "-c", f"import {module}"], stderr=subprocess.DEVNULL).returncode == 0
    if not there:
        lab.warn(f"left out: {PYTHON} has no {module}")
    return there


def row(database, recording):
    end = recording.at(END)
    return [database, recording.title, mib(end["resident_bytes"]), mib(end["live"]["bytes"]),
            mib(recording.process_peak_bytes), unexplained(recording.summary), f"`{recording.main_source}`"]
