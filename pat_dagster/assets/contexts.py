"""context.*: what retrieval hands to each agent, and in its place to the agents of a variant."""

from typing import Any, Final

import dagster as dg
import duckdb
import polars as pl

from models.arms import choose
from models.recipes import Recipe
from models.retrieval import ranking, style
from pat_dagster import tables
from pat_dagster.cases import VARIANTS
from pat_dagster.recorded import is_up_to_date
from pat_dagster.retrieving import Shelf, varied
from pat_dagster.table_assets import table_asset

STYLE_EVIDENCE = [
    "staging.reviews",
    "feature.examples",
    "feature.propagation",
    "feature.user_audit",
    "feature.user_style",
    "vectors.titles",
    "vectors.users",
]
TOPIC_EVIDENCE = [
    "staging.reviews",
    "feature.examples",
    "vectors.reviews",
    "vectors.titles",
    "vectors.topics",
]
# after the usual contexts: they say by their fingerprints whether vectors or recipe are other ones now
VARIED = sorted({*STYLE_EVIDENCE, *TOPIC_EVIDENCE, "context.style_reviews", "context.topic_reviews"})
ASKED: Final[dict[str, Any]] = {
    "arms": dg.Field(
        dg.Array(str), default_value=[], description="names, patterns, groups; none: the recipe's"
    )
}


@table_asset("context.style_reviews", deps=STYLE_EVIDENCE, kinds=["lancedb"])
def style_reviews(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """The nearest donors of each selected example, dataset by dataset."""
    parts = [dataset.style_rows() for dataset in Shelf(con, recipe).datasets()]
    return pl.concat([pl.DataFrame(schema=style.SCHEMA), *parts])


@table_asset("context.topic_reviews", deps=TOPIC_EVIDENCE, kinds=["lancedb"])
def topic_reviews(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """The likeliest reviews of each selected example's topic, dataset by dataset."""
    parts = [dataset.topic_rows() for dataset in Shelf(con, recipe).datasets()]
    return pl.concat([pl.DataFrame(schema=ranking.SCHEMA), *parts])


@table_asset(VARIANTS, deps=VARIED, kinds=["lancedb"], config=ASKED)
def variant_reviews(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> None:
    """The variants that the arms asked for read, for test examples, eligible by the same rules.

    Others that are there stay, unless what they were chosen from has changed since.
    """
    asked = context.op_execution_context.op_config["arms"] or recipe.evaluation.arms
    wanted = {variant for arm in choose(asked) for variant in arm.variants.items()}
    found = varied(Shelf(con, recipe), sorted(wanted))
    is_kept = is_up_to_date(con, VARIANTS, VARIED)
    with tables.transaction(con):
        if not is_kept:
            tables.replace(con, VARIANTS, tables.read(con, VARIANTS).clear())
        for (agent, name), rows in found.items():
            tables.replace(con, VARIANTS, rows, {"variant": name, "agent": agent})
