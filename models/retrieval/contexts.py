"""Both contexts of the examples of one dataset, from rows and the vector store."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from models.encoders.style import StyleVectors
from models.errors import WorkError
from models.retrieval.alignment import Evidence, expected_preferences
from models.retrieval.backoff import NearTopics
from models.retrieval.corpus import Corpus
from models.retrieval.expectation import Known, Propagator
from models.retrieval.ranking import Asked, TopicChoice, order_of
from models.retrieval.store import Vectors, VectorStore
from models.retrieval.style import Choice, Donors, Wanted, style_context
from models.retrieval.topic import topic_context
from models.retrieval.vectors import REVIEWS, TITLES, TOPICS, TextEncoder, meaning

AVERAGE: Final = Propagator()  # parameter-free


@dataclass(frozen=True)
class StyleSearch:
    """Donors of the examples of one dataset: texts are encoded once, chosen in as many ways as wanted."""

    known: Known
    donors: Donors
    propagator: Propagator

    @classmethod
    def build(
        cls,
        reviews: pl.DataFrame,
        examples: pl.DataFrame,
        encoder: StyleVectors,
        users: Vectors,
        propagator: Propagator = AVERAGE,
        flagged: Collection[str] = (),
    ) -> StyleSearch:
        """`users` are all vectors of the table users.

        propagator: how the style is expected. flagged: users who never donate and whose own texts count as
        nobody's history.
        """
        known = propagator.known(reviews, examples, encoder, flagged)
        rows = users.rows_of(known.corpus.users)
        number = np.flatnonzero((rows >= 0) & ~known.is_flagged)
        return cls(known, Donors(number, users.matrix[rows[number]]), propagator)

    def of(self, rows: np.ndarray) -> StyleSearch:
        """The same for some of the examples, by their place in order of id."""
        return replace(self, known=self.known.of(rows))

    def rows(self, wanted: Wanted, *, by_input: bool = False) -> pl.DataFrame:
        """Rows of context.style_reviews.

        Choice "random" (by a hash of seed, example and donor) and "farthest" falsify the method with the same
        eligible donors and the same rule for which of their reviews are shown. by_input: the style is
        expected from the input alone, without the graph.
        """
        expected = self.known.expected("input", None) if by_input else self.propagator.wanted(self.known)
        return style_context(self.known.corpus, expected, self.known.features.style, self.donors, wanted)


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
    """Rows of context.style_reviews for one dataset, chosen in one way: see `StyleSearch`."""
    search = StyleSearch.build(reviews, examples, encoder, users, propagator, flagged)
    return search.rows(Wanted(k, reviews_per_donor, exclude_same_topic, choice, seed))


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


@dataclass(frozen=True)
class TopicSearch:
    """Reviews for the examples of one dataset: inputs are encoded once, ranked in as many ways as wanted."""

    corpus: Corpus
    evidence: Evidence
    inputs: np.ndarray  # (m, d)
    by_title: np.ndarray  # (m,)
    may_use_history: np.ndarray  # (m,)
    vectors: TopicVectors

    @classmethod
    def build(
        cls, reviews: pl.DataFrame, examples: pl.DataFrame, encoder: TextEncoder, vectors: TopicVectors
    ) -> TopicSearch:
        """WorkError when a review has no vector yet."""
        corpus = Corpus.build(reviews, examples)
        visible = reviews.filter(~pl.col("is_shared_text")).sort("review_id")
        meanings = vectors.meanings(corpus.reviews["review_id"].to_numpy())
        sorted_examples = examples.sort("example_id")
        return cls(
            corpus,
            Evidence.build(corpus, *meanings, visible["rating"]),
            meaning(encoder, corpus.examples["input"], progress=True),
            (sorted_examples["task"] == "long").to_numpy(),
            ~sorted_examples["user_is_flagged"].to_numpy(),
            vectors,
        )

    def of(self, rows: np.ndarray) -> TopicSearch:
        """The same for some of the examples, by their place in order of id."""
        return replace(
            self,
            corpus=self.corpus.of(rows),
            inputs=self.inputs[rows],
            by_title=self.by_title[rows],
            may_use_history=self.may_use_history[rows],
        )

    def rows(
        self,
        k: int,
        *,
        alignment: bool = True,
        backoff: bool = True,
        choice: TopicChoice = "ranked",
        seed: int = 0,
    ) -> pl.DataFrame:
        """Rows of context.topic_reviews; WorkError when a topic has no vector yet.

        alignment False ranks by relevance alone; backoff False leaves thin topics thin. For falsification
        choice "random" orders the same candidates by a hash of `seed`, "opposed" turns the sign of alignment.
        """
        wanted = None
        if alignment or choice == "opposed":
            wanted = expected_preferences(
                self.corpus, self.inputs, self.by_title, self.may_use_history, self.evidence
            )
        near = None
        if backoff:
            number = np.unique(self.corpus.reviews["topic"].to_numpy())
            near = NearTopics(number, _matrix(self.vectors.topics, self.corpus.topics[number], "topics"))
        asked = Asked(self.inputs, self.by_title, wanted)
        order = order_of(choice, self.corpus, seed)
        return topic_context(self.corpus, asked, self.evidence, k, near, order)


def topic_rows(
    reviews: pl.DataFrame,
    examples: pl.DataFrame,
    encoder: TextEncoder,
    vectors: TopicVectors,
    k: int,
    *,
    alignment: bool = True,
    backoff: bool = True,
    choice: TopicChoice = "ranked",
    seed: int = 0,
) -> pl.DataFrame:
    """Rows of context.topic_reviews for one dataset, ranked in one way: see `TopicSearch`."""
    search = TopicSearch.build(reviews, examples, encoder, vectors)
    return search.rows(k, alignment=alignment, backoff=backoff, choice=choice, seed=seed)


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
