# SPDX-License-Identifier: MIT
"""Reads the 92,000 records by the driver alone (psycopg) and keeps them in a dictionary.

    dbread --driver postgres --dataset records --prepare && python3 records_driver.py

The server is the one of the PG* variables. python3 -X tracemalloc adds what tracemalloc sees, and
--top its ten largest lines.
"""
from checkpoints import checkpoint, print_top

checkpoint("Start")
import psycopg

checkpoint("After imports")


def main():
    records = {}
    with psycopg.connect() as connection:
        checkpoint("Engine connected")
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, num, data FROM records")
            checkpoint("Result iteration start")
            for row in cursor:
                records[row[0]] = row
            checkpoint("Result iteration end")
    print(f"records: {len(records)} rows, sum of num {sum(row[1] for row in records.values())}")
    print_top()


main()
