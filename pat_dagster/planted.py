"""The planted truth of datasets that are bundled samples; other datasets have none."""

from __future__ import annotations

import duckdb
import polars as pl

from models.sample import World
from models.sources.sample import world_of
from pat_dagster import tables


def planted_worlds(con: duckdb.DuckDBPyConnection) -> dict[str, World]:
    """The world behind each dataset that came from the bundled sample, by dataset. Null worlds have none."""
    files = tables.read(con, "raw.source_files", {"format": "sample"}).sort("dataset", "source_file")
    worlds = {row["dataset"]: world_of(row["source_file"]) for row in files.iter_rows(named=True)}
    return {dataset: world for dataset, world in worlds.items() if not world.is_null}


def planted_id(column: str) -> pl.Expr:
    """An id of the warehouse as the world knows it: without the dataset in front."""
    return pl.col(column).str.split_exact(":", 1).struct.field("field_1")
