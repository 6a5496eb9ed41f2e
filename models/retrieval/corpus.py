"""One dataset as arrays: the frame in which retrieval works.

Times are integers (microseconds); a review without a time counts as earlier than everything, an
example without a time as later than everything, so that times restrict only where both are known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

ALWAYS: Final = np.iinfo(np.int64).min  # time of a review that says none
NEVER: Final = np.iinfo(np.int64).max  # later than any review; time of an example that says none
STEPS: Final = 1_000_000  # likeness is ranked in steps of a millionth: below it lies rounding noise


@dataclass(frozen=True)
class Corpus:
    """Visible reviews and the examples of one dataset.

    reviews: (n) review_id, user, topic (numbers), time; sorted by review_id, shared texts left out.
    examples: (m) example_id, user, topic, time, target_row (its target in reviews, -1 when
    shared), input; sorted by example_id. users, topics: ids by number, sorted.
    """

    reviews: pl.DataFrame
    examples: pl.DataFrame
    users: np.ndarray
    topics: np.ndarray

    @classmethod
    def build(cls, reviews: pl.DataFrame, examples: pl.DataFrame) -> Corpus:
        """From the rows of one dataset of staging.reviews and feature.examples."""
        users = pl.concat([reviews["user_id"], examples["user_id"]]).unique().sort()
        topics = pl.concat([reviews["topic_id"], examples["topic_id"]]).unique().sort()
        visible = reviews.filter(~pl.col("is_shared_text")).sort("review_id")
        rows = visible.select("review_id", pl.int_range(pl.len(), dtype=pl.Int64).alias("target_row"))
        asked = (
            examples.sort("example_id")
            .drop("target", strict=False)  # the text itself: nothing that retrieves may see it
            .join(rows, left_on="target_review_id", right_on="review_id", how="left", maintain_order="left")
            .with_columns(pl.col("target_row").fill_null(-1))
        )
        return cls(
            reviews=visible.select("review_id", "title", "text", *_numbers(users, topics), _time(ALWAYS)),
            examples=asked.select(
                "example_id", "input", "target_row", *_numbers(users, topics), _time(NEVER)
            ),
            users=users.to_numpy().astype(object),
            topics=topics.to_numpy().astype(object),
        )

    def of(self, rows: np.ndarray) -> Corpus:
        """The same with some of the examples."""
        return replace(self, examples=self.examples[rows])


def _numbers(users: pl.Series, topics: pl.Series) -> list[pl.Expr]:
    """Columns user and topic: places of the ids in the sorted lists."""
    return [
        pl.col(name)
        .replace_strict(ids, np.arange(len(ids)), return_dtype=pl.Int64)
        .alias(name.removesuffix("_id"))
        if len(ids)
        else pl.col(name)
        .str.len_bytes()
        .cast(pl.Int64)
        .alias(name.removesuffix("_id"))  # no rows: only a type
        for name, ids in (("user_id", users), ("topic_id", topics))
    ]


def _time(missing: int) -> pl.Expr:
    known = pl.col("posted_at").cast(pl.Datetime("us")).dt.epoch("us")
    return known.fill_null(missing).cast(pl.Int64).alias("time")


def shared_texts(reviews: pl.DataFrame) -> pl.Series:
    """(n,) bool: whether two or more users of these rows wrote the text, but for case and spaces.

    As in staging.reviews, and without a look at any other row: what is learned from train users must not
    know what others wrote.
    """
    text = pl.col("text").str.replace_all(r"\s+", " ").str.strip_chars().str.to_lowercase()
    return reviews.select((pl.col("user_id").n_unique().over(text) > 1).alias("is_shared_text")).to_series()


def steps(likeness: np.ndarray) -> np.ndarray:
    """Likeness as whole numbers, so that ties are ties on every machine."""
    return np.rint(likeness.astype(np.float64) * STEPS).astype(np.int64)


def best(likeness: np.ndarray, allowed: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Per row the columns of the k highest allowed values, best first, ties to the lower column.

    likeness (m, n), allowed (m, n) bool -> columns (m, min(k, n)), -1 where fewer are allowed, and
    the likeness of each, rounded to a step.
    """
    m, n = likeness.shape
    width = min(k, n)
    if not width:
        return np.empty((m, 0), dtype=np.int64), np.empty((m, 0))
    key = steps(likeness) * n - np.arange(n)  # a unique key: equal likeness ranks by column
    key = np.where(allowed, key, np.iinfo(np.int64).min)
    columns = np.argpartition(-key.clip(min=-NEVER), width - 1, axis=1)[:, :width]
    order = np.argsort(-np.take_along_axis(key, columns, axis=1).clip(min=-NEVER), axis=1, kind="stable")
    columns = np.take_along_axis(columns, order, axis=1)
    kept = np.take_along_axis(allowed, columns, axis=1)
    values = steps(np.take_along_axis(likeness, columns, axis=1)) / STEPS
    return np.where(kept, columns, -1), values
