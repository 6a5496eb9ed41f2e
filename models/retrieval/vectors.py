"""What the vector store holds: meanings of reviews, titles and topics, and one style vector per user."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import polars as pl

from models.encoders.stylometry import StyleEncoder
from models.errors import WorkError
from models.graph.propagation import fixed
from models.retrieval.store import SyncResult, VectorStore, text_sha256
from models.retrieval.topic import review_vectors

REVIEWS: Final = "reviews"
TITLES: Final = "titles"
TOPICS: Final = "topics"
USERS: Final = "users"


class TextEncoder(Protocol):
    """Anything that turns texts into unit rows, such as SemanticEncoder."""

    encoder_id: str

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str], progress: bool = False) -> np.ndarray:
        """(n, dimensions) float32 unit rows."""
        ...


def sync_reviews(store: VectorStore, reviews: pl.DataFrame, encoder: TextEncoder) -> SyncResult:
    """Bring table `reviews` in step with the rows of staging.reviews; shared texts get no vector."""
    rows = reviews.filter(~pl.col("is_shared_text")).select(
        pl.col("review_id").alias("id"), "dataset", "title", "text"
    )
    hashes = [text_sha256(f"{title}\n{text}") for title, text in rows.select("title", "text").iter_rows()]

    def encode(chunk: pl.DataFrame) -> np.ndarray:
        return review_vectors(meaning(encoder, chunk["title"]), meaning(encoder, chunk["text"]))

    rows = rows.with_columns(
        pl.Series("text_sha256", hashes, dtype=pl.String), pl.lit(encoder.encoder_id).alias("encoder_id")
    )
    return store.sync(REVIEWS, rows, encode, encoder.dimensions)


def sync_titles(store: VectorStore, reviews: pl.DataFrame, encoder: TextEncoder) -> SyncResult:
    """Bring table `titles` in step: the meaning of each review's title alone, zero where it is blank."""
    rows = reviews.filter(~pl.col("is_shared_text")).select(
        pl.col("review_id").alias("id"), "dataset", "title", pl.lit(encoder.encoder_id).alias("encoder_id")
    )
    hashes = [text_sha256(title) for title in rows["title"]]
    rows = rows.with_columns(pl.Series("text_sha256", hashes, dtype=pl.String))
    return store.sync(TITLES, rows, lambda chunk: meaning(encoder, chunk["title"]), encoder.dimensions)


def sync_topics(store: VectorStore, reviews: pl.DataFrame) -> SyncResult:
    """Bring table `topics` in step with table `reviews`: the normalized mean of each topic's reviews.

    A topic is computed anew when the texts of its reviews have changed. WorkError when a review has no
    vector: `sync_reviews` comes first.
    """
    stored = store.load(REVIEWS)
    visible = reviews.filter(~pl.col("is_shared_text")).sort("review_id")
    place = stored.rows_of(visible["review_id"].to_numpy())
    if (place < 0).any():
        raise WorkError(
            f"no vector of review {visible['review_id'][int(np.argmax(place < 0))]}",
            step="vectors.topics",
            remedy="materialize vectors/reviews again, then this table",
        )
    lines = ["\n".join(row) for row in visible.select("review_id", "title", "text").iter_rows()]
    told = visible.select(
        pl.col("topic_id").alias("id"),
        "dataset",
        pl.Series("encoder_id", stored.encoder_ids[place].tolist(), dtype=pl.String),
        pl.Series("text_sha256", [text_sha256(line) for line in lines], dtype=pl.String),
        pl.Series("place", place, dtype=pl.Int64),
    )
    rows = (
        told.group_by("id", maintain_order=True)
        .agg(pl.col("dataset", "encoder_id").first(), pl.col("text_sha256").str.join("\n"), pl.col("place"))
        .sort("id")
    )
    hashes = [text_sha256(joined) for joined in rows["text_sha256"]]
    rows = rows.with_columns(pl.Series("text_sha256", hashes, dtype=pl.String))

    def encode(chunk: pl.DataFrame) -> np.ndarray:
        sums = [stored.matrix[places.to_numpy()].sum(axis=0, dtype=np.float64) for places in chunk["place"]]
        means = np.array(sums)
        length = np.linalg.norm(means, axis=1, keepdims=True)
        return (means / np.where(length > 0, length, 1.0)).astype(np.float32)

    return store.sync(TOPICS, rows, encode, stored.matrix.shape[1])


