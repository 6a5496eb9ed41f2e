"""Floors of the task `rating`: what most people give, and what others gave this topic."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.arms.others import Times
from models.arms.pool import Asked, Pool, Quoted


def majority_rating(asked: Asked) -> Quoted:
    """The commonest rating of the train users; without train users, of what other users wrote before.

    The lower of two that are equally common.
    """
    counts, values = other_ratings(asked.pool)
    return _rated([values[np.argmax(row)] if row.any() else None for row in counts])


def neighbor_mean_rating(asked: Asked) -> Quoted:
    """The mean rating of the topic by other users; of a topic that nobody rated, that of all of them.

    For these, as for `majority_rating`, train users count alone where there are any.
    """
    pool = asked.pool
    ratings = _ratings(pool)
    counts, values = other_ratings(pool)
    means: list[float | None] = []
    for example, row in enumerate(counts):
        found = ratings[pool.rows(example)]
        found = found[~np.isnan(found)]
        if len(found):
            means.append(float(found.mean()))
        else:
            means.append(float(row @ values / row.sum()) if row.any() else None)
    return _rated(means)


def other_ratings(pool: Pool) -> tuple[np.ndarray, np.ndarray]:
    """How often other users gave which rating: counts (m, v) for each example, and the ratings (v,).

    Where there are train users, by all their reviews; else by everybody's earlier than the example. The
    example's own user never counts.
    """
    ratings, times = _ratings(pool), Times.of(pool)
    train = (pool.reviews["split"] == "train").fill_null(False).to_numpy()
    counted = ~np.isnan(ratings) & (train if train.any() else True)
    when = np.where(train, times.time.min(initial=0) - 1, times.review_time)
    rows = np.flatnonzero(counted)
    rows = rows[np.argsort(when[rows], kind="stable")]
    values, place = np.unique(ratings[rows], return_inverse=True)
    one_of = np.zeros((len(rows) + 1, len(values)), dtype=np.int64)
    one_of[np.arange(1, len(rows) + 1), place] = 1
    counts = np.cumsum(one_of, axis=0)[np.searchsorted(when[rows], times.time)]
    told = pl.DataFrame({"user": times.review_user[rows], "time": when[rows], "value": place})
    asked = pl.DataFrame({"user": times.user, "before": times.time}).with_row_index("example")
    own = asked.join(told, on="user").filter(pl.col("time") < pl.col("before"))
    np.subtract.at(counts, (own["example"].to_numpy(), own["value"].to_numpy()), 1)
    return counts, values


def _ratings(pool: Pool) -> np.ndarray:
    """(n,) of the reviews of a pool, NaN for none."""
    return pool.reviews["rating"].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _rated(ratings: list[float | None]) -> Quoted:
    """Ratings as texts, at most two decimals; nothing is quoted word for word."""
    texts = ["" if rating is None else format(round(float(rating), 2), "g") for rating in ratings]
    return Quoted(texts, [[] for _ in texts])
