"""Topic trajectory: what others say about the topic, the likeliest to concern the example's author first.

Reviews of the same topic by other users, not shared by several users, posted before the example where
times are known; ranked by the cosine of the input to the review's vector, which is the normalized sum of
its title's and its text's vectors. Measured against a vector of "title + text" in one piece: content-word
recall of the hidden target .278 against .253 (Amazon), .307 against .279 (Stylized), .385 against .382
(Hotel); on the sample world the first review is of the author's own preference group in .78 against .73.
Alignment of preferences is not part of the ranking yet: the column is null.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from models.retrieval.corpus import Corpus, best

BLOCK_CELLS: Final = 4_000_000  # examples x reviews of one topic worked on at once

SCHEMA: Final = {
    "example_id": pl.String,
    "rank": pl.Int32,
    "donor_id": pl.String,
    "review_id": pl.String,
    "alignment": pl.Float64,
    "relevance": pl.Float64,
    "source": pl.String,
    "distance": pl.Float64,
}


def review_vectors(titles: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """(n, d) unit rows from the unit rows of titles and texts; a zero row counts as not there."""
    total = titles + texts
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return (total / np.where(length > 0, length, 1.0)).astype(np.float32)


def topic_context(
    corpus: Corpus, input_vectors: np.ndarray, review_vectors: np.ndarray, k: int
) -> pl.DataFrame:
    """Rows of context.topic_reviews: at most k reviews per example, best first.

    input_vectors (m, d) per example and review_vectors (n, d) per review of the corpus, unit rows.
    """
    review_user, review_time = (corpus.reviews[name].to_numpy() for name in ("user", "time"))
    user, time = (corpus.examples[name].to_numpy() for name in ("user", "time"))
    found: list[tuple[np.ndarray, ...]] = []
    for asked, told in _by_topic(corpus):
        block = max(1, BLOCK_CELLS // len(told))
        for start in range(0, len(asked), block):
            rows = asked[start : start + block]
            allowed = (review_time[told][None, :] < time[rows, None]) & (
                review_user[told][None, :] != user[rows, None]
            )
            columns, likeness = best(input_vectors[rows] @ review_vectors[told].T, allowed, k)
            row, rank = np.nonzero(columns >= 0)
            found.append((rows[row], rank + 1, told[columns[row, rank]], likeness[row, rank]))
    example, rank, review, relevance = (
        np.concatenate(column) if found else np.empty(0, dtype=np.int64)
        for column in (zip(*found, strict=True) if found else ((),) * 4)
    )
    table = pl.DataFrame(
        {
            "example_id": corpus.examples["example_id"].gather(example),
            "rank": rank,
            "donor_id": pl.Series(corpus.users[review_user[review]].tolist(), dtype=pl.String),
            "review_id": corpus.reviews["review_id"].gather(review),
            "alignment": pl.repeat(None, len(example), dtype=pl.Float64, eager=True),
            "relevance": relevance,
            "source": pl.repeat("exact", len(example), dtype=pl.String, eager=True),
            "distance": pl.repeat(0.0, len(example), dtype=pl.Float64, eager=True),
        }
    )
    return table.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items()).sort("example_id", "rank")


def _by_topic(corpus: Corpus) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(rows of examples, rows of reviews) of each topic that has both, rows ascending."""
    reviews = corpus.reviews.with_row_index("row").group_by("topic").agg(pl.col("row").cast(pl.Int64).sort())
    examples = (
        corpus.examples.with_row_index("row").group_by("topic").agg(pl.col("row").cast(pl.Int64).sort())
    )
    both = examples.join(reviews, on="topic", suffix="_told").sort("topic")
    for asked, told in both.select("row", "row_told").iter_rows():
        yield np.array(asked), np.array(told)
