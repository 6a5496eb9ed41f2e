"""feature.style_encoder_quality: do the style vectors in use tell authors apart, and better than others?"""

from collections.abc import Mapping
from dataclasses import replace

import dagster as dg
import duckdb
import polars as pl

from models.agents.batches import derive_seed
from models.encoders.quality import Settings as Bootstrap
from models.encoders.quality import style_quality
from models.encoders.style import open_style
from models.learned import Keeping
from models.recipes import Recipe
from models.retrieval.store import VectorStore
from models.retrieval.vectors import TextMeanings, style_changed_share, style_file
from pat_dagster import tables
from pat_dagster.assets.vectors import STYLE_MODULE
from pat_dagster.cases import flagged_users
from pat_dagster.keeping import keeping_of, key_of, rows_of, rows_sha256
from pat_dagster.rows import frame
from pat_dagster.settings import Settings
from pat_dagster.table_assets import table_asset

TABLE = "feature.style_encoder_quality"
MODULE = "models.encoders.quality"
SHARES = ("encoder_changed_share", "changed_share")


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
    keeping = keeping_of(settings, recipe, context.run.tags)
    semantic = TextMeanings(VectorStore(settings.vectors_path))
    rows: list[dict[str, object]] = []
    for dataset in tables.read(con, "staging.users")["dataset"].unique().sort():
        rows += _measured(con, settings, recipe, dataset, semantic, keeping)
    return frame(TABLE, rows)


def _measured(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    recipe: Recipe,
    dataset: str,
    semantic: TextMeanings,
    keeping: Keeping,
) -> list[dict[str, object]]:
    """Rows of one dataset: the former ones while neither the encoder nor much of the reviews changed."""
    reviews = tables.read(con, "staging.reviews", {"dataset": dataset})
    encoder = open_style(recipe.style_encoder, style_file(settings.home, dataset))
    style_key = key_of(STYLE_MODULE, recipe.style_encoder)
    in_use = replace(keeping, anew=False)  # fitted before this table, also where nothing stays
    fitted = style_changed_share(reviews, settings.home, dataset, in_use, style_key)
    bootstrap = Bootstrap(
        recipe.evaluation.bootstrap_samples,
        recipe.evaluation.confidence,
        derive_seed(recipe.seed, TABLE, dataset),
    )
    key = key_of(MODULE, encoder.encoder_id, semantic.encoder_id, vars(bootstrap))
    before = [_plain(row) for row in rows_of(con, TABLE, dataset)]
    name = f"style quality:{dataset}"
    share = keeping.changed_share(name, key, reviews, rows_sha256(TABLE, before))
    if share is None:
        found = style_quality(reviews, encoder, semantic, bootstrap, flagged_users(con))
        measured = frame(TABLE, [{"dataset": dataset, **row} for row in found])
        before, share = [_plain(row) for row in measured.to_dicts()], 0.0
        keeping.note(name, key, reviews, rows_sha256(TABLE, before))
    return [{**row, "encoder_changed_share": fitted, "changed_share": share} for row in before]


def _plain(row: Mapping[str, object]) -> dict[str, object]:
    """A row without the shares that change from night to night."""
    return {name: value for name, value in row.items() if name not in SHARES}
