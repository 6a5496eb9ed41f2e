"""What ops.materializations says was written last."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

from pat_dagster import tables
from pat_dagster.recorded import LEDGER
from pat_dagster.resources.warehouse import open_database

Rows: TypeAlias = dict[tuple[str, str | None], dict[str, Any]]


def newest_rows(path: Path) -> Rows:
    """The newest ledger row of every table and iteration, by both; {} for a file without a ledger."""
    with open_database(path, read_only=True) as con:
        if not tables.column_types(con, LEDGER):
            return {}
        rows = tables.read(con, LEDGER).sort("started_at", maintain_order=True)
    return {(row["table_name"], row["iteration"]): row for row in rows.iter_rows(named=True)}
