"""What was learned or measured on a whole corpus and stays in use while little of it changes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from models.learned import Keeping
from models.recipes import Recipe
from pat_dagster import tables
from pat_dagster.code_versions import code_version, library_versions
from pat_dagster.recipe_parts import as_json
from pat_dagster.reuse import ANEW, TAG
from pat_dagster.settings import Settings


def keeping_of(settings: Settings, recipe: Recipe, tags: Mapping[str, str]) -> Keeping:
    """The recipe's rule; nothing stays in a run whose tags say so."""
    return Keeping(settings.learned_path, recipe.refresh.refit_share, tags.get(TAG) == ANEW)


def key_of(module: str, *values: object) -> str:
    """Hash of what decides a result beside the rows: the code of a module and of all it needs, and values."""
    told = as_json([code_version("", module), library_versions(), *values])
    return hashlib.sha256(told.encode()).hexdigest()


def rows_of(con: duckdb.DuckDBPyConnection, table: str, dataset: str) -> list[dict[str, Any]]:
    """Rows that a table has of a dataset; none where there is no such table yet."""
    if not tables.column_types(con, table):
        return []
    return tables.read(con, table, {"dataset": dataset}).to_dicts()


def rows_sha256(table: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Hash of rows in any order; `table` goes in front, so that no rows have one too."""
    return hashlib.sha256("\n".join([table, *sorted(map(as_json, rows))]).encode()).hexdigest()
