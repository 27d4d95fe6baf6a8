# SPDX-License-Identifier: MIT
"""Four threads in a ring: each makes objects, gives them to the next one and drops what it was given."""
import queue
import sys
import threading

sys.setswitchinterval(1e-6)
THREADS = 4
queues = [queue.SimpleQueue() for _ in range(THREADS)]


def pass_on(index):
    for number in range(5000):
        queues[(index + 1) % THREADS].put([number + 0.5, str(number), (number, number + 1), bytes(number % 900)])
        if number % 3 == 0:
            continue
        try:
            queues[index].get_nowait()
        except queue.Empty:
            pass


threads = [threading.Thread(target=pass_on, args=(index,)) for index in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for waiting in queues:
    while not waiting.empty():
        waiting.get_nowait()
print("end")
