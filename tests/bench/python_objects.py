# SPDX-License-Identifier: MIT
"""Makes objects and drops them again, for tools/bench_python: nothing but Python's own allocators is busy.

    python_objects.py churn DEPTH     objects of three kinds, made below DEPTH calls
    python_objects.py json            results of json.loads(json.dumps(...)), the last ones kept
"""
import json
import sys

CHURNED = 3_000_000
ROUNDS = 150


class Pair:
    __slots__ = ("number", "text")

    def __init__(self, number, text):
        self.number, self.text = number, text


def churn():
    for number in range(CHURNED // 3):
        Pair(number + 1000, str(number))  # the object, an integer, a string


def below(depth, function):
    return function() if depth <= 1 else below(depth - 1, function)


def read_json():
    records = [{"id": number, "name": "name %d" % number, "tags": [number, number / 2, str(number)]} for number in range(2000)]
    kept = []
    for _ in range(ROUNDS):
        kept.append(json.loads(json.dumps(records)))
        del kept[:-3]


if sys.argv[1] == "churn":
    below(int(sys.argv[2]) - 2, churn)
else:
    read_json()
