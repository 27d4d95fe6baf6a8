# SPDX-License-Identifier: MIT
"""A generator goes on after frames that once called it are gone, and their memory with them.

Prints "ok". A recorder that compares what it remembers of a stack would look into memory that is not mapped.
"""
import threading


def endless():
    while True:
        yield [1.5 * len(str(id(object())))]


def below(depth, generator):
    return below(depth - 1, generator) if depth else next(generator)


def chunks_of_the_stack():
    """CPython unmaps the outer chunks of its stack of frames when a deep call returns."""
    generator = endless()
    for depth in (10, 200, 500, 900):
        for _ in range(3):
            below(depth, generator)
            next(generator)


LOCALS = " = ".join(f"x{i}" for i in range(20_000))
exec(f"""
def large(inner):
    {LOCALS} = 0
    next(inner)
    if inner is None:
        yield
""")


def large_frame():
    """A generator that called another ends; malloc had to ask for its memory, and gives it back when it is freed."""
    inner = endless()
    filling = [bytearray(200_000) for _ in range(100)]  # no room is left in between
    next(inner)
    for _ in large(inner):
        pass
    next(inner)
    return filling


chunks_of_the_stack()
large_frame()
thread = threading.Thread(target=chunks_of_the_stack)
thread.start()
thread.join()
print("ok")
