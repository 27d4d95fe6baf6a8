# SPDX-License-Identifier: MIT
"""Objects of sub-interpreters, one after the other and in threads."""
import threading

try:
    import _xxsubinterpreters as interpreters
except ImportError:
    import _interpreters as interpreters

CODE = """
def in_interpreter():
    for _ in range(40):
        kept.append(bytes(100))
kept = []
in_interpreter()
"""


def run():
    interpreter = interpreters.create()
    interpreters.run_string(interpreter, CODE)
    interpreters.destroy(interpreter)


run()
threads = [threading.Thread(target=run) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("end")
