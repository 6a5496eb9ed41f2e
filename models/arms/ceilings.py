"""Ceilings: what only those can write who know the answer, or have more of the user than there is."""

from __future__ import annotations

import numpy as np
import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from models.arms.others import ANSWERS, Times, answers, has_answer
from models.arms.pool import Asked, Pool, Quoted
from models.evaluation.metrics import read_rating
from models.evaluation.words import Codes, in_code_order, rouge_words


def oracle_review(asked: Asked) -> Quoted:
    """The review of the topic nearest to the hidden answer: by ROUGE-1, ratings by their distance.

    Of equally near ones the first by review id.
    """
    pool, told = asked.pool, has_answer(asked.pool, asked.task)
    rows = [mine[told[mine]] for mine in map(pool.rows, range(pool.examples.height))]
    nearness = _by_rating if asked.task == "rating" else _by_words
    return answers(pool, asked.task, nearness(asked, rows))


def own_review(asked: Asked) -> Quoted:
    """The latest other review of the same user that may be seen; None where there is none.

    Flagged users are not one person: none.
    """
    chosen = latest_own(asked.pool, asked.task)
    quoted = answers(asked.pool, asked.task, chosen)
    texts = [text if row >= 0 else None for text, row in zip(quoted.texts, chosen, strict=True)]
    return Quoted(texts, quoted.reviews)


def latest_own(pool: Pool, task: str) -> np.ndarray:
    """(m,): row of the user's latest other review, earlier than the example, with an answer; -1 for none.

    Of equally late ones, and of those without a time, the last by review id.
    """
    times = Times.of(pool)
    told = pl.DataFrame({"user": times.review_user, "time": times.review_time}).with_row_index("row")
    asked = pl.DataFrame({"user": times.user, "time": times.time}).with_row_index("example")
    target = pool.examples["target_review_id"].to_list()
    found = (
        asked.filter(~pool.examples["user_is_flagged"])
        .join(told.filter(pl.Series(has_answer(pool, task))), on="user", suffix="_of_review")
        .filter(pl.col("time_of_review") < pl.col("time"))
        .sort("example", "time_of_review", "row")
    )
    ids = pool.reviews["review_id"].to_list()
    chosen = np.full(pool.examples.height, -1)
    for example, row in found.select("example", "row").iter_rows():
        if ids[row] != target[example]:
            chosen[example] = row
    return chosen


def _by_rating(asked: Asked, rows: list[np.ndarray]) -> np.ndarray:
    """(m,): row with the nearest rating to the target, -1 for none."""
    ratings = asked.pool.reviews["rating"].cast(pl.Float64).to_numpy()
    wanted = [read_rating(target) for target in asked.targets]
    return np.array(
        [
            mine[np.argmin(np.abs(ratings[mine] - (target or 0.0)))] if len(mine) else -1
            for mine, target in zip(rows, wanted, strict=True)
        ]
    )


def _by_words(asked: Asked, rows: list[np.ndarray]) -> np.ndarray:
    """(m,): row with the highest ROUGE-1 against the target, -1 for none; texts are read once a topic."""
    texts = asked.pool.reviews[ANSWERS[asked.task]].to_list()
    topics = asked.pool.examples.with_row_index("example").group_by("topic_id", maintain_order=True)
    chosen = np.full(len(rows), -1)
    for _, topic in topics:
        codes, known = Codes(), dict[int, str]()
        for example in topic["example"]:
            for row in rows[example]:
                if row not in known:
                    known[row] = in_code_order(codes.encode(rouge_words(texts[row])))
            if len(rows[example]):
                target = in_code_order(codes.encode(rouge_words(asked.targets[example])))
                chosen[example] = rows[example][_nearest(target, [known[row] for row in rows[example]])]
    return chosen


def _nearest(target: str, texts: list[str]) -> int:
    """The place of the text with the highest ROUGE-1 F1; all as sorted codes (models.evaluation.rouge)."""
    shared = process.cdist([target], texts, scorer=LCSseq.similarity, dtype=np.int64)[0]
    words = np.array([len(text) for text in texts]) + len(target)
    return int(np.argmax(shared / np.maximum(words, 1)))
