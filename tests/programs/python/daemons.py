# SPDX-License-Identifier: MIT
"""Daemon threads that allocate in all ways until the interpreter ends under their feet: with its lock, and in
functions that give it up and call malloc (zlib, the resolver's files, read)."""
import threading
import time
import zlib


def busy_with_objects():
    while True:
        [str(number) for number in range(100)]


def busy_without_lock():
    data = b"to be compressed " * 20000
    while True:
        zlib.decompress(zlib.compress(data, 1))
        with open("/etc/passwd", "rb") as file:
            file.read()


for target in (busy_with_objects, busy_without_lock, busy_without_lock, busy_with_objects):
    threading.Thread(target=target, daemon=True).start()
time.sleep(0.2)
print("end")
