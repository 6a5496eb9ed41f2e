"""Which reviews an example may know: never its own target, earlier ones where times are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from models.arms.pool import Pool, Quoted
from models.retrieval.corpus import ALWAYS, NEVER

ANSWERS: Final = {
    "long": "text",
    "short": "title",
    "rating": "rating",
}  # where a review says what a task asks


def has_answer(pool: Pool, task: str) -> npt.NDArray[np.bool_]:
    """(n,): whether a review says anything to the task; a blank title and no rating say nothing."""
    answer = pl.col(ANSWERS[task]).cast(pl.String).str.contains(r"\S").fill_null(False)
    return pool.reviews.select(answer).to_series().to_numpy()


def answers(pool: Pool, task: str, chosen: np.ndarray) -> Quoted:
    """What the chosen review of each example (m,) says to the task: row of `pool.reviews`, -1 for none."""
    told, ids = pool.reviews[ANSWERS[task]].to_list(), pool.reviews["review_id"].to_list()
    texts = [_said(told[row]) if row >= 0 else "" for row in chosen]
    return Quoted(texts, [[ids[row]] if row >= 0 else [] for row in chosen])


@dataclass(frozen=True)
class Times:
    """Users as numbers and times in microseconds: of the m examples and of the n reviews of a pool.

    A review without a time is earlier than everything, an example without one later, as in retrieval.
    """

    user: np.ndarray
    time: np.ndarray
    review_user: np.ndarray
    review_time: np.ndarray

    @classmethod
    def of(cls, pool: Pool) -> Times:
        """Of all examples and reviews of a pool."""
        names = pl.concat([pool.examples["user_id"], pool.reviews["user_id"]])
        user = names.rank("dense").to_numpy()
        m = pool.examples.height
        return cls(user[:m], _time(pool.examples, NEVER), user[m:], _time(pool.reviews, ALWAYS))

    def is_other(self, examples: np.ndarray, rows: np.ndarray) -> npt.NDArray[np.bool_]:
        """Whether a review is by another user than the example's, and earlier; arrays that broadcast."""
        other = self.review_user[rows] != self.user[examples]
        return np.asarray(other & (self.review_time[rows] < self.time[examples]))


def _time(rows: pl.DataFrame, missing: int) -> np.ndarray:
    known = pl.col("posted_at").cast(pl.Datetime("us")).dt.epoch("us")
    return rows.select(known.fill_null(missing).cast(pl.Int64)).to_series().to_numpy()


def _said(value: object) -> str:
    """A text as it is, a rating as short as it can be, nothing for nothing."""
    return "" if value is None else format(value, "g") if isinstance(value, float) else str(value)
