"""context.*: what retrieval hands to each agent."""

from collections.abc import Iterator

import dagster as dg
import duckdb
import polars as pl

from models.encoders.semantic import SemanticEncoder
from models.encoders.stylometry import StyleEncoder
from models.recipes import Recipe
from models.retrieval import ranking, style
from models.retrieval.contexts import TopicVectors, style_rows, topic_rows
from models.retrieval.store import VectorStore
from models.retrieval.vectors import USERS, style_file
from pat_dagster import tables
from pat_dagster.settings import Settings
from pat_dagster.table_assets import table_asset


@table_asset(
    "context.style_reviews",
    deps=["staging.reviews", "feature.examples", "feature.user_style", "vectors.users"],
    kinds=["lancedb"],
)
def style_reviews(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """The nearest donors of each selected example, dataset by dataset."""
    settings = Settings.from_env()
    users = VectorStore(settings.vectors_path).load(USERS)
    parts = [
        style_rows(
            reviews,
            examples,
            StyleEncoder.load(style_file(settings.home, dataset)),
            users,
            recipe.retrieval.style_donors,
            recipe.retrieval.exclude_same_topic,
        )
        for dataset, reviews, examples in _datasets(con)
    ]
    return pl.concat([pl.DataFrame(schema=style.SCHEMA), *parts])


@table_asset(
    "context.topic_reviews",
    deps=["staging.reviews", "feature.examples", "vectors.reviews", "vectors.titles", "vectors.topics"],
    kinds=["lancedb"],
)
def topic_reviews(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """The likeliest reviews of each selected example's topic, dataset by dataset."""
    vectors = TopicVectors.load(VectorStore(Settings.from_env().vectors_path))
    encoder = SemanticEncoder(recipe.semantic_encoder)
    parts = [
        topic_rows(
            reviews,
            examples,
            encoder,
            vectors,
            recipe.retrieval.topic_reviews,
            alignment=recipe.retrieval.alignment,
            backoff=recipe.retrieval.backoff,
        )
        for _, reviews, examples in _datasets(con)
    ]
    return pl.concat([pl.DataFrame(schema=ranking.SCHEMA), *parts])


def _datasets(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, pl.DataFrame, pl.DataFrame]]:
    """(dataset, its reviews, its selected examples), one dataset in memory at a time."""
    selected = tables.read(con, "feature.examples", {"is_selected": True})
    for dataset in selected["dataset"].unique().sort():
        reviews = tables.read(con, "staging.reviews", {"dataset": dataset})
        yield dataset, reviews, selected.filter(pl.col("dataset") == dataset)
