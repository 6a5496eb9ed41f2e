"""What an arm without a language model may quote: for every example, other users' reviews of its topic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl

from models.retrieval.corpus import Corpus


@dataclass(frozen=True)
class Pool:
    """The examples of one dataset and task, and the reviews that may be quoted for each.

    examples: (m) rows sorted by example_id, with user_id, topic_id, input and history_size; never the target.
    reviews: (n) visible reviews (texts that several users share left out) sorted by review_id, with user_id,
    topic_id, title, text and rating. start (m + 1,), review: the quotable reviews of example i are the rows
    `review[start[i]:start[i + 1]]`, ascending: of its topic, by other users, earlier where times are known.
    """

    examples: pl.DataFrame
    reviews: pl.DataFrame
    start: np.ndarray
    review: np.ndarray

    @classmethod
    def build(cls, reviews: pl.DataFrame, examples: pl.DataFrame) -> Pool:
        """From rows of one dataset of staging.reviews and examples of feature.examples."""
        corpus = Corpus.build(reviews, examples)
        asked = corpus.examples.with_row_index("example")
        told = corpus.reviews.with_row_index("review").select("review", "user", "topic", "time")
        pairs = (
            asked.select("example", "user", "topic", "time")
            .join(told, on="topic", suffix="_of_review")
            .filter(pl.col("user") != pl.col("user_of_review"), pl.col("time_of_review") < pl.col("time"))
            .sort("example", "review")
        )
        counts = np.bincount(pairs["example"].to_numpy(), minlength=asked.height)
        return cls(
            examples=examples.sort("example_id").drop("target", "target_rating", strict=False),
            reviews=reviews.filter(~pl.col("is_shared_text")).sort("review_id"),
            start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            review=pairs["review"].to_numpy().astype(np.int64),
        )

    def rows(self, example: int) -> np.ndarray:
        """Row numbers of the reviews that may be quoted for one example, ascending."""
        return self.review[self.start[example] : self.start[example + 1]]


@dataclass(frozen=True)
class Quoted:
    """What an arm answers to the m examples of a pool, and the reviews it quotes: ids, most important first.

    An example that the arm has nothing to say about has an empty text, which counts as a bad answer. None
    leaves an example out for which the arm does not exist.
    """

    texts: Sequence[str | None]
    reviews: list[list[str]]


@dataclass(frozen=True)
class Asked:
    """What an arm without a language model is asked: every example of one dataset and task.

    targets: the hidden answers (m), in the order of the pool's examples; ceilings alone look at them.
    """

    pool: Pool
    task: str
    targets: Sequence[str]
    seed: int


Quotes: TypeAlias = Callable[[Asked], Quoted]