def meaning(encoder: TextEncoder, texts: pl.Series, progress: bool = False) -> np.ndarray:
    """(n, d) unit rows, each distinct text encoded once; a blank text has the zero vector, no evidence."""
    if texts.is_empty():
        return np.zeros((0, encoder.dimensions), dtype=np.float32)
    distinct = texts.unique(maintain_order=True)
    vectors = encoder.encode(distinct.to_list(), progress)
    vectors[(distinct.str.strip_chars().str.len_bytes() == 0).to_numpy()] = 0.0
    places = texts.replace_strict(distinct, np.arange(len(distinct)), return_dtype=pl.Int64)
    return vectors[places.to_numpy()]


def style_file(home: Path, dataset: str) -> Path:
    """Where the style scales of a dataset are kept; a dataset's name never becomes a path."""
    return home / "encoders" / f"style-{hashlib.sha256(dataset.encode()).hexdigest()[:16]}.json"


def fit_styles(reviews: pl.DataFrame, home: Path) -> dict[str, StyleEncoder]:
    """One style encoder per dataset, fitted on its train users and saved below `home`."""
    encoders = {}
    for dataset in sorted(reviews["dataset"].unique().to_list()):
        learn = reviews.filter(
            pl.col("dataset") == dataset, pl.col("split") == "train", ~pl.col("is_shared_text")
        )
        learn = learn.sort("review_id")
        titles = learn["title"].filter(learn["title"].str.strip_chars() != "")
        encoders[dataset] = StyleEncoder.fit(learn["text"].to_list(), titles.to_list())
        encoders[dataset].save(style_file(home, dataset))
    return encoders


def sync_users(store: VectorStore, reviews: pl.DataFrame, encoders: dict[str, StyleEncoder]) -> SyncResult:
    """Bring table `users` in step: the mean style of each user's own texts that nobody else wrote."""
    own = reviews.filter(~pl.col("is_shared_text"), pl.col("text").str.strip_chars() != "").sort("review_id")
    own = own.select(
        pl.col("user_id").alias("id"),
        "dataset",
        "text",
        pl.Series("text_sha256", [text_sha256(text) for text in own["text"]], dtype=pl.String),
    )
    encoder_ids = {dataset: encoder.encoder_id for dataset, encoder in encoders.items()}
    users = (
        own.group_by("id")
        .agg(pl.col("dataset").first(), pl.col("text_sha256").str.join("\n"))
        .sort("id")
        .with_columns(
            pl.col("dataset").replace_strict(encoder_ids, return_dtype=pl.String).alias("encoder_id")
        )
    )
    dimensions = next(iter(encoders.values())).dimensions if encoders else StyleEncoder.default().dimensions

    def encode(chunk: pl.DataFrame) -> np.ndarray:
        texts = own.join(chunk.select("id").with_row_index("user"), on="id")
        means = np.zeros((chunk.height, dimensions), dtype=np.int64)
        for dataset in texts["dataset"].unique().sort():
            part = texts.filter(pl.col("dataset") == dataset)
            np.add.at(means, part["user"].to_numpy(), fixed(encoders[dataset].encode(part["text"].to_list())))
        length = np.linalg.norm(means.astype(np.float64), axis=1, keepdims=True)
        return (means / np.where(length > 0, length, 1.0)).astype(np.float32)

    return store.sync(USERS, users, encode, dimensions)
