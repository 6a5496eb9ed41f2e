"""The end of every run of a night: a look at what comes next."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from models.errors import WorkError
from pat_dagster import tables
from pat_dagster.alerts import Alert, tell
from pat_dagster.jobs import NIGHT, PUBLISHED_ASSET
from pat_dagster.night_tags import NIGHT_TAG, PARTITION_TAG, is_night
from pat_dagster.nights import Step, next_step
from pat_dagster.resources.warehouse import Warehouse
from pat_dagster.settings import Settings
from pat_dagster.shown import group_of
from pat_dagster.sql_checks import RESULTS
from pat_dagster.standing import is_published, read_standing
from pat_dagster.table_assets import OWNERS, asset_key, run_order

NIGHTS = "ops.nights"
MAY_BE_NULL = dict.fromkeys(("night", "next_job", "next_iteration"), pl.String)
LAST = 99  # of the steps of a run, after every table
LOOKED_AT = ("context.style_reviews", "context.topic_reviews", "preference.readiness")
NEXT_JOB, NEXT_ITERATION, REASON = "next_job", "next_iteration", "reason"


@dg.asset(
    key=NIGHT,
    group_name=group_of("ops"),
    deps=[PUBLISHED_ASSET, *(asset_key(name) for name in LOOKED_AT)],
    description="how far the home has come, and which run comes next; a row of ops.nights each time. The "
    "sensor `go_on_at_night` and `pat nightly` start what it names.",
    kinds={"duckdb"},
    owners=OWNERS,
    op_tags=run_order(LAST),
)
def night(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
    """Looks, decides, writes it down."""
    settings = Settings(Path(warehouse.home))
    with warehouse.connect() as con:
        standing = read_standing(con)
    step = next_step(standing)
    if step.job is None:
        with warehouse.patiently():
            step = next_step(replace(standing, is_published=is_published(settings)))
    if (step.job, step.iteration) == (context.run.job_name, context.run.tags.get(PARTITION_TAG)):
        raise WorkError(
            f"it ended, and should run again: {step.reason}",
            step=f"{step.job} {step.iteration or ''}".rstrip(),
            remedy="`pat doctor` compares the tables with the ledger",
        )
    row = {
        "looked_at": datetime.now(UTC).replace(tzinfo=None),
        "run_id": context.run.run_id,
        "night": context.run.tags.get(NIGHT_TAG),
        "job": context.run.job_name,
        "next_job": step.job,
        "next_iteration": step.iteration,
        "reason": step.reason,
    }
    with warehouse.connect() as con:
        with tables.transaction(con):
            tables.append(con, NIGHTS, pl.DataFrame([row], schema_overrides=MAY_BE_NULL))
        failed = failed_checks(con, context.run.run_id)
    if failed and is_night(context.run.tags):
        tell(alert_of_checks(context.run, failed), context.log)
    return dg.MaterializeResult(metadata=metadata_of(step))


def failed_checks(con: duckdb.DuckDBPyConnection, run_id: str) -> list[str]:
    """What the checks of a run found, in words, errors first."""
    if not tables.column_types(con, RESULTS):
        return []
    rows = tables.read(con, RESULTS, {"run_id": run_id, "passed": False}).sort("severity", "table_name")
    return [
        f"{row['table_name']}: {row['check_name'].replace('_', ' ')} ({row['bad_rows']:,} rows)"
        for row in rows.iter_rows(named=True)
    ]


def alert_of_checks(run: dg.DagsterRun, failed: Sequence[str]) -> Alert:
    """One alert for all of them: a bad file can break many rules."""
    place = f"{len(failed)} checks" if len(failed) > 1 else "a check"
    iteration, night = run.tags.get(PARTITION_TAG), run.tags.get(NIGHT_TAG)
    return Alert("check", run.job_name, run.run_id, place, "; ".join(failed), iteration, night)


def metadata_of(step: Step) -> dict[str, str]:
    """What the next run is told by; an empty text stands for none."""
    return {NEXT_JOB: step.job or "", NEXT_ITERATION: step.iteration or "", REASON: step.reason}


def step_of(materialization: dg.AssetMaterialization) -> Step:
    """The inverse of `metadata_of`."""
    found = {name: str(value.value) for name, value in materialization.metadata.items()}
    return Step(found[NEXT_JOB] or None, found[NEXT_ITERATION] or None, found[REASON])
