# SPDX-License-Identifier: MIT
"""W1: a service that polls its events table. Each variant is asked about while it runs."""
import signal
import subprocess
import time

from scenario.lab import DATABASES
from scenario.page import change, mib, unexplained

POLLS, INTERVAL_S = 60, 0.1
BEFORE, AFTER = "Poll 10", f"Poll {POLLS}"
VARIANTS = [
    ("list of objects", ["--poll", "list", "--read", "eager"]),
    ("iterating, buffered by the driver", ["--poll", "iterate", "--read", "eager"]),
    ("iterating, row by row", ["--poll", "iterate", "--read", "single-row"]),
    ("one column", ["--poll", "column", "--read", "eager"]),
    ("list of objects, leaking", ["--poll", "list", "--read", "eager", "--leak"]),
]
HEAD = ["database", "variant", "process peak", "live peak", f"process, {BEFORE} to {AFTER}", f"live, {BEFORE} to {AFTER}",
        "unexplained", "still growing (memtrace leaks, process running)"]


def run(lab, page):
    page.heading("W1: a service that polls its events table")
    rows, leaks = [], ""
    for driver in ("postgres", "sqlite", "mysql"):
        lab.prepare(driver, "events")
        recordings = []
        for name, options in VARIANTS:
            recording, growing, text = watch(lab, driver, name, options)
            recordings.append(recording)
            rows.append(row(DATABASES[driver], recording, growing))
            leaks = text if "--leak" in options and driver == "mysql" else leaks
        page.picture(lab.picture("W1", driver, recordings), f"W1, {DATABASES[driver]}")
    page.table(HEAD, rows)
    page.text("`memtrace leaks` and `memtrace diff` on the trace of the leaking service, while it ran:")
    page.code(leaks)


def watch(lab, driver, name, options):
    """Records a service until its last poll, looks at it while it still runs, and ends it."""
    trace = lab.trace_path("W1", driver, name)
    # One poll more than is looked at, and time to look: the service waits for its next poll meanwhile.
    command = lab.pollservice(driver, *options, "--interval", str(INTERVAL_S))
    began = time.monotonic()
    service = subprocess.Popen(lab.run_words(trace, command), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        for line in service.stdout:
            if line.startswith(f"poll {POLLS}:"):
                break
        growing = [place for place in lab.ask("leaks", "-n", 100, trace)["rows"] if place["still_growing"]]
        text = lab.show("leaks", "-n", 2, trace) + "\n" + lab.show("diff", "-n", 2, trace, "--at", BEFORE, "--at", AFTER)
        service.send_signal(signal.SIGTERM)
        _, err = service.communicate(timeout=60)
    finally:
        service.kill()
        service.wait()
    if service.returncode != 0:
        lab.warn(f"the service ended with {service.returncode}: {err.strip()}")
    return lab.finish("W1", driver, name, trace, "", err, time.monotonic() - began), growing, text


def row(database, recording, growing):
    before, after = recording.at(BEFORE), recording.at(AFTER)
    process = f"{mib(before['resident_bytes'])} {change(after['resident_bytes'] - before['resident_bytes'])}"
    live = f"{mib(before['live']['bytes'])} {change(after['live']['bytes'] - before['live']['bytes'])}"
    places = ", ".join(f"`{place['label']}`" for place in growing[:3]) or "nothing"
    return [database, recording.title, mib(recording.process_peak_bytes), mib(recording.peak_bytes), process, live,
            unexplained(recording.summary), places]
