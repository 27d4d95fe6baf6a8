# SPDX-License-Identifier: MIT
"""The Markdown page: a heading, tables and pictures for each scenario, written anew after each."""
import datetime


def mib(count):
    return f"{count / 2**20:.1f} MiB" if count is not None else "–"


def change(count):
    return f"{count / 2**20:+.1f} MiB"


def unexplained(summary):
    """The share of process memory that no cause is known for, at its highest or at the end, whichever is more."""
    memory = summary.get("process_memory")
    if not memory:
        return "–"
    splits = [memory[moment] for moment in ("highest", "end") if memory[moment]["resident_bytes"]]
    shares = [split["causes"]["unexplained"] / split["resident_bytes"] for split in splits]
    return f"{100 * max(shares):.2f}%" if shares else "–"


def why_kept(summary):
    """memtrace's sentences on memory that was freed and did not go back; empty if there are none."""
    kept = (summary.get("process_memory") or {}).get("freed_but_kept")
    return kept["text"] if kept and kept["applies"] else ""


class Page:
    def __init__(self, path, scale):
        self.path = path
        self._parts = [f"# The five scenarios, recorded {datetime.date.today()}, tables at {scale:g} times their full size"]

    def heading(self, text):
        self._parts.append(f"## {text}")

    def text(self, text):
        self._parts.append(text)

    def code(self, text):
        self._parts.append("```\n" + text.rstrip() + "\n```")

    def table(self, head, rows):
        lines = ["| " + " | ".join(map(str, cells)) + " |" for cells in [head, ["---"] * len(head), *rows]]
        self._parts.append("\n".join(lines))

    def picture(self, path, title):
        self._parts.append(f"![{title}]({path.relative_to(self.path.parent)})")

    def write(self):
        self.path.write_text("\n\n".join(self._parts) + "\n")
