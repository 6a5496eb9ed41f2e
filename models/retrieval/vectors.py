"""What the vector store holds: meanings of reviews, titles and topics, and one style vector per user."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import polars as pl

from models.encoders.style import STYLOMETRY, StyleVectors, fit_stylometry, open_style
from models.encoders.stylometry import FEATURES
from models.errors import WorkError
from models.graph.propagation import fixed
from models.learned import Keeping, file_sha256
from models.retrieval.store import SyncResult, Vectors, VectorStore, text_sha256
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
    place = _places(stored, visible["review_id"], REVIEWS)
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


class TextMeanings:
    """Meanings of the texts of reviews, from their stored vectors: nothing is embedded again.

    A review's vector r is the normalized sum of the unit vectors t of its title and x of its text, so x is t
    reflected at r: x = 2 (r . t) r - t. Without a title, x is r.
    """

    def __init__(self, store: VectorStore) -> None:
        self._reviews, self._titles = store.load(REVIEWS), store.load(TITLES)
        self.encoder_id: str | None = self._reviews.encoder_ids[0] if len(self._reviews.ids) else None

    def of(self, review_ids: pl.Series) -> np.ndarray:
        """(n, d) float32 unit rows, none of whose texts is blank; WorkError when one has no vector."""
        review, title = (
            vectors.matrix[_places(vectors, review_ids, table)]
            for vectors, table in ((self._reviews, REVIEWS), (self._titles, TITLES))
        )
        along = np.einsum("ij,ij->i", review, title)[:, None]
        return np.where(title.any(axis=1, keepdims=True), 2 * along * review - title, review)


def _places(vectors: Vectors, review_ids: pl.Series, table: str) -> np.ndarray:
    """Row numbers of reviews in a table of the store; WorkError that names one without a vector."""
    place = vectors.rows_of(review_ids.to_numpy())
    if (place < 0).any():
        raise WorkError(
            f"no vector of review {review_ids[int(np.argmax(place < 0))]} in table {table}",
            step=f"vectors.{table}",
            remedy=f"materialize vectors/{table} again, then this table",
        )
    return place


def style_file(home: Path, dataset: str) -> Path:
    """Where the style encoder of a dataset is kept; a dataset's name never becomes a path."""
    return home / "encoders" / f"style-{hashlib.sha256(dataset.encode()).hexdigest()[:16]}.json"


def fit_styles(
    reviews: pl.DataFrame,
    home: Path,
    style_encoder: str = STYLOMETRY,
    excluded: Collection[str] = (),
    keeping: Keeping | None = None,
    key: str = "",
) -> dict[str, StyleVectors]:
    """The style encoder of each dataset, by its name in the recipe.

    Our own is fitted on the dataset's train users and saved below `home`. excluded: see `fit_stylometry`.
    keeping: says when the saved one stays in use, with the key of the code that fitted it; None: never.
    """
    datasets = sorted(reviews["dataset"].unique().to_list())
    if style_encoder != STYLOMETRY:
        return dict.fromkeys(datasets, open_style(style_encoder, home)) if datasets else {}
    encoders: dict[str, StyleVectors] = {}
    for dataset in datasets:
        file = style_file(home, dataset)
        if keeping and style_changed_share(reviews, home, dataset, keeping, key) is not None:
            encoders[dataset] = open_style(style_encoder, file)
            continue
        train = train_rows(reviews, dataset)
        encoder = fit_stylometry(train, excluded)
        encoder.save(file)
        if keeping:
            keeping.note(f"style:{dataset}", key, train, file_sha256(file))
        encoders[dataset] = encoder
    return encoders


def style_changed_share(
    reviews: pl.DataFrame, home: Path, dataset: str, keeping: Keeping, key: str
) -> float | None:
    """Share of the rows that changed since the style encoder of a dataset was fitted; None: fit it anew."""
    rows = train_rows(reviews, dataset)
    return keeping.changed_share(f"style:{dataset}", key, rows, file_sha256(style_file(home, dataset)))


def train_rows(reviews: pl.DataFrame, dataset: str) -> pl.DataFrame:
    """The reviews of the train users of a dataset."""
    return reviews.filter(pl.col("dataset") == dataset, pl.col("split") == "train")


def sync_users(store: VectorStore, reviews: pl.DataFrame, encoders: Mapping[str, StyleVectors]) -> SyncResult:
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
    dimensions = next(iter(encoders.values())).dimensions if encoders else len(FEATURES)

    def encode(chunk: pl.DataFrame) -> np.ndarray:
        texts = own.join(chunk.select("id").with_row_index("user"), on="id")
        means = np.zeros((chunk.height, dimensions), dtype=np.int64)
        for dataset in texts["dataset"].unique().sort():
            part = texts.filter(pl.col("dataset") == dataset)
            np.add.at(means, part["user"].to_numpy(), fixed(encoders[dataset].encode(part["text"].to_list())))
        length = np.linalg.norm(means.astype(np.float64), axis=1, keepdims=True)
        return (means / np.where(length > 0, length, 1.0)).astype(np.float32)

    return store.sync(USERS, users, encode, dimensions)
