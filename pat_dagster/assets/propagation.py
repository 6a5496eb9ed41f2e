"""feature.propagation: what GraphSAGE learned from the train users of each dataset."""

from __future__ import annotations

import dagster as dg
import duckdb
import polars as pl

from models.agents.batches import derive_seed
from models.encoders.semantic import SemanticEncoder
from models.encoders.style import open_style
from models.graph.learning import learn
from models.graph.weights import weights_stem
from models.recipes import Recipe
from models.retrieval.store import VectorStore
from models.retrieval.vectors import TITLES, style_file
from pat_dagster import tables
from pat_dagster.rows import frame
from pat_dagster.settings import Settings
from pat_dagster.table_assets import table_asset

TABLE = "feature.propagation"


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
    flagged = set(tables.read(con, "feature.user_audit", {"is_flagged": True})["user_id"])
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
