"""mart.verdict_tests and mart.verdicts: which claims the evaluation of an iteration supports."""

from __future__ import annotations

import dagster as dg
import duckdb
import polars as pl

from models.agents.batches import derive_seed
from models.evaluation import verdicts as judging
from models.evaluation.claims import claims
from models.recipes import Recipe
from pat_dagster import tables
from pat_dagster.partitions import iteration_key
from pat_dagster.rows import frame
from pat_dagster.table_assets import table_asset

TESTS, VERDICTS = "mart.verdict_tests", "mart.verdicts"


@table_asset(TESTS, deps=["evaluation.scores", "feature.examples"], partitioned=True)
def verdict_tests(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Every test of every claim, on test examples of this iteration and, for `before`, of the last one."""
    rules = rules_of(recipe, context.partition_key)
    metrics = sorted({test.metric for claim in claims() for test in claim.tests})
    written = pl.concat(
        tables.read(con, "evaluation.scores", {"iteration": key, "metric": metric})
        for key in (rules.iteration, rules.previous)
        if key is not None
        for metric in metrics
    )
    rows = judging.rows_of_tests(written, tables.read(con, "feature.examples"), rules)
    return frame(TESTS, judging.corrected(rows))


@table_asset(VERDICTS, deps=[TESTS], partitioned=True)
def verdicts(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """What the tests of each claim amount to, in words."""
    tests = tables.read(con, TESTS, {"iteration": context.partition_key})
    rules = rules_of(recipe, context.partition_key)
    return frame(VERDICTS, judging.verdict_rows(tests.to_dicts(), rules))


def rules_of(recipe: Recipe, iteration: str) -> judging.Rules:
    """The recipe's rules for one iteration."""
    number = int(iteration)
    return judging.Rules(
        iteration=iteration,
        previous=iteration_key(number - 1) if number else None,
        samples=recipe.evaluation.bootstrap_samples,
        confidence=recipe.evaluation.confidence,
        smallest_effect=recipe.evaluation.smallest_effect,
        seed=derive_seed(recipe.seed, iteration, "verdicts"),
    )
