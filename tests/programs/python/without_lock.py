# SPDX-License-Identifier: MIT
"""Calls CPython's allocators without its lock, which is wrong, from threads that run beside threads with Python code.
Up to 3.11 it works all the same as long as the sizes are those that go to malloc."""
import ctypes
import sys
import threading

if sys.version_info >= (3, 12):
    sys.exit("crashes")

library = ctypes.CDLL(None)  # gives the lock up around each call
library.PyMem_Malloc.restype = ctypes.c_void_p
library.PyMem_Malloc.argtypes = [ctypes.c_size_t]
library.PyMem_Free.argtypes = [ctypes.c_void_p]
kept = []
sys.setswitchinterval(1e-5)  # the lock is asked for after each call


def outside(count):
    for _ in range(count):
        library.PyMem_Free(library.PyMem_Malloc(40000))


def inside(depth):
    return [inside(depth - 1)] if depth > 0 else [str(number) for number in range(200)]


threads = [threading.Thread(target=outside, args=(3000,)) for _ in range(3)]
for thread in threads:
    thread.start()
while any(thread.is_alive() for thread in threads):
    inside(30)
kept.append(library.PyMem_Malloc(54321))
kept.append(bytearray(77777))  # for the test: up to here
print("end")
