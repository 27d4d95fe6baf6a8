# SPDX-License-Identifier: MIT
"""A child of fork makes objects of its own, in code that its parent has run and in code that it has not."""
import os

kept = []


def known_to_both(count):
    for _ in range(count):
        kept.append(bytes(100))


def only_in_the_child():
    for _ in range(60):
        kept.append(bytes(100))


known_to_both(10)
child = os.fork()
if child == 0:
    known_to_both(50)
    only_in_the_child()
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if hasattr(os, "waitstatus_to_exitcode") else 7)
