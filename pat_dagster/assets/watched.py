"""Checks of a home as a whole: how many rows beside the run before, and how old the tables are."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from pat_dagster import tables
from pat_dagster.alerts import Alert, tell
from pat_dagster.assets.night import NIGHTS
from pat_dagster.jobs import FRESH
from pat_dagster.operations import load_operations
from pat_dagster.recorded import LEDGER
from pat_dagster.resources.warehouse import Warehouse
from pat_dagster.settings import Settings
from pat_dagster.sql_checks import RESULTS
from pat_dagster.table_assets import asset_key
from pat_dagster.watching import anomaly, lateness

# What sources, cleaning and retrieval give; what follows is as large as recipe and evidence make it.
COUNTED = (
    "raw.reviews",
    "staging.reviews",
    "staging.users",
    "staging.topics",
    "feature.examples",
    "context.style_reviews",
    "context.topic_reviews",
)
USUAL = "row_count_is_usual"


def row_count_check(table: str) -> dg.AssetChecksDefinition:
    """A warning where a table is much larger or smaller than after the run before."""

    @dg.asset_check(
        asset=asset_key(table),
        name=USUAL,
        description="A table that suddenly halves or doubles is more often a fault of its source than news. "
        "`row_count_change` in settings.yaml says how much is usual.",
    )
    def check(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
        change = load_operations(Settings(Path(warehouse.home)).operations_path).row_count_change
        with warehouse.connect() as con:
            before, now = counts(con, table, context.run.run_id)
            problem = anomaly(before, now, change)
            bad = abs(now - (before or 0)) if problem else 0
            record(con, table, USUAL, dg.AssetCheckSeverity.WARN, bad, context.run.run_id)
        return dg.AssetCheckResult(
            passed=problem is None,
            severity=dg.AssetCheckSeverity.WARN,
            description=problem,
            metadata={"rows": now, "rows_before": "none" if before is None else before},
        )

    return check


def counts(con: duckdb.DuckDBPyConnection, table: str, run_id: str) -> tuple[int | None, int]:
    """Rows of a table before and after a run, by the ledger; the same twice where the run left it alone."""
    rows = tables.read(con, LEDGER, {"table_name": table}).sort("started_at", maintain_order=True)
    written = rows.select("run_id", "rows").rows()
    now = written[-1][1] if written else 0
    earlier = [count for run, count in written if run != run_id]
    if written and written[-1][0] != run_id:
        return now, now
    return (earlier[-1] if earlier else None), now


def record(
    con: duckdb.DuckDBPyConnection,
    table: str,
    check: str,
    severity: dg.AssetCheckSeverity,
    bad_rows: int,
    run_id: str,
) -> None:
    """Append the outcome to `ops.check_results`."""
    row = {
        "table_name": table,
        "check_name": check,
        "severity": severity.value.lower(),
        "blocking": False,
        "passed": bad_rows == 0,
        "bad_rows": bad_rows,
        "run_id": run_id,
        "checked_at": datetime.now(UTC).replace(tzinfo=None),
        "inputs_sha256": None,
    }
    with tables.transaction(con):
        tables.append(con, RESULTS, pl.DataFrame([row], schema_overrides={"inputs_sha256": pl.String}))


@dg.asset_check(
    asset=FRESH.asset_key,
    name=FRESH.name,
    description="Analysts trust what they open in the morning to be of this night; `fresh_within_hours` in "
    "settings.yaml says how old it may be. Job `watch` asks.",
)
def fresh(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
    """When a night ended last, and whether that is too long ago."""
    hours = load_operations(Settings(Path(warehouse.home)).operations_path).fresh_within_hours
    with warehouse.connect() as con:
        ended = last_ended(con)
        problem = lateness(ended, datetime.now(UTC).replace(tzinfo=None), hours)
        severity = dg.AssetCheckSeverity.ERROR
        record(con, "published", FRESH.name, severity, int(problem is not None), context.run.run_id)
    if problem is not None:
        tell(Alert("check", context.run.job_name, context.run.run_id, "published", problem), context.log)
    return dg.AssetCheckResult(
        passed=problem is None,
        severity=severity,
        description=problem,
        metadata={"last_night_ended": "never" if ended is None else ended.isoformat(sep=" ")},
    )


def last_ended(con: duckdb.DuckDBPyConnection) -> datetime | None:
    """When a night left nothing to do, UTC; None without any."""
    if not tables.column_types(con, NIGHTS):
        return None
    ended = tables.read(con, NIGHTS).filter(pl.col("next_job").is_null())["looked_at"]
    last: Any = ended.max()
    return last


row_counts = [row_count_check(table) for table in COUNTED]
