"""feature.propagation, what was learned from train users, and evaluation.propagation_quality, its worth."""

from __future__ import annotations

import dagster as dg
import duckdb
import polars as pl

from models.agents.batches import derive_seed
from models.encoders.semantic import SemanticEncoder
from models.encoders.style import open_style
from models.errors import WorkError
from models.evaluation.propagation import held_out, propagation_rows
from models.graph.learning import learn
from models.graph.weights import Learned, saved_sha256, weights_stem
from models.learned import Keeping, file_sha256
from models.recipes import Recipe
from models.retrieval.expectation import Known
from models.retrieval.store import Vectors, VectorStore
from models.retrieval.vectors import TITLES, style_file, train_rows
from pat_dagster import tables
from pat_dagster.cases import flagged_users
from pat_dagster.keeping import keeping_of, key_of, rows_of
from pat_dagster.planted import planted_worlds
from pat_dagster.rows import frame
from pat_dagster.settings import Settings
from pat_dagster.table_assets import table_asset

TABLE = "feature.propagation"
QUALITY = "evaluation.propagation_quality"
MODULE = "models.graph.learning"


def lost_weights(con: duckdb.DuckDBPyConnection, iteration: str | None) -> str | None:
    """Which dataset has lost the weights that its row names; None if none has."""
    for dataset, sha256 in tables.read(con, TABLE).select("dataset", "weights_sha256").iter_rows():
        stem = weights_stem(Settings.from_env().home, dataset)
        try:
            Learned.load(stem)
        except WorkError as error:
            return str(error)
        if file_sha256(stem.with_suffix(".safetensors")) != sha256:
            return f"the weights of {dataset} are not those of its row"
    return None


@table_asset(
    TABLE,
    deps=["staging.reviews", "staging.users", "feature.user_audit", "vectors.titles", "vectors.users"],
    kinds=["pytorch", "lancedb"],
    lost=lost_weights,
)
def propagation(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Trains and saves the weights of every dataset, or keeps them; vectors.users has the style encoder."""
    settings = Settings.from_env()
    titles = VectorStore(settings.vectors_path).load(TITLES)
    keeping = keeping_of(settings, recipe, context.run.tags)
    datasets = tables.read(con, "staging.users")["dataset"].unique().sort()
    return frame(TABLE, [_learned(con, settings, recipe, dataset, titles, keeping) for dataset in datasets])


def _learned(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    recipe: Recipe,
    dataset: str,
    titles: Vectors,
    keeping: Keeping,
) -> dict[str, object]:
    """The row of one dataset: its former one where the weights stay, else of weights learned now."""
    reviews = tables.read(con, "staging.reviews", {"dataset": dataset})
    encoder = open_style(recipe.style_encoder, style_file(settings.home, dataset))
    seed = derive_seed(recipe.seed, "propagation", dataset)
    samples, confidence = recipe.evaluation.bootstrap_samples, recipe.evaluation.confidence
    encoders = [encoder.encoder_id, *sorted(set(titles.encoder_ids.tolist()))]
    key = key_of(MODULE, encoders, recipe.propagation.model_dump(), seed, samples, confidence)
    name, train = f"propagation:{dataset}", train_rows(reviews, dataset)
    stem = weights_stem(settings.home, dataset)
    share, before = keeping.changed_share(name, key, train, saved_sha256(stem)), rows_of(con, TABLE, dataset)
    if share is not None and len(before) == 1:
        return {**before[0], "changed_share": share}
    lesson = learn(
        reviews,
        encoder,
        titles,
        SemanticEncoder(recipe.semantic_encoder),
        flagged_users(con),
        recipe.propagation,
        seed=seed,
        samples=samples,
        confidence=confidence,
    )
    sha256 = lesson.learned.save(stem)
    keeping.note(name, key, train, saved_sha256(stem))
    return {"dataset": dataset, **lesson.row(), "weights_sha256": sha256, "changed_share": 0.0}


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
