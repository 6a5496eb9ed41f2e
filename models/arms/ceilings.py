"""Ceilings: what only those can write who know the answer, or have more of the user than there is."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.arms.floors import answers, has_answer
from models.arms.pool import Asked, Pool, Quoted
from models.evaluation.metrics import rating_absolute_error
from models.evaluation.rouge import rouge_scores


def oracle_review(asked: Asked) -> Quoted:
    """The review of the topic nearest to the hidden answer: by ROUGE-1, ratings by their distance."""
    pool = asked.pool
    told = has_answer(pool, asked.task)
    said = [text or "" for text in answers(pool, asked.task, np.arange(pool.reviews.height)).texts]
    chosen = np.full(pool.examples.height, -1)
    for example, target in enumerate(asked.targets):
        rows = pool.rows(example)
        rows = rows[told[rows]]
        if len(rows):
            texts = [said[row] for row in rows]
            chosen[example] = rows[np.argmax(_nearness(asked.task, texts, target))]
    return answers(pool, asked.task, chosen)


def own_review(asked: Asked) -> Quoted:
    """The latest other review of the same user that may be seen; None where there is none.

    Flagged users are not one person: none.
    """
    chosen = latest_own(asked.pool, asked.task)
    quoted = answers(asked.pool, asked.task, chosen)
    texts = [text if row >= 0 else None for text, row in zip(quoted.texts, chosen, strict=True)]
    return Quoted(texts, quoted.reviews)


def latest_own(pool: Pool, task: str) -> np.ndarray:
    """(m,): row of the user's latest visible other review that says anything to the task, -1 for none."""
    told = pool.reviews.with_row_index("row").filter(pl.Series(has_answer(pool, task)))
    asked = pool.examples.with_row_index("example").filter(~pl.col("user_is_flagged"))
    pairs = (
        asked.join(told, on="user_id", suffix="_of_review")
        .filter(
            pl.col("review_id") != pl.col("target_review_id"),
            pl.col("posted_at").is_null()
            | pl.col("posted_at_of_review").is_null()
            | (pl.col("posted_at_of_review") < pl.col("posted_at")),
        )
        .sort("example", "posted_at_of_review", "row")
        .unique("example", keep="last", maintain_order=True)
    )
    chosen = np.full(pool.examples.height, -1)
    chosen[pairs["example"].to_numpy()] = pairs["row"].to_numpy()
    return chosen


def _nearness(task: str, texts: list[str], target: str) -> np.ndarray:
    if task == "rating":
        return np.array([-rating_absolute_error(text, target) for text in texts])
    return rouge_scores(texts, [target] * len(texts))[0]
