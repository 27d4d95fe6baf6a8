# SPDX-License-Identifier: MIT
"""Reads the 92,000 records as objects of an ORM's session (SQLAlchemy) and keeps them in a dictionary.

    dbread --driver postgres --dataset records --prepare && python3 records_orm.py

The server is the one of the PG* variables. python3 -X tracemalloc adds what tracemalloc sees, and
--top its ten largest lines.
"""
from checkpoints import checkpoint, print_top

checkpoint("Start")
from sqlalchemy import Column, Integer, Text, create_engine, select
from sqlalchemy.orm import Session, declarative_base

checkpoint("After imports")

Base = declarative_base()


class Record(Base):
    __tablename__ = "records"
    id = Column(Integer, primary_key=True)
    num = Column(Integer)
    data = Column(Text)


def main():
    records = {}
    engine = create_engine("postgresql+psycopg2://")
    with Session(engine) as session:
        session.connection()
        checkpoint("Engine connected")
        result = session.execute(select(Record)).scalars()
        checkpoint("Result iteration start")
        for record in result:
            records[record.id] = record
        checkpoint("Result iteration end")
        print(f"records: {len(records)} rows, sum of num {sum(record.num for record in records.values())}")
    print_top()


main()
