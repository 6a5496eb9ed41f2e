"""How good the texts are: rollout.draft_scores for the rewards, evaluation.scores for the leaderboard."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg
import duckdb
import numpy as np
import polars as pl

from models import progress
from models.evaluation import METRICS_BY_TASK, metric_values
from models.recipes import Recipe
from models.rewards import quality
from pat_dagster import tables
from pat_dagster.cases import Case, load_cases
from pat_dagster.rows import frame
from pat_dagster.table_assets import table_asset


@table_asset("rollout.draft_scores", deps=["rollout.drafts", "feature.examples"], partitioned=True)
def draft_scores(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Q of every draft against the target of its example."""
    written = tables.read(con, "rollout.drafts", {"iteration": context.partition_key})
    cases = {case.example_id: case for case in load_cases(con, ["train"])}
    values = case_quality([cases[name] for name in written["example_id"]], written["text"].to_list(), recipe)
    return written.select(
        "example_id", "style_candidate", "topic_candidate", quality=pl.Series(values, dtype=pl.Float64)
    )


def case_quality(cases: Sequence[Case], texts: Sequence[str], recipe: Recipe) -> list[float]:
    """Q of one text per case against the target of that case, by the metrics of its task."""
    values = np.zeros(len(cases))
    for task, weights in recipe.reward.items():
        places = [place for place, case in enumerate(cases) if case.task == task]
        found = quality(
            [texts[place] for place in places], [cases[place].target for place in places], weights
        )
        values[places] = found
    return [float(value) for value in values]


@table_asset("evaluation.scores", deps=["evaluation.predictions", "feature.examples"], partitioned=True)
def scores(context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe) -> pl.DataFrame:
    """Every metric of every text, by the metrics of its task."""
    written = tables.read(con, "evaluation.predictions", {"iteration": context.partition_key})
    targets = tables.read(con, "feature.examples").select("example_id", "task", "target")
    both = written.join(targets, on="example_id", how="left", validate="m:1").sort("arm", "example_id")
    parts = []
    for (task,), rows in progress.track(both.group_by("task", maintain_order=True), "scores", unit="tasks"):
        texts, expected = rows["text"].to_list(), rows["target"].to_list()
        values = metric_values(METRICS_BY_TASK[str(task)], texts, expected)
        parts += [
            rows.select("arm", "example_id", metric=pl.lit(name), value=pl.Series(value, dtype=pl.Float64))
            for name, value in values.items()
        ]
    return pl.concat(parts) if parts else frame("evaluation.scores", [])
