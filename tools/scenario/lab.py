# SPDX-License-Identifier: MIT
"""Records ways of doing a thing under memtrace and asks memtrace about them.

    Lab ──record──► Recording ── summary, compare (JSON) ──► figures for the page
        └─picture, html──► files in the folder
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

from scenario.page import Page

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / os.environ.get("MEMTRACE_BUILD", "build/release")
MEMTRACE, DBREAD, POLLSERVICE = (BUILD / "bin" / name for name in ("memtrace", "dbread", "pollservice"))
DATABASES = {"postgres": "PostgreSQL", "sqlite": "SQLite", "mysql": "MariaDB"}


class Failure(Exception):
    pass


class Recording:
    """One run: its trace, what it printed, how long it took, and what memtrace says about it.

    `title` is its name in Markdown, with a link to its page if there is one.
    """

    def __init__(self, name, trace, out, err, wall_s, focus):
        self.name, self.trace, self.out, self.err, self.wall_s = name, trace, out, err, wall_s
        self.title = name
        self.summary = ask("summary", trace)
        self.figures = ask("compare", *(["--focus", focus] if focus else []), trace)["rows"][0]

    @property
    def process_peak_bytes(self):
        return self.figures["process_peak_bytes"] or 0

    @property
    def peak_bytes(self):
        return self.figures["peak"]["bytes"]

    @property
    def main_source(self):
        return self.figures["main_source"] or "–"

    def at(self, mark):
        """The mark of this name, the last one if there are several."""
        found = [m for m in self.summary["marks"] if m["name"] == mark]
        if not found:
            raise Failure(f"{self.trace} has no mark {mark!r}")
        return found[-1]

    def resident_at(self, mark):
        return self.at(mark)["resident_bytes"]


def ask(command, *words):
    """A report as JSON."""
    done = subprocess.run([MEMTRACE, command, "--json", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise Failure(f"memtrace {command}: {done.stderr.decode().strip()}")
    return json.loads(done.stdout)


def show(command, *words):
    """A report as text."""
    return subprocess.run([MEMTRACE, command, *map(str, words)], check=True, text=True, stdout=subprocess.PIPE,
                          env={**os.environ, "COLUMNS": "110"}).stdout


class Lab:
    def __init__(self, folder, scale, with_html):
        self.folder, self.scale, self.with_html = folder, scale, with_html
        self._prepared = set()
        self._began = time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)

    def say(self, text):
        print(f"[{time.monotonic() - self._began:6.0f} s] {text}", flush=True)

    def start_page(self):
        return Page(self.folder / "scenarios.md", self.scale)

    def dbread(self, driver, dataset, *options):
        return [DBREAD, *self._database(driver), "--dataset", dataset, *options]

    def pollservice(self, driver, *options):
        return [POLLSERVICE, *self._database(driver), *options]

    def _database(self, driver):
        return ["--driver", driver, *(["--db", self.folder / "sqlite.db"] if driver == "sqlite" else [])]

    def prepare(self, driver, dataset):
        """Makes the table, once."""
        if (driver, dataset) in self._prepared:
            return
        self.say(f"{DATABASES[driver]}: making {dataset}")
        command = self.dbread(driver, dataset, "--scale", str(self.scale), "--prepare")
        done = subprocess.run(command, text=True, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise Failure(done.stderr.strip().splitlines()[-1])
        self._prepared.add((driver, dataset))

    def trace_path(self, scenario, driver, name):
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        path = self.folder / scenario.lower() / f"{driver}-{slug}.mtr"
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        return path

    def run_words(self, trace, command):
        return [str(word) for word in [MEMTRACE, "run", "-q", "-o", trace, "--", *command]]

    def record(self, scenario, driver, name, command, focus="^main$", **variables):
        """`focus`: where the main source is looked for, so that what libraries allocate as they are loaded stays aside."""
        trace = self.trace_path(scenario, driver, name)
        began = time.monotonic()
        done = subprocess.run(self.run_words(trace, command), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**os.environ, **variables})
        wall_s = time.monotonic() - began
        if done.returncode != 0:
            raise Failure(f"{' '.join(map(str, command))}: {done.stderr.strip()[-1000:]}")
        return self.finish(scenario, driver, name, trace, done.stdout, done.stderr, wall_s, focus)

    def finish(self, scenario, driver, name, trace, out, err, wall_s, focus="^main$"):
        recording = Recording(name, trace, out, err, wall_s, focus)
        peak_mib = recording.process_peak_bytes / 2**20
        self.say(f"{scenario} {DATABASES[driver]}, {name}: {peak_mib:.1f} MiB at the peak, {wall_s:.1f} s")
        if self.with_html:
            html = trace.with_suffix(".html")
            subprocess.run([MEMTRACE, "report", "-o", html, trace], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            recording.title = f"[{name}]({html.relative_to(self.folder)})"
        return recording

    def picture(self, scenario, driver, recordings):
        """Process memory over time, a curve for each; returns its path."""
        path = self.folder / f"{scenario.lower()}-{driver}.svg"
        traces = [f"{recording.name}={recording.trace}" for recording in recordings]
        subprocess.run([MEMTRACE, "compare", "--svg", "--process", "-o", path, *traces], check=True,
                       stdout=subprocess.DEVNULL)
        return path

    @staticmethod
    def ask(command, *words):
        return ask(command, *words)

    @staticmethod
    def show(command, *words):
        return show(command, *words)

    @staticmethod
    def warn(text):
        print(f"tools/scenarios: {text}", file=sys.stderr, flush=True)
