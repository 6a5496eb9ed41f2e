"""Floors of the task `rating`: what most people give, and what others gave this topic."""

from __future__ import annotations

import numpy as np

from models.arms.pool import Asked, Pool, Quoted


def majority_rating(asked: Asked) -> Quoted:
    """The commonest rating of the train users; without train users that of all other users' reviews.

    The lower of two that are equally common.
    """
    counts, values = other_ratings(asked.pool)
    return _rated(values[np.argmax(counts, axis=1)] if len(values) else np.full(len(counts), np.nan))


def neighbor_mean_rating(asked: Asked) -> Quoted:
    """The mean rating of the topic by other users; where nobody rated it, of all other users' reviews."""
    pool = asked.pool
    ratings = pool.reviews["rating"].cast(float).to_numpy()
    means = np.full(pool.examples.height, np.nan)
    for example in range(pool.examples.height):
        found = ratings[pool.rows(example)]
        found = found[~np.isnan(found)]
        if len(found):
            means[example] = found.mean()
    counts, values = other_ratings(pool)
    total = counts.sum(axis=1)
    with np.errstate(invalid="ignore"):
        everywhere = counts @ values / total
    return _rated(np.where(np.isnan(means), everywhere, means))


def other_ratings(pool: Pool) -> tuple[np.ndarray, np.ndarray]:
    """How often other users gave which rating: counts (m, v) for each example, and the values (v,)."""
    rated = pool.reviews.drop_nulls("rating")
    values, place = np.unique(rated["rating"].cast(float).to_numpy(), return_inverse=True)
    users = rated["user_id"].to_numpy()
    train = (rated["split"] == "train").to_numpy()
    keep = train if train.any() else np.ones(len(train), dtype=bool)
    counts = np.zeros((pool.examples.height, len(values)))
    for example, user in enumerate(pool.examples["user_id"]):
        counts[example] = np.bincount(place[keep & (users != user)], minlength=len(values))
    return counts, values


def _rated(ratings: np.ndarray) -> Quoted:
    texts = ["" if np.isnan(rating) else format(round(rating, 2), "g") for rating in ratings]
    return Quoted(texts, [[] for _ in texts])
