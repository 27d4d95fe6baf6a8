# SPDX-License-Identifier: MIT
"""Every way to be in Python code. Each function below lets fill() make a number of objects of its own, which the test
looks for under that function: `name: number`.

    in_threads: 200    in_coroutines: 300    in_generator: 31    in_finally: 32    in_lambda: 33    in_method: 34
    in_exec: 35    in_eval: 500    at_the_bottom: 36    größe: 37    in_callback: 38    in_thread_of_threads: 39
"""
import asyncio
import ctypes
import functools
import sys
import threading

kept = []


def fill(count):
    for _ in range(count):
        kept.append(bytes(100))


def in_threads():
    threads = [threading.Thread(target=lambda: fill(50)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


async def in_coroutines(turns):
    for _ in range(turns):
        await asyncio.sleep(0)
        fill(1)


async def all_coroutines():
    await asyncio.gather(*[in_coroutines(15) for _ in range(20)])


def in_generator():
    def pieces():
        yield None
        fill(31)
        yield from (None, None)

    for _ in pieces():
        pass


def in_finally():
    try:
        try:
            raise ValueError
        finally:
            fill(32)
    except ValueError:
        pass


class Shape:
    def in_method(self):
        fill(34)

    def größe(self):
        fill(37)


def at_the_bottom(depth):
    if depth > 0:
        return at_the_bottom(depth - 1)
    return fill(36)


def in_eval():
    for number in range(500):
        eval("fill(1) if %d >= 0 else None" % number)


def in_callback():
    @functools.cmp_to_key
    def compare(a, b):
        fill(1) if in_callback.left > 0 else None
        in_callback.left -= 1
        return a - b

    in_callback.left = 38
    sorted(range(100), key=compare)


def in_thread_of_threads():
    def outer():
        inner = threading.Thread(target=fill, args=(39,))
        inner.start()
        inner.join()

    thread = threading.Thread(target=outer)
    thread.start()
    thread.join()


def native_blocks():
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    kept.append(libc.malloc(ctypes.c_size_t(54321)))  # by no function of Python's, while its lock is given up
    kept.append(bytearray(65432))  # too large for pymalloc


sys.setrecursionlimit(5000)
in_threads()
asyncio.run(all_coroutines())
in_generator()
in_finally()
in_lambda = lambda: fill(33)  # noqa: E731
in_lambda()
Shape().in_method()
Shape().größe()
namespace = {"fill": fill}
exec(compile("def in_exec():\n\n    fill(35)\n", "made up.py", "exec"), namespace)
namespace["in_exec"]()
in_eval()
at_the_bottom(900)
in_callback()
in_thread_of_threads()
native_blocks()
kept.append(bytearray(77777))  # for the test: up to here
print(len(kept))
