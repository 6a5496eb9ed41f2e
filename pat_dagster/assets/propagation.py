"""feature.propagation, what was learned from train users, and evaluation.propagation_quality, its worth."""

from __future__ import annotations

import dagster as dg
import duckdb
import polars as pl

from models.agents.batches import derive_seed
from models.encoders.semantic import SemanticEncoder
from models.encoders.style import open_style
from models.evaluation.propagation import held_out, propagation_rows
from models.graph.learning import learn
from models.graph.weights import Learned, weights_stem
from models.recipes import Recipe
from models.retrieval.expectation import Known
from models.retrieval.store import VectorStore
from models.retrieval.vectors import TITLES, style_file
from pat_dagster import tables
from pat_dagster.cases import flagged_users
from pat_dagster.planted import planted_worlds
from pat_dagster.rows import frame
from pat_dagster.settings import Settings
from pat_dagster.table_assets import table_asset

TABLE = "feature.propagation"
QUALITY = "evaluation.propagation_quality"


@table_asset(
    TABLE,
    deps=["staging.reviews", "staging.users", "feature.user_audit", "vectors.titles", "vectors.users"],
    kinds=["pytorch", "lancedb"],
)
def propagation(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Trains and saves the weights of every dataset; vectors.users has fitted its style encoder."""
    settings = Settings.from_env()
    titles = VectorStore(settings.vectors_path).load(TITLES)
    meanings = SemanticEncoder(recipe.semantic_encoder)
    flagged = flagged_users(con)
    rows: list[dict[str, object]] = []
    for dataset in tables.read(con, "staging.users")["dataset"].unique().sort():
        lesson = learn(
            tables.read(con, "staging.reviews", {"dataset": dataset}),
            open_style(recipe.style_encoder, style_file(settings.home, dataset)),
            titles,
            meanings,
            flagged,
            recipe.propagation,
            seed=derive_seed(recipe.seed, "propagation", dataset),
            samples=recipe.evaluation.bootstrap_samples,
            confidence=recipe.evaluation.confidence,
        )
        sha256 = lesson.learned.save(weights_stem(settings.home, dataset))
        rows.append({"dataset": dataset, **lesson.row(), "weights_sha256": sha256})
    return frame(TABLE, rows)


@table_asset(
    QUALITY,
    deps=[
        "feature.examples",
        "feature.propagation",
        "feature.user_audit",
        "staging.reviews",
        "raw.source_files",
        "vectors.titles",
    ],
    kinds=["lancedb"],
)
def propagation_quality(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Every predictor on the validation and test users of every dataset, selected or not."""
    settings = Settings.from_env()
    titles = VectorStore(settings.vectors_path).load(TITLES)
    flagged = flagged_users(con)
    worlds = planted_worlds(con)
    asked = tables.read(con, "feature.examples", {"task": "long", "target_is_shared": False})
    rows: list[dict[str, object]] = []
    for dataset in asked["dataset"].unique().sort():
        examples = held_out(asked.filter(pl.col("dataset") == dataset), recipe.seed)
        encoder = open_style(recipe.style_encoder, style_file(settings.home, dataset))
        learned = Learned.load(weights_stem(settings.home, dataset)).require(encoder.encoder_id)
        about = titles.matrix[titles.rows_of(examples["target_review_id"].to_numpy())]
        reviews = tables.read(con, "staging.reviews", {"dataset": dataset})
        found = propagation_rows(
            Known.build(reviews, examples, encoder, flagged, titles, about, learned.seed),
            learned,
            encoder.encode(examples["target"].to_list()),
            examples["history_bucket"].to_numpy(),
            recipe.retrieval.propagation,
            worlds.get(dataset),
            samples=recipe.evaluation.bootstrap_samples,
            confidence=recipe.evaluation.confidence,
            seed=derive_seed(recipe.seed, QUALITY, dataset),
        )
        rows += [{"dataset": dataset, "origin": learned.origin, **row} for row in found]
    return frame(QUALITY, rows)
