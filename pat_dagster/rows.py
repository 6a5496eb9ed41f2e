"""Rows computed in Python as a frame with the types that the table's file declares, even without rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from pat_dagster.sql_files import table_file

TYPES: Final[Mapping[str, pl.DataType]] = {
    "bigint": pl.Int64(),
    "boolean": pl.Boolean(),
    "double": pl.Float64(),
    "int": pl.Int32(),
    "integer": pl.Int32(),
    "text": pl.String(),
    "timestamp": pl.Datetime("us"),
    "varchar": pl.String(),
}


def frame(table: str, rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Rows of `table` without its partition column, which the writer fills in."""
    file = table_file(table)
    types = {name: TYPES[kind] for name, kind in file.column_types.items() if name != file.partition}
    return pl.DataFrame(list(rows), schema=types, strict=True)
