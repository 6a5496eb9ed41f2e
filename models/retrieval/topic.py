"""Topic trajectory: what others say about the topic, those who care about the same things first.

Reviews of the same topic by other users, not shared by several users, posted before the example where
times are known, ranked by relevance plus alignment. Relevance is the cosine of the input to the review's
vector, which is the normalized sum of its title's and its text's vectors. Measured against a vector of
"title + text" in one piece: content-word recall of the hidden target .278 against .253 (Amazon), .307
against .279 (Stylized), .385 against .382 (Hotel). Alignment: see alignment.py. When a topic has fewer
reviews than asked for, the nearest topics fill up: see backoff.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from models.retrieval.alignment import Authors, Evidence, is_known, no_longer_than_one
from models.retrieval.backoff import NearTopics, fill_up
from models.retrieval.corpus import Corpus, best
from models.retrieval.ranking import Asked, Found, Order
from models.retrieval.reviewers import Reviewers

BLOCK_CELLS: Final = 4_000_000  # examples x reviews worked on at once: about 300 MB


def review_vectors(titles: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """(n, d) unit rows from the unit rows of titles and texts; a zero row counts as not there."""
    total = titles + texts
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return (total / np.where(length > 0, length, 1.0)).astype(np.float32)


def topic_context(
    corpus: Corpus,
    asked: Asked,
    evidence: Evidence,
    k: int,
    near: NearTopics | None = None,
    order: Order | None = None,
) -> pl.DataFrame:
    """Rows of context.topic_reviews: at most k reviews per example, those of its own topic first.

    near: topics to fill up from, None leaves thin topics thin. order: another than the method's, for
    falsification; who may be shown stays the same.
    """
    order = order or Order()
    wanted = np.zeros_like(asked.input) if asked.wanted is None else asked.wanted.copy()
    authors, found = Authors(corpus), []
    for rows, told in _by_topic(corpus):
        reviewers = Reviewers.of(corpus, evidence, authors, told)
        block = max(1, BLOCK_CELLS // reviewers.width)
        for start in range(0, len(rows), block):
            part = rows[start : start + block]
            found.append(_of_topic(corpus, asked, evidence, reviewers, part, wanted, k, order))
    exact = Found.concat(found)
    if near is None:
        return exact.table(corpus)
    others = fill_up(corpus, asked, evidence, wanted, exact, near, k, order)
    return Found.concat([exact, others]).table(corpus)


def _of_topic(
    corpus: Corpus,
    asked: Asked,
    evidence: Evidence,
    reviewers: Reviewers,
    part: np.ndarray,
    wanted: np.ndarray,
    k: int,
    order: Order,
) -> Found:
    """The reviews of one topic for the examples in rows `part`; completes their rows of `wanted`."""
    told = reviewers.told
    user, time = (corpus.examples[name].to_numpy()[part] for name in ("user", "time"))
    review_user, review_time = (corpus.reviews[name].to_numpy()[told] for name in ("user", "time"))
    allowed = (review_time[None, :] < time[:, None]) & (review_user[None, :] != user[:, None])
    relevance = asked.input[part] @ evidence.review[told].T
    alignment = np.full(relevance.shape, np.nan)
    if asked.wanted is not None:
        mean = reviewers.means(allowed)
        known = ~asked.by_title[part] & is_known(asked.input[part]) & allowed.any(axis=1)
        wanted[part] = _with_text(wanted[part], asked.input[part] - mean, known)
        alignment = reviewers.alignment(wanted[part], mean, allowed, time)
    score = order.scores(part, told, relevance, alignment, asked.by_title[part])
    columns, _ = best(score, allowed, k)
    row, rank = np.nonzero(columns >= 0)
    column = columns[row, rank]
    return Found(
        example=part[row],
        rank=rank + 1,
        review=told[column],
        alignment=alignment[row, column],
        relevance=relevance[row, column],
        distance=np.zeros(len(row)),
    )


def _with_text(wanted: np.ndarray, beyond: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Expected preferences with that of the text given as input, where it is known to go beyond its topic."""
    length = np.linalg.norm(beyond, axis=1, keepdims=True)
    own = np.where(known[:, None], beyond / np.where(length > 0, length, 1.0), 0.0)
    return no_longer_than_one(wanted + own)


def _by_topic(corpus: Corpus) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(rows of examples, rows of reviews) of each topic that has both, rows ascending."""
    reviews = corpus.reviews.with_row_index("row").group_by("topic").agg(pl.col("row").cast(pl.Int64).sort())
    examples = (
        corpus.examples.with_row_index("row").group_by("topic").agg(pl.col("row").cast(pl.Int64).sort())
    )
    both = examples.join(reviews, on="topic", suffix="_told").sort("topic")
    for asked, told in both.select("row", "row_told").iter_rows():
        yield np.array(asked), np.array(told)
