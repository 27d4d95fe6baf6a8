# SPDX-License-Identifier: MIT
"""Whatever moves frames about, at random: disorder.py SEED. Prints "fine".

Generators resumed from any depth and by any thread, coroutines, code that is compiled and dies, exceptions and frames
that are kept, recursion to its limit, finalizers, the collector, settrace, tracemalloc, signals in between, fork.
"""
import asyncio
import gc
import os
import random
import signal
import sys
import threading
import tracemalloc

MAIN = threading.main_thread()


def make_objects(rnd, count=3):
    return len([str(rnd.random()) for _ in range(count)])


def generator(rnd):
    kept = []
    while True:
        kept.append([rnd.random()])
        del kept[:-5]
        yield make_objects(rnd)


def generator_of(rnd, inner):
    while True:
        yield next(inner) + make_objects(rnd, 1)


def below(depth, function):
    return below(depth - 1, function) if depth else function()


def below_larger_frames(depth, function):
    a = b = c = d = e = f = g = h = i = j = k = l = m = None  # noqa: E741
    return below_larger_frames(depth - 1, function) if depth else function()


async def coroutine(rnd, depth):
    if depth:
        return await coroutine(rnd, depth - 1)
    await asyncio.sleep(0)
    return make_objects(rnd)


async def asynchronous_generator(rnd):
    for _ in range(5):
        await asyncio.sleep(0)
        yield make_objects(rnd)


async def all_at_once(rnd):
    await asyncio.gather(*[coroutine(rnd, rnd.randrange(30)) for _ in range(10)])
    return [made async for made in asynchronous_generator(rnd)]


class Finalized:
    def __init__(self, rnd):
        self.rnd, self.circle = rnd, self

    def __del__(self):
        make_objects(self.rnd)


def compiled_code(rnd):
    lines = "".join(f"    y{i} = [x, {i}.5]\n" for i in range(rnd.randrange(1, 200)))
    names = {}
    exec(f"def function(x):\n{lines}    return len(y0)\n", names)
    return names["function"](1)


def raising(rnd, depth):
    try:
        if depth:
            raising(rnd, depth - 1)
        raise ValueError(str(rnd.random()))
    except ValueError:
        if rnd.random() < 0.7:
            raise


def endless_recursion():
    return endless_recursion() + 1


kept_frames = []


def keep_frame():
    kept_frames.append(sys._getframe(1))
    del kept_frames[:-10]


def trace(frame, event, _argument):
    return [trace, frame, event][0]


def step(rnd, generators, what):
    depth = rnd.choice([0, 0, 1, 3, 20, 100, 400])
    if what < 5:
        deep = rnd.choice([below, below_larger_frames])
        try:
            chosen = rnd.choice(generators)
            deep(depth, lambda: next(chosen))
            next(chosen)
        except (StopIteration, ValueError, RuntimeError):  # it is running, in another thread or further outside
            pass
    elif what == 5:
        generators.append(generator(rnd))
    elif what == 6:
        generators.append(generator_of(rnd, rnd.choice(generators)))
    elif what == 7:
        compiled_code(rnd)
    elif what == 8 and threading.current_thread() is MAIN:
        asyncio.run(all_at_once(rnd))
    elif what == 9:
        try:
            raising(rnd, depth % 50)
        except ValueError as error:
            kept_frames.append(error.__traceback__.tb_frame)
    elif what == 10:
        try:
            endless_recursion()
        except RecursionError:
            pass
    elif what == 11:
        below(depth % 50, keep_frame)
    elif what == 12:
        gc.collect(rnd.randrange(3))
    elif what == 13:
        below(depth, lambda: Finalized(rnd))
    elif what == 14:
        sys.settrace(trace)
        below(depth % 30, lambda: make_objects(rnd))
        sys.settrace(None)
    elif what == 15:
        bytearray(rnd.randrange(1 << 18))
    elif what == 16 and threading.current_thread() is MAIN:
        tracemalloc.stop() if tracemalloc.is_tracing() else tracemalloc.start(rnd.choice([1, 5]))
    del generators[:-8]


def run(rnd, generators, steps):
    for _ in range(steps):
        step(rnd, generators, rnd.randrange(17))


shared = []


def thread_main(seed):
    rnd = random.Random(seed)
    generators = [generator(rnd)]
    for _ in range(6):
        run(rnd, generators, 10)
        shared.append(generators[0])
        generators.append(shared.pop(0))


def with_threads(rnd, seed, meanwhile):
    threads = [threading.Thread(target=thread_main, args=(seed * 100 + index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    meanwhile()
    run(rnd, [generator(rnd)], 40)
    for thread in threads:
        thread.join()


def forked(rnd):
    pid = os.fork()
    if pid == 0:
        run(rnd, [generator(rnd)], 15)
        os._exit(7)
    assert os.WEXITSTATUS(os.waitpid(pid, 0)[1]) == 7


def main(seed):
    rnd = random.Random(seed)
    sys.setrecursionlimit(3000)
    sys.setswitchinterval(1e-5)
    signal.signal(signal.SIGALRM, lambda *_: below(5, lambda: make_objects(rnd)))
    signal.setitimer(signal.ITIMER_REAL, 0.003, 0.003)
    with_threads(rnd, seed, lambda: None)
    with_threads(rnd, seed + 1, lambda: forked(rnd))
    signal.setitimer(signal.ITIMER_REAL, 0)
    print("fine")


main(int(sys.argv[1]))
