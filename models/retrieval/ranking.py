"""What both parts of the topic trajectory rank by, and the rows they find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from models.retrieval.chance import hashes, shares
from models.retrieval.corpus import STEPS, Corpus, steps

# Weight of alignment beside relevance, by kind of input. Titles: 1, 2, 4, 8 gave .82 .82 .83 .83 of rows from
# the planted group, and likeness to the hidden text grew up to 8; content-word recall was best up to 4.
TITLE_WEIGHT: Final = 4.0
# A text is its author's preference already: any weight lost likeness to the hidden title on Amazon and Hotel.
TEXT_WEIGHT: Final = 0.0
# A product of at most .1 is no better than chance: on the sample .92 of marked rows are of the planted group
# and .32 of the others; with 0, the bare average, .83 and .50.
CLEARLY: Final = 0.1

SCHEMA: Final = {
    "example_id": pl.String,
    "rank": pl.Int32,
    "donor_id": pl.String,
    "review_id": pl.String,
    "alignment": pl.Float64,
    "is_aligned": pl.Boolean,
    "relevance": pl.Float64,
    "source": pl.String,
    "distance": pl.Float64,
}


@dataclass(frozen=True)
class Asked:
    """What the users of the examples gave: input (m, d) unit rows; by_title (m,) whether it is a title.

    wanted (m, d) their expected preferences, of texts the history's part alone; None ranks by relevance.
    """

    input: np.ndarray
    by_title: np.ndarray
    wanted: np.ndarray | None


@dataclass(frozen=True)
class Found:
    """Chosen rows, arrays (r,): row numbers of example and review; alignment is NaN where unknown."""

    example: np.ndarray
    rank: np.ndarray
    review: np.ndarray
    alignment: np.ndarray
    relevance: np.ndarray
    distance: np.ndarray

    @classmethod
    def concat(cls, parts: Sequence[Found]) -> Found:
        """The rows of all parts, in their order."""
        whole, real = np.empty(0, dtype=np.int64), np.empty(0)
        empty = cls(whole, whole, whole, real, real, real)
        columns = zip(*(vars(part).values() for part in (empty, *parts)), strict=True)
        return cls(*(np.concatenate(column) for column in columns))

    def table(self, corpus: Corpus) -> pl.DataFrame:
        """As rows of context.topic_reviews, sorted by example and rank."""
        donor = corpus.users[corpus.reviews["user"].to_numpy()[self.review]]
        rounded = pl.Series(steps(np.nan_to_num(self.alignment)) / STEPS)
        alignment = rounded.set(pl.Series(np.isnan(self.alignment)), None)
        table = pl.DataFrame(
            {
                "example_id": corpus.examples["example_id"].gather(self.example),
                "rank": self.rank,
                "donor_id": pl.Series(donor.tolist(), dtype=pl.String),
                "review_id": corpus.reviews["review_id"].gather(self.review),
                "alignment": alignment,
                "is_aligned": (alignment > CLEARLY).fill_null(False),
                "relevance": steps(self.relevance) / STEPS,
                "source": pl.Series(np.where(self.distance > 0, "backoff", "exact"), dtype=pl.String),
                "distance": self.distance,
            }
        )
        rows = table.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
        return rows.sort("example_id", "rank")


TopicChoice = Literal["ranked", "random", "opposed"]


class Order:
    """What the reviews that an example may see are ranked by."""

    def scores(
        self,
        examples: np.ndarray,
        reviews: np.ndarray,
        relevance: np.ndarray,
        alignment: np.ndarray,
        by_title: np.ndarray,
    ) -> np.ndarray:
        """(a, t), the highest first, for rows of examples (a,) and of reviews (t,); relevance and alignment
        (a, t), NaN where unknown, which counts as the average reviewer's; by_title (a,).
        """
        weight = np.where(by_title, TITLE_WEIGHT, TEXT_WEIGHT)[:, None]
        return np.asarray(relevance + weight * np.nan_to_num(alignment, nan=0.0))


class Opposed(Order):
    """The rule for titles with the sign of alignment turned, for every input: who cares about other things
    comes first, relevance counts as ever. Falsifies alignment.
    """

    def scores(
        self,
        examples: np.ndarray,
        reviews: np.ndarray,
        relevance: np.ndarray,
        alignment: np.ndarray,
        by_title: np.ndarray,
    ) -> np.ndarray:
        """As those of `Order`."""
        return np.asarray(relevance - TITLE_WEIGHT * np.nan_to_num(alignment, nan=0.0))


class Chance(Order):
    """Order by a hash of seed, example and review instead of by rank, for falsification."""

    def __init__(self, corpus: Corpus, seed: int) -> None:
        self._examples = hashes(corpus.examples["example_id"], seed)
        self._reviews = hashes(corpus.reviews["review_id"], seed)

    def scores(
        self,
        examples: np.ndarray,
        reviews: np.ndarray,
        relevance: np.ndarray,
        alignment: np.ndarray,
        by_title: np.ndarray,
    ) -> np.ndarray:
        """Numbers in [0, 1)."""
        return shares(self._examples[examples][:, None] ^ self._reviews[reviews][None, :])


def order_of(choice: TopicChoice, corpus: Corpus, seed: int) -> Order:
    """The order by its name."""
    if choice == "random":
        return Chance(corpus, seed)
    return Opposed() if choice == "opposed" else Order()
