"""Both contexts of the examples of one dataset, from rows and the vector store."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from models.encoders.stylometry import StyleEncoder
from models.errors import WorkError
from models.graph.propagation import propagate
from models.retrieval.corpus import Corpus
from models.retrieval.store import Vectors
from models.retrieval.style import style_context
from models.retrieval.topic import topic_context
from models.retrieval.vectors import TextEncoder, meaning


def style_rows(
    reviews: pl.DataFrame,
    examples: pl.DataFrame,
    encoder: StyleEncoder,
    users: Vectors,
    k: int,
    exclude_same_topic: bool,
) -> pl.DataFrame:
    """Rows of context.style_reviews for one dataset; `users` are all vectors of the table users."""
    corpus = Corpus.build(reviews, examples)
    text_style = encoder.encode(corpus.reviews["text"].to_list())
    input_style = encoder.encode(corpus.examples["input"].to_list(), "input")
    expected = propagate(corpus, text_style, input_style)
    rows = users.rows_of(corpus.users)
    donors = np.flatnonzero(rows >= 0)
    return style_context(
        corpus, expected, text_style, donors, users.matrix[rows[donors]], k, exclude_same_topic
    )


def topic_rows(
    reviews: pl.DataFrame, examples: pl.DataFrame, encoder: TextEncoder, vectors: Vectors, k: int
) -> pl.DataFrame:
    """Rows of context.topic_reviews for one dataset; WorkError when a review has no vector yet."""
    corpus = Corpus.build(reviews, examples)
    rows = vectors.rows_of(corpus.reviews["review_id"].to_numpy())
    _refuse_missing(corpus.reviews["review_id"].to_list(), rows)
    inputs = meaning(encoder, corpus.examples["input"], progress=True)
    return topic_context(corpus, inputs, vectors.matrix[rows], k)


def _refuse_missing(ids: Sequence[str], rows: np.ndarray) -> None:
    missing = int((rows < 0).sum())
    if missing:
        raise WorkError(
            f"{missing} of {len(ids)} reviews have no vector, such as {ids[int(np.argmax(rows < 0))]}",
            step="context.topic_reviews",
            remedy="materialize vectors/reviews again, then this table",
        )
