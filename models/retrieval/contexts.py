"""Both contexts of the examples of one dataset, from rows and the vector store."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from models.encoders.style import StyleVectors
from models.errors import WorkError
from models.retrieval.alignment import Evidence, expected_preferences
from models.retrieval.backoff import NearTopics
from models.retrieval.corpus import Corpus
from models.retrieval.expectation import Propagator
from models.retrieval.ranking import Asked, Chance
from models.retrieval.store import Vectors, VectorStore
from models.retrieval.style import Choice, Donors, Wanted, style_context
from models.retrieval.topic import topic_context
from models.retrieval.vectors import REVIEWS, TITLES, TOPICS, TextEncoder, meaning

AVERAGE: Final = Propagator()  # parameter-free


def style_rows(
    reviews: pl.DataFrame,
    examples: pl.DataFrame,
    encoder: StyleVectors,
    users: Vectors,
    k: int,
    exclude_same_topic: bool,
    *,
    propagator: Propagator = AVERAGE,
    flagged: Collection[str] = (),
    reviews_per_donor: int = 1,
    choice: Choice = "nearest",
    seed: int = 0,
) -> pl.DataFrame:
    """Rows of context.style_reviews for one dataset; `users` are all vectors of the table users.

    propagator: how the style is expected. flagged: users who never donate and whose own texts count as
    nobody's history. choice "random" (by a hash of seed, example and donor) and "farthest" falsify the method
    with the same eligible donors and the same rule for which of their reviews are shown.
    """
    known = propagator.known(reviews, examples, encoder, flagged)
    rows = users.rows_of(known.corpus.users)
    number = np.flatnonzero((rows >= 0) & ~known.is_flagged)
    donors = Donors(number, users.matrix[rows[number]])
    wanted = Wanted(k, reviews_per_donor, exclude_same_topic, choice, seed)
    return style_context(known.corpus, propagator.wanted(known), known.features.style, donors, wanted)


@dataclass(frozen=True)
class TopicVectors:
    """What the topic trajectory reads from the vector store: tables reviews, titles and topics."""

    reviews: Vectors
    titles: Vectors
    topics: Vectors

    @classmethod
    def load(cls, store: VectorStore) -> TopicVectors:
        """All three tables; WorkError when one is not there yet."""
        return cls(store.load(REVIEWS), store.load(TITLES), store.load(TOPICS))

    def meanings(self, review_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, d) of the reviews and of their titles; WorkError when one is missing."""
        return _matrix(self.reviews, review_ids, "reviews"), _matrix(self.titles, review_ids, "titles")


def topic_rows(
    reviews: pl.DataFrame,
    examples: pl.DataFrame,
    encoder: TextEncoder,
    vectors: TopicVectors,
    k: int,
    *,
    alignment: bool = True,
    backoff: bool = True,
    choice: Literal["ranked", "random"] = "ranked",
    seed: int = 0,
) -> pl.DataFrame:
    """Rows of context.topic_reviews for one dataset; WorkError when a review or topic has no vector yet.

    alignment False ranks by relevance alone; backoff False leaves thin topics thin; choice "random" orders
    the same candidates by a hash of `seed`, for falsification.
    """
    corpus = Corpus.build(reviews, examples)
    visible = reviews.filter(~pl.col("is_shared_text")).sort("review_id")
    meanings = vectors.meanings(corpus.reviews["review_id"].to_numpy())
    evidence = Evidence.build(corpus, *meanings, visible["rating"])
    sorted_examples = examples.sort("example_id")
    by_title = (sorted_examples["task"] == "long").to_numpy()
    inputs = meaning(encoder, corpus.examples["input"], progress=True)
    wanted = None
    if alignment:
        may_use_history = ~sorted_examples["user_is_flagged"].to_numpy()
        wanted = expected_preferences(corpus, inputs, by_title, may_use_history, evidence)
    near = None
    if backoff:
        number = np.unique(corpus.reviews["topic"].to_numpy())
        near = NearTopics(number, _matrix(vectors.topics, corpus.topics[number], "topics"))
    chance = Chance(corpus, seed) if choice == "random" else None
    return topic_context(corpus, Asked(inputs, by_title, wanted), evidence, k, near, chance)


def _matrix(vectors: Vectors, ids: np.ndarray, table: str) -> np.ndarray:
    """(len(ids), d) vectors; WorkError that names an id without one."""
    rows = vectors.rows_of(ids)
    missing = int((rows < 0).sum())
    if missing:
        raise WorkError(
            f"{missing} of {len(ids)} {table} have no vector, such as {ids[int(np.argmax(rows < 0))]}",
            step="context.topic_reviews",
            remedy=f"materialize vectors/{table} again, then this table",
        )
    return vectors.matrix[rows]
