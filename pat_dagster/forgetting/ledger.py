"""What the ledger says after rows were removed: the tables hold less, and must be written again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any, Final

import duckdb
import polars as pl

from models.retrieval.store import VectorStore
from pat_dagster import tables
from pat_dagster.recorded import LEDGER, invalidate
from pat_dagster.settings import SQL_ROOT, Settings

RUN: Final = "pat forget"  # in the place of a run of Dagster
VECTORS: Final = "vectors"
Fingerprint = Callable[[str, str | None], tuple[str, int]]


def note_tables(con: duckdb.DuckDBPyConnection, changed: Collection[str]) -> None:
    """Record what the changed tables hold now; inside a transaction. The next run writes them again."""
    con.execute((SQL_ROOT / "macros.sql").read_text(encoding="utf-8"))
    _note(con, changed, lambda table, iteration: tables.fingerprint(con, table, iteration))


def note_vectors(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """The same for every table of the vector store."""
    store = VectorStore(settings.vectors_path)

    def fingerprint(name: str, _: str | None) -> tuple[str, int]:
        vectors = store.load(name.removeprefix(f"{VECTORS}."))
        return vectors.sha256(), len(vectors.ids)

    _note(con, [f"{VECTORS}.{table}" for table in store.tables()], fingerprint)


def lost_rows(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Tables that somebody's rows were removed from and that no run has written since."""
    if not tables.column_types(con, LEDGER):
        return set()
    rows = tables.read(con, LEDGER).sort("started_at")
    last = rows.unique(["table_name", "iteration"], keep="last", maintain_order=True)
    return set(last.filter(pl.col("run_id") == RUN)["table_name"])


def _note(con: duckdb.DuckDBPyConnection, changed: Collection[str], fingerprint: Fingerprint) -> None:
    if not tables.column_types(con, LEDGER):
        return
    tables.ensure_table(con, LEDGER)
    now = datetime.now(UTC).replace(tzinfo=None)
    rows: list[dict[str, Any]] = []
    for last in _newest(con, changed):
        sha256, n = fingerprint(last["table_name"], last["iteration"])
        if sha256 != last["content_sha256"]:
            held = {"content_sha256": sha256, "rows": n, "run_id": RUN, "started_at": now, "seconds": 0.0}
            rows.append(last | held)
    if rows:
        tables.append(con, LEDGER, pl.DataFrame(rows, infer_schema_length=None))
        for row in rows:
            invalidate(con, row["table_name"], row["iteration"])


def _newest(con: duckdb.DuckDBPyConnection, wanted: Collection[str]) -> list[dict[str, Any]]:
    """The last row of each partition of some tables."""
    rows = tables.read(con, LEDGER).filter(pl.col("table_name").is_in(list(wanted))).sort("started_at")
    return rows.unique(["table_name", "iteration"], keep="last", maintain_order=True).to_dicts()
