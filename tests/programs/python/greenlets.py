# SPDX-License-Identifier: MIT
"""Twenty stacks under one thread, each of another depth, taking turns: 50 objects are made under i + 1 frames of
body() by the i-th."""
import greenlet

kept = []


def fill(count):
    for _ in range(count):
        kept.append(bytes(100))


def body(depth):
    if depth > 0:
        return body(depth - 1)
    for _ in range(50):
        fill(1)
        main.switch()


main = greenlet.getcurrent()
alive = [greenlet.greenlet(lambda depth=depth: body(depth)) for depth in range(20)]
while alive:
    for one in alive:
        one.switch()
    alive = [one for one in alive if not one.dead]
kept.append(bytearray(77777))  # for the test: up to here
print(len(kept))
