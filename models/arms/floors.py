"""Floors: what can be written without any language model."""

from __future__ import annotations

import numpy as np

from models.arms.pool import Asked, Pool, Quoted
from models.retrieval.chance import hashes, shares


def answers(pool: Pool, task: str, chosen: np.ndarray) -> Quoted:
    """What the chosen review of each example (m,) says to the task: row of `pool.reviews`, -1 for none."""
    column = {"long": "text", "short": "title", "rating": "rating"}[task]
    told, ids = pool.reviews[column].to_list(), pool.reviews["review_id"].to_list()
    texts = [_said(told[row]) if row >= 0 else "" for row in chosen]
    return Quoted(texts, [[ids[row]] if row >= 0 else [] for row in chosen])


def random_topic_review(asked: Asked) -> Quoted:
    """Another user's review of the topic, drawn by a hash of seed, example and review."""
    pool = asked.pool
    example_hash = hashes(pool.examples["example_id"], asked.seed)
    review_hash = hashes(pool.reviews["review_id"], asked.seed)
    chosen = np.full(pool.examples.height, -1)
    for example in range(pool.examples.height):
        rows = pool.rows(example)
        if len(rows):
            chosen[example] = rows[np.argmax(shares(review_hash[rows] ^ example_hash[example]))]
    return answers(pool, asked.task, chosen)


def _said(value: object) -> str:
    """A text as it is, a rating as short as it can be, nothing for nothing."""
    return "" if value is None else format(value, "g") if isinstance(value, float) else str(value)
