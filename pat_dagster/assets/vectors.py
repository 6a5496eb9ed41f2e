"""vectors.*: the LanceDB tables; only new and changed texts are embedded."""

import dagster as dg
import duckdb
import polars as pl

from models.encoders.semantic import SemanticEncoder
from models.encoders.style import open_style
from models.errors import WorkError
from models.recipes import Recipe
from models.retrieval.store import SyncResult, VectorStore
from models.retrieval.vectors import (
    REVIEWS,
    TITLES,
    TOPICS,
    USERS,
    fit_styles,
    style_file,
    sync_reviews,
    sync_titles,
    sync_topics,
    sync_users,
)
from pat_dagster import tables
from pat_dagster.cases import flagged_users
from pat_dagster.keeping import keeping_of, key_of
from pat_dagster.resources.warehouse import recipe_in_force
from pat_dagster.settings import Settings
from pat_dagster.shown import VECTORS_STAGE
from pat_dagster.table_assets import table_asset
from pat_dagster.vector_assets import vector_asset


@vector_asset(
    REVIEWS,
    ["staging.reviews"],
    VECTORS_STAGE,
    "one vector per review that may be shown; what its title and text are about",
)
def review_vectors(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, store: VectorStore, recipe: Recipe
) -> SyncResult:
    """Embeds titles and texts with the recipe's sentence model."""
    reviews = tables.read(con, "staging.reviews")
    return sync_reviews(store, reviews, SemanticEncoder(recipe.semantic_encoder))


@vector_asset(
    TITLES,
    ["staging.reviews"],
    VECTORS_STAGE,
    "one vector per title of a review that may be shown; tells who begins alike",
)
def title_vectors(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, store: VectorStore, recipe: Recipe
) -> SyncResult:
    """Embeds titles with the recipe's sentence model."""
    reviews = tables.read(con, "staging.reviews")
    return sync_titles(store, reviews, SemanticEncoder(recipe.semantic_encoder))


@vector_asset(
    TOPICS,
    ["staging.reviews", "vectors.reviews"],
    VECTORS_STAGE + 1,
    "one vector per topic with reviews that may be shown; the mean of theirs",
)
def topic_vectors(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, store: VectorStore, recipe: Recipe
) -> SyncResult:
    """Averages the stored vectors of each topic's reviews."""
    return sync_topics(store, tables.read(con, "staging.reviews"))


STYLE_MODULE = "models.encoders.style"  # what fits a style encoder


def lost_styles(con: duckdb.DuckDBPyConnection, iteration: str | None) -> str | None:
    """Which dataset has lost the style encoder that wrote its vectors; None if none has."""
    settings = Settings.from_env()
    recipe = recipe_in_force(settings)
    stored = VectorStore(settings.vectors_path).load(USERS)
    written = dict(zip(stored.datasets, stored.encoder_ids, strict=True))
    for dataset, encoder_id in sorted(written.items()):
        try:
            found = open_style(recipe.style_encoder, style_file(settings.home, dataset)).encoder_id
        except WorkError as error:
            return str(error)
        if found != encoder_id:
            return f"the style encoder of {dataset} is not the one that wrote its vectors"
    return None


@vector_asset(
    USERS,
    ["staging.reviews", "feature.user_audit"],
    30,  # as early as the user audit allows
    "one vector per user with own texts; how they write on average, scaled by train users",
    lost=lost_styles,
)
def user_vectors(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, store: VectorStore, recipe: Recipe
) -> SyncResult:
    """Fits or keeps the style encoder of each dataset, then averages the texts of users who changed."""
    reviews = tables.read(con, "staging.reviews")
    settings = Settings.from_env()
    encoders = fit_styles(
        reviews,
        settings.home,
        recipe.style_encoder,
        flagged_users(con),
        keeping_of(settings, recipe, context.run.tags),
        key_of(STYLE_MODULE, recipe.style_encoder),
    )
    for dataset, encoder in encoders.items():
        context.log.info(f"vectors.{USERS}: {dataset}: {encoder.encoder_id}: {encoder.decision}")
    return sync_users(store, reviews, encoders)


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
