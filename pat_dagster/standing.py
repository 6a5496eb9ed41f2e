"""How far a home has come, read from its warehouse for `nights.next_step`."""

from __future__ import annotations

import json
from collections.abc import Mapping

import duckdb

from pat_dagster import published_file, tables
from pat_dagster.jobs import ON_DEMAND
from pat_dagster.nights import Made, Readiness, Standing, changed, newest, outdated
from pat_dagster.publish import published_files
from pat_dagster.recorded import LEDGER
from pat_dagster.settings import Settings
from pat_dagster.sql_files import load_files
from pat_dagster.table_assets import asset_key

ROLLED_OUT = "rollout.summaries"
READINESS = "preference.readiness"
ADAPTERS, RETRAIN = "policy.adapters", "retrain"  # a status: it learned from somebody who was forgotten
REQUESTS, ANSWERS = "staging.requests", "request.answers"
# Every iteration has them all; a table that a newer version adds is written with the next iteration.
TRAINED = ("policy.adapters", "policy.trials", "policy.promotions", "policy.iterations")
LAST_RESULT = "mart.verdicts"


def read_standing(con: duckdb.DuckDBPyConnection) -> Standing:
    """All of it but whether readers see it; changes nothing."""
    rows = newest(read_ledger(con))
    iterations = [iteration for table, iteration in rows if table == ROLLED_OUT and iteration is not None]
    if not iterations:
        return Standing()
    iteration = max(iterations)
    done = (LAST_RESULT, iteration) in rows
    return Standing(
        iteration=iteration,
        new_evidence=changed(rows[ROLLED_OUT, iteration], rows),
        rollout=outdated(_tables("rollout", "preference"), iteration, rows),
        training=outdated(TRAINED, iteration, rows),
        results=outdated(_tables("evaluation", "mart"), iteration, rows, missing=not done),
        readiness=_readiness(con, iteration),
        to_retrain=_to_retrain(con, iteration),
        open_requests=_open_requests(con),
    )


def is_published(settings: Settings) -> bool:
    """Whether readers see the warehouse as it is; the ledger's own tables do not count."""
    seen = published_file.recorded(settings.analytics_path)
    wanted = published_file.wanted(settings.warehouse_path, published_files())
    return seen is not None and seen.versions == wanted


def read_ledger(con: duckdb.DuckDBPyConnection) -> list[Made]:
    """Every row of ops.materializations, in the order they were written."""
    if not tables.column_types(con, LEDGER):
        return []
    rows = tables.read(con, LEDGER).sort("started_at", maintain_order=True)
    return [_made(row) for row in rows.iter_rows(named=True)]


def _made(row: Mapping[str, object]) -> Made:
    # what a run began to write anew has no inputs any more; rows of older versions never had any
    cut_off = row.get("inputs_sha256") is None and row.get("recipe_sha256") is not None
    return Made(
        table=str(row["table_name"]),
        iteration=None if row["iteration"] is None else str(row["iteration"]),
        content_sha256=str(row["content_sha256"]),
        upstream=json.loads(str(row["upstream_versions"])),
        was_finished=not cut_off,
    )


def _tables(*schemas: str) -> list[str]:
    """Tables of a night in some schemas."""
    return [
        file.name
        for file in load_files().values()
        if file.schema in schemas and not file.published_only and asset_key(file.name) not in ON_DEMAND
    ]


def _to_retrain(con: duckdb.DuckDBPyConnection, iteration: str) -> tuple[str, ...]:
    """Policies that wait for retraining, of those that the iteration was rolled out with or trained."""
    if not tables.column_types(con, ADAPTERS):
        return ()
    marked = tables.read(con, ADAPTERS, {"status": RETRAIN}).select("policy_id", "iteration")
    used = set(tables.read(con, ROLLED_OUT, {"iteration": iteration})["policy_id"])
    return tuple(sorted(name for name, trained in marked.rows() if name in used or trained == iteration))


def _open_requests(con: duckdb.DuckDBPyConnection) -> int:
    asked, answered = (
        set(tables.read(con, table)["request_id"]) if tables.column_types(con, table) else set()
        for table in (REQUESTS, ANSWERS)
    )
    return len(asked - answered)


def _readiness(con: duckdb.DuckDBPyConnection, iteration: str) -> tuple[Readiness, ...]:
    if not tables.column_types(con, READINESS):
        return ()
    rows = tables.read(con, READINESS, {"iteration": iteration}).select("agent", "is_ready", "reason")
    return tuple(Readiness(*row) for row in rows.sort("agent").rows())
