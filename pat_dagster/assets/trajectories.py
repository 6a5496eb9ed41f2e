"""evaluation.trajectory_quality: what both trajectories show, against chance."""

from __future__ import annotations

import dagster as dg
import duckdb
import polars as pl

from models.agents.batches import derive_seed
from models.encoders.style import open_style
from models.evaluation.evidence import Judged
from models.evaluation.trajectories import trajectory_rows
from models.recipes import Recipe
from models.retrieval.contexts import TopicVectors
from models.retrieval.store import VectorStore
from models.retrieval.vectors import style_file
from pat_dagster import tables
from pat_dagster.planted import planted_worlds
from pat_dagster.rows import frame
from pat_dagster.settings import Settings
from pat_dagster.table_assets import table_asset

TABLE = "evaluation.trajectory_quality"


@table_asset(
    TABLE,
    deps=[
        "context.style_reviews",
        "context.topic_reviews",
        "feature.examples",
        "staging.reviews",
        "raw.source_files",
        "vectors.reviews",
        "vectors.titles",
        "vectors.topics",
        "vectors.users",
    ],
    kinds=["lancedb"],
)
def trajectory_quality(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Every measure of every trajectory on validation and test examples, dataset by dataset."""
    settings = Settings.from_env()
    vectors = TopicVectors.load(VectorStore(settings.vectors_path))
    worlds = planted_worlds(con)
    held_out = tables.read(con, "feature.examples", {"is_selected": True}).filter(pl.col("split") != "train")
    style, topic = (tables.read(con, f"context.{name}_reviews") for name in ("style", "topic"))
    rows: list[dict[str, object]] = []
    for dataset in held_out["dataset"].unique().sort():
        judged = Judged.build(
            tables.read(con, "staging.reviews", {"dataset": dataset}),
            held_out.filter(pl.col("dataset") == dataset),
            vectors.meanings,
            open_style(recipe.style_encoder, style_file(settings.home, dataset)),
            worlds.get(dataset),
        )
        found = trajectory_rows(
            judged,
            {"style": style, "topic": topic},
            samples=recipe.evaluation.bootstrap_samples,
            confidence=recipe.evaluation.confidence,
            seed=derive_seed(recipe.seed, "trajectories", dataset),
        )
        rows += [{"dataset": dataset, **row} for row in found]
    return frame(TABLE, rows)
