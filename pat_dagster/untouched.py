"""What a run can leave out: tables that are what their inputs make of them, and nothing before them changes.

The assets themselves ask the same when they are run; here it is asked at once, before a run, because a step
of Dagster costs more than the question.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from typing import Final

import duckdb

from models.recipes import Recipe
from pat_dagster.ledger import ASKS
from pat_dagster.sql_checks import SqlCheck, has_passed, house_checks, inputs_sha256

KEEPS_ITSELF: Final = "raw"  # schema of tables that look at files, which nobody else can answer for


def untouched(
    con: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    iteration: str | None,
    upstream: Mapping[str, Collection[str]],
) -> set[str]:
    """Assets that a run can leave out. upstream: asset of the run -> assets it is made from, of any run."""
    checks: dict[str, list[SqlCheck]] = {}
    for check in house_checks():
        checks.setdefault(check.table.name, []).append(check)
    own = {
        name
        for name in upstream
        if name in ASKS
        and ASKS[name](con, recipe, iteration) is None
        and all(_is_kept(con, check, iteration, recipe) for check in checks.get(name, []))
    }
    reads = {
        name: {*before, *(table for check in checks.get(name, []) for table in check.reads)}
        for name, before in upstream.items()
    }
    return settled(own, reads)


def settled(own: Set[str], reads: Mapping[str, Collection[str]]) -> set[str]:
    """Those of `own` that read nothing which has to be run. reads: what each asset of the run reads."""
    found = set(own)
    while True:
        moving = {name for name in found if any(one in reads and one not in found for one in reads[name])}
        if not moving:
            return found
        found -= moving


def _is_kept(con: duckdb.DuckDBPyConnection, check: SqlCheck, iteration: str | None, recipe: Recipe) -> bool:
    partition = iteration if check.table.partition else None
    return has_passed(con, check, inputs_sha256(con, check, partition, recipe))
