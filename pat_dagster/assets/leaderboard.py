"""mart.leaderboard: every arm of an iteration beside every other, with intervals and tests."""

from __future__ import annotations

import dagster as dg
import duckdb
import polars as pl

from models.agents.batches import derive_seed
from models.evaluation.leaderboard import leaderboard as rank_arms
from models.recipes import Recipe
from pat_dagster import tables
from pat_dagster.table_assets import table_asset

READ = ["evaluation.scores", "feature.examples", "mart.arms"]


@table_asset("mart.leaderboard", deps=READ, partitioned=True)
def leaderboard(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Means and paired differences of all arms, with bootstrap intervals and corrected p-values."""
    values = tables.read(con, "evaluation.scores", {"iteration": context.partition_key})
    return rank_arms(
        values.drop("iteration"),
        tables.read(con, "feature.examples"),
        samples=recipe.evaluation.bootstrap_samples,
        confidence=recipe.evaluation.confidence,
        seed=derive_seed(recipe.seed, context.partition_key, "leaderboard"),
    )
