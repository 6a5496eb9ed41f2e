"""mart.metrics: what the metrics mean, and why one of them is missing."""

from __future__ import annotations

import dagster as dg
import duckdb
import polars as pl

from models.evaluation.glossary import Meaning, meanings, meteor_variant
from models.recipes import Recipe
from pat_dagster import tables
from pat_dagster.rows import frame
from pat_dagster.table_assets import table_asset

METRICS, SCORES = "mart.metrics", "evaluation.scores"
WRITTEN, EXAMPLES = "evaluation.predictions", "feature.examples"


@table_asset(METRICS, deps=[SCORES, WRITTEN, EXAMPLES])
def glossary(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """The rows of models/evaluation/metrics.yaml; a metric that no score names says why."""
    present = names(con, SCORES, "metric")
    answered = tables.read(con, WRITTEN).select("example_id").unique()
    examples = tables.read(con, EXAMPLES).select("example_id", "task")
    tasks = set(examples.join(answered, on="example_id")["task"])
    return frame(
        METRICS,
        [
            {
                "metric": name,
                "place": place,
                "tasks": ", ".join(meaning.tasks),
                "better": meaning.better,
                "unit": meaning.unit,
                "rewardable": meaning.rewardable,
                "needs": meaning.needs,
                "description": meaning.description.replace("{meteor_variant}", meteor_variant()),
                "absent_reason": absent_reason(meaning, present, tasks),
            }
            for place, (name, meaning) in enumerate(meanings().items(), start=1)
        ],
    )


def names(con: duckdb.DuckDBPyConnection, table: str, column: str) -> set[str]:
    """The distinct values of a column."""
    return {value for (value,) in con.table(table).unique(column).fetchall()}


def absent_reason(meaning: Meaning, present: set[str], tasks: set[str]) -> str | None:
    """Why nothing has a value, None where something has. tasks: those that an arm has answered."""
    if (meaning.derived or meaning.metric) in present:
        return None
    if not tasks & set(meaning.tasks):
        return f"no arm has answered an example of the task {' or '.join(meaning.tasks)}"
    return f"no text has what it needs: {meaning.needs}" if meaning.needs else "not measured yet"
