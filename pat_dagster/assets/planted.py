"""evaluation.planted_traits: on the bundled sample, do the texts write as their users do?"""

from __future__ import annotations

import dagster as dg
import duckdb
import polars as pl

from models.agents.batches import derive_seed
from models.evaluation.planted import planted_trait_rows
from models.recipes import Recipe
from pat_dagster import tables
from pat_dagster.planted import planted_id, planted_worlds
from pat_dagster.rows import frame
from pat_dagster.table_assets import table_asset

ALL = "all"  # every history bucket together
COLD = "0"


@table_asset(
    "evaluation.planted_traits",
    deps=["evaluation.predictions", "feature.examples", "raw.source_files"],
    partitioned=True,
)
def planted_traits(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Shares of long texts that show each planted trait, for all users and for those without history."""
    examples = tables.read(con, "feature.examples", {"task": "long"})
    written = tables.read(con, "evaluation.predictions", {"iteration": context.partition_key}).join(
        examples.select("example_id", "dataset", "history_bucket", planted_id("user_id").alias("user_id")),
        on="example_id",
    )
    rows: list[dict[str, object]] = []
    for dataset, world in planted_worlds(con).items():
        texts = written.filter(pl.col("dataset") == dataset)
        for bucket in (COLD, ALL):
            chosen = texts if bucket == ALL else texts.filter(pl.col("history_bucket") == bucket)
            if chosen.is_empty():
                continue
            found = planted_trait_rows(
                chosen.select("arm", "example_id", "user_id", "text"),
                world,
                samples=recipe.evaluation.bootstrap_samples,
                confidence=recipe.evaluation.confidence,
                seed=derive_seed(recipe.seed, context.partition_key, "planted_traits", dataset, bucket),
            )
            rows += [{"dataset": dataset, "history_bucket": bucket, **row} for row in found]
    return frame("evaluation.planted_traits", rows)
