"""context.*: what retrieval hands to each agent."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

import dagster as dg
import duckdb
import polars as pl

from models.agents.batches import derive_seed
from models.encoders.semantic import SemanticEncoder
from models.encoders.style import open_style
from models.graph.weights import Learned, weights_stem
from models.recipes import Recipe
from models.retrieval import ranking, style
from models.retrieval.contexts import TopicVectors, style_rows, topic_rows
from models.retrieval.expectation import Propagator
from models.retrieval.store import VectorStore
from models.retrieval.vectors import TITLES, USERS, style_file
from pat_dagster import tables
from pat_dagster.cases import flagged_users
from pat_dagster.settings import Settings
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
STYLE_CHOICES: Final[Mapping[str, style.Choice]] = {"random_donors": "random", "farthest_donors": "farthest"}
Dataset: TypeAlias = tuple[str, pl.DataFrame, pl.DataFrame]  # name, reviews, selected examples


@table_asset(
    "context.style_reviews",
    deps=STYLE_EVIDENCE,
    kinds=["lancedb"],
)
def style_reviews(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """The nearest donors of each selected example, dataset by dataset."""
    return _style_rows(con, recipe, _datasets(con), "nearest")


@table_asset(
    "context.variant_reviews",
    deps=STYLE_EVIDENCE,
    kinds=["lancedb"],
)
def variant_reviews(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Other contexts of each selected test example, eligible by the same rules."""
    parts = []
    for variant, choice in STYLE_CHOICES.items():
        tests = (
            (dataset, reviews, examples.filter(pl.col("split") == "test"))
            for dataset, reviews, examples in _datasets(con)
        )
        rows = _style_rows(con, recipe, tests, choice).drop("similarity")
        parts.append(
            rows.with_columns(variant=pl.lit(variant), agent=pl.lit("style"), is_aligned=pl.lit(False))
        )
    return pl.concat(parts)


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


def _style_rows(
    con: duckdb.DuckDBPyConnection, recipe: Recipe, datasets: Iterable[Dataset], choice: style.Choice
) -> pl.DataFrame:
    settings = Settings.from_env()
    store = VectorStore(settings.vectors_path)
    users, titles = store.load(USERS), store.load(TITLES)
    name = recipe.retrieval.propagation
    meanings = SemanticEncoder(recipe.semantic_encoder) if name == "graphsage" else None
    flagged = flagged_users(con)
    parts = [
        style_rows(
            reviews,
            examples,
            open_style(recipe.style_encoder, style_file(settings.home, dataset)),
            users,
            recipe.retrieval.style_donors,
            recipe.retrieval.exclude_same_topic,
            propagator=Propagator(name, Learned.load(weights_stem(settings.home, dataset)), titles, meanings),
            flagged=flagged,
            reviews_per_donor=recipe.retrieval.reviews_per_donor,
            choice=choice,
            seed=derive_seed(recipe.seed, "donors", choice),
        )
        for dataset, reviews, examples in datasets
    ]
    return pl.concat([pl.DataFrame(schema=style.SCHEMA), *parts])


def _datasets(con: duckdb.DuckDBPyConnection) -> Iterator[Dataset]:
    """(dataset, its reviews, its selected examples), one dataset in memory at a time."""
    selected = tables.read(con, "feature.examples", {"is_selected": True})
    for dataset in selected["dataset"].unique().sort():
        reviews = tables.read(con, "staging.reviews", {"dataset": dataset})
        yield dataset, reviews, selected.filter(pl.col("dataset") == dataset)
