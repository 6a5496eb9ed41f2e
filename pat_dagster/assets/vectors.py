"""vectors.*: the LanceDB tables; only new and changed texts are embedded."""

from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from models.encoders.semantic import SemanticEncoder
from models.recipes import Recipe
from models.retrieval.store import SyncResult, VectorStore
from models.retrieval.vectors import (
    REVIEWS,
    TITLES,
    TOPICS,
    USERS,
    fit_styles,
    sync_reviews,
    sync_titles,
    sync_topics,
    sync_users,
)
from pat_dagster import tables
from pat_dagster.cases import flagged_users
from pat_dagster.resources.warehouse import Warehouse, recipe_in_force
from pat_dagster.settings import Settings
from pat_dagster.shown import VECTORS_STAGE, group_of
from pat_dagster.table_assets import OWNERS, asset_key, run_order, table_asset

GROUP = "vectors"


@dg.asset(
    key=asset_key(f"{GROUP}.{REVIEWS}"),
    group_name=group_of(GROUP),
    deps=[asset_key("staging.reviews")],
    description="one vector per review that may be shown; what its title and text are about",
    kinds={"python", "lancedb"},
    owners=OWNERS,
    op_tags=run_order(VECTORS_STAGE),
)
def review_vectors(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
    """Embeds titles and texts with the recipe's sentence model."""
    settings = Settings(Path(warehouse.home))
    with warehouse.connect() as con:
        reviews = tables.read(con, "staging.reviews")
    store = VectorStore(settings.vectors_path)
    encoder = SemanticEncoder(recipe_in_force(settings).semantic_encoder)
    return _result(context, store, REVIEWS, sync_reviews(store, reviews, encoder))


@dg.asset(
    key=asset_key(f"{GROUP}.{TITLES}"),
    group_name=group_of(GROUP),
    deps=[asset_key("staging.reviews")],
    description="one vector per title of a review that may be shown; tells who begins alike",
    kinds={"python", "lancedb"},
    owners=OWNERS,
    op_tags=run_order(VECTORS_STAGE),
)
def title_vectors(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
    """Embeds titles with the recipe's sentence model."""
    settings = Settings(Path(warehouse.home))
    with warehouse.connect() as con:
        reviews = tables.read(con, "staging.reviews")
    store = VectorStore(settings.vectors_path)
    encoder = SemanticEncoder(recipe_in_force(settings).semantic_encoder)
    return _result(context, store, TITLES, sync_titles(store, reviews, encoder))


@dg.asset(
    key=asset_key(f"{GROUP}.{TOPICS}"),
    group_name=group_of(GROUP),
    deps=[asset_key("staging.reviews"), asset_key(f"{GROUP}.{REVIEWS}")],
    description="one vector per topic with reviews that may be shown; the mean of theirs",
    kinds={"python", "lancedb"},
    owners=OWNERS,
    op_tags=run_order(VECTORS_STAGE + 1),
)
def topic_vectors(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
    """Averages the stored vectors of each topic's reviews."""
    settings = Settings(Path(warehouse.home))
    with warehouse.connect() as con:
        reviews = tables.read(con, "staging.reviews")
    store = VectorStore(settings.vectors_path)
    return _result(context, store, TOPICS, sync_topics(store, reviews))


@dg.asset(
    key=asset_key(f"{GROUP}.{USERS}"),
    group_name=group_of(GROUP),
    deps=[asset_key("staging.reviews"), asset_key("feature.user_audit")],
    description="one vector per user with own texts; how they write on average, scaled by train users",
    kinds={"python", "lancedb"},
    owners=OWNERS,
    op_tags=run_order(30),  # as early as the user audit allows
)
def user_vectors(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
    """Fits the style encoder of each dataset on its train users, then averages each user's texts."""
    settings = Settings(Path(warehouse.home))
    with warehouse.connect() as con:
        reviews = tables.read(con, "staging.reviews")
        flagged = flagged_users(con)
    store = VectorStore(settings.vectors_path)
    encoders = fit_styles(reviews, settings.home, recipe_in_force(settings).style_encoder, flagged)
    for dataset, encoder in encoders.items():
        context.log.info(f"{GROUP}.{USERS}: {dataset}: {encoder.encoder_id}: {encoder.decision}")
    return _result(context, store, USERS, sync_users(store, reviews, encoders))


@table_asset("feature.user_style", deps=["staging.reviews", "vectors.users"])
def user_style(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Who can be a donor, and by which encoder."""
    vectors = VectorStore(Settings.from_env().vectors_path).load(USERS)
    donors = pl.DataFrame(
        {"user_id": vectors.ids.tolist(), "encoder_id": vectors.encoder_ids.tolist()},
        schema={"user_id": pl.String, "encoder_id": pl.String},
    )
    own = tables.read(con, "staging.reviews", {"is_shared_text": False})
    return (
        own.group_by("user_id", "dataset")
        .agg(pl.len().cast(pl.Int64).alias("n_texts"))
        .join(donors, on="user_id")
        .sort("user_id")
    )


def _result(
    context: dg.AssetExecutionContext, store: VectorStore, table: str, done: SyncResult
) -> dg.MaterializeResult[Any]:
    context.log.info(f"{GROUP}.{table}: {done.embedded} embedded, {done.kept} kept, {done.removed} removed")
    sha256 = store.load(table).sha256()
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": done.kept + done.embedded,
            "embedded": done.embedded,
            "removed": done.removed,
            "content_sha256": sha256,
        },
        data_version=dg.DataVersion(sha256),
    )
