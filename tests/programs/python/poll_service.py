# SPDX-License-Identifier: MIT
"""A service that polls its table of events, as in the first of the five write-ups: "is it a leak?"

    poll_service.py healthy|leaking [POLLS [killed]]

Each poll reads the whole table as a list of objects. The healthy service drops the last poll's objects when the next
one has come; the leaking one also remembers every object that it has handled, by its number and the poll's. After each
poll there is a mark, "poll N". With "killed" it ends as a service does that has met its limit: at once.
"""
import ctypes
import os
import signal
import sqlite3
import sys

# Without memtrace there is no such function, and the marks cost nothing.
mark = getattr(ctypes.CDLL(None), "memtrace_mark", lambda name: None)

EVENTS = 400


class Event:
    def __init__(self, number, kind, payload):
        self.number = number
        self.kind = kind
        self.payload = payload


def fill(connection):
    connection.execute("CREATE TABLE events (number INTEGER PRIMARY KEY, kind TEXT, payload TEXT)")
    rows = ((n, "created", "payload of event %06d, long enough to matter" % n) for n in range(EVENTS))
    connection.executemany("INSERT INTO events VALUES (?, ?, ?)", rows)


class Service:
    def __init__(self, connection, is_leaking):
        self.connection = connection
        self.is_leaking = is_leaking
        self.latest = []
        self.handled = {}

    def poll(self, poll_number):
        rows = self.connection.execute("SELECT number, kind, payload FROM events")
        self.latest = [Event(*row) for row in rows]
        if self.is_leaking:
            self.remember(poll_number)

    def remember(self, poll_number):
        for event in self.latest:
            key = (poll_number, event.number)
            self.handled[key] = event


def main():
    is_leaking = sys.argv[1] == "leaking"
    polls = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    connection = sqlite3.connect(":memory:")
    fill(connection)
    service = Service(connection, is_leaking)
    for number in range(polls):
        service.poll(number)
        mark(b"poll %d" % number)
    print(len(service.latest), len(service.handled), flush=True)
    if "killed" in sys.argv:
        os.kill(os.getpid(), signal.SIGKILL)


main()
