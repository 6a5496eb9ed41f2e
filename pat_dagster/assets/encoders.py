"""feature.style_encoder_quality: do the style vectors in use tell authors apart, and better than others?"""

import dagster as dg
import duckdb
import polars as pl

from models.agents.batches import derive_seed
from models.encoders.quality import Settings as Bootstrap
from models.encoders.quality import style_quality
from models.encoders.style import open_style
from models.recipes import Recipe
from models.retrieval.store import VectorStore
from models.retrieval.vectors import TextMeanings, style_file
from pat_dagster import tables
from pat_dagster.cases import flagged_users
from pat_dagster.rows import frame
from pat_dagster.settings import Settings
from pat_dagster.table_assets import table_asset

TABLE = "feature.style_encoder_quality"


@table_asset(
    TABLE,
    deps=[
        "staging.reviews",
        "staging.users",
        "feature.user_audit",
        "vectors.users",
        "vectors.reviews",
        "vectors.titles",
    ],
    kinds=["lancedb"],
)
def style_encoder_quality(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Authorship verification, dataset by dataset."""
    settings = Settings.from_env()
    semantic = TextMeanings(VectorStore(settings.vectors_path))
    flagged = flagged_users(con)
    rows: list[dict[str, object]] = []
    for dataset in tables.read(con, "staging.users")["dataset"].unique().sort():
        bootstrap = Bootstrap(
            recipe.evaluation.bootstrap_samples,
            recipe.evaluation.confidence,
            derive_seed(recipe.seed, TABLE, dataset),
        )
        found = style_quality(
            tables.read(con, "staging.reviews", {"dataset": dataset}),
            open_style(recipe.style_encoder, style_file(settings.home, dataset)),
            semantic,
            bootstrap,
            flagged,
        )
        rows += [{"dataset": dataset, **row} for row in found]
    return frame(TABLE, rows)
