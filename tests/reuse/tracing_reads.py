"""`pat` with every read of an asset written down: `python tracing_reads.py FILE pat-arguments`.

FILE gets a JSON object: asset -> the tables and vectors it read while it was computed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp

from models.retrieval.store import Vectors, VectorStore
from pat_dagster import ledger
from pat_dagster.cli import main
from pat_dagster.resources import warehouse

READS: dict[str, set[str]] = {}
CURRENT: list[str] = []


class Watched:
    """A connection that notes the tables of every statement."""

    def __init__(self, con: Any) -> None:
        self._con = con

    def __getattr__(self, name: str) -> Any:
        return getattr(self._con, name)

    def execute(self, query: Any, *rest: Any, **named: Any) -> Any:
        note_tables(str(query))
        return self._con.execute(query, *rest, **named)

    def sql(self, query: Any, *rest: Any, **named: Any) -> Any:
        note_tables(str(query))
        return self._con.sql(query, *rest, **named)

    def table(self, name: str) -> Any:
        note(name)
        return self._con.table(name)


def note(name: str) -> None:
    if CURRENT and CURRENT[-1] != name:
        READS.setdefault(CURRENT[-1], set()).add(name)


def note_tables(query: str) -> None:
    for statement in sqlglot.parse(query, dialect="duckdb"):
        if isinstance(statement, exp.Query | exp.Insert | exp.Create):
            for table in statement.find_all(exp.Table):
                if table.db and table.name:
                    note(f"{table.db}.{table.name}")


def watch() -> None:
    plain_connect, plain_find = warehouse.Warehouse.connect, VectorStore.find
    plain_open, plain_record = ledger.Entry.open, ledger.Entry.record

    @contextmanager
    def connect(self: Any, read_only: bool = False) -> Iterator[Any]:
        with plain_connect(self, read_only) as con:
            yield Watched(con)

    def opened(self: ledger.Entry, con: Any) -> None:
        plain_open(self, con)
        CURRENT.append(self.name)
        READS.setdefault(self.name, set())

    def record(self: ledger.Entry, *rest: Any, **named: Any) -> None:
        CURRENT.clear()
        plain_record(self, *rest, **named)

    def find(self: VectorStore, table: str) -> Vectors | None:
        note(f"vectors.{table}")
        return plain_find(self, table)

    warehouse.Warehouse.connect, VectorStore.find = connect, find  # type: ignore[method-assign]
    ledger.Entry.open, ledger.Entry.record = opened, record  # type: ignore[method-assign]


if __name__ == "__main__":
    watch()
    place = Path(sys.argv[1])
    sys.argv = ["pat", *sys.argv[2:]]
    try:
        main()
    finally:
        place.write_text(json.dumps({name: sorted(found) for name, found in READS.items()}, indent=1))
