"""Floors: what can be written without any language model."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from models.arms.pool import Asked, Pool, Quoted
from models.retrieval.bm25 import documents_of, top
from models.retrieval.chance import hashes, shares

ANSWERS: Final = {"long": "text", "short": "title", "rating": "rating"}
FIRST_WORDS: Final = 6


def answers(pool: Pool, task: str, chosen: np.ndarray) -> Quoted:
    """What the chosen review of each example (m,) says to the task: row of `pool.reviews`, -1 for none."""
    told, ids = pool.reviews[ANSWERS[task]].to_list(), pool.reviews["review_id"].to_list()
    texts = [_said(told[row]) if row >= 0 else "" for row in chosen]
    return Quoted(texts, [[ids[row]] if row >= 0 else [] for row in chosen])


def has_answer(pool: Pool, task: str) -> npt.NDArray[np.bool_]:
    """(n,): whether a review says anything to the task; a blank title and no rating say nothing."""
    answer = pl.col(ANSWERS[task]).cast(pl.String).str.contains(r"\S").fill_null(False)
    return pool.reviews.select(answer).to_series().to_numpy()


def random_review(asked: Asked) -> Quoted:
    """Any other user's review, drawn by a hash of seed, example and review."""
    pool = asked.pool
    told = has_answer(pool, asked.task)
    users, topics = pool.reviews["user_id"].to_numpy(), pool.examples["user_id"].to_list()
    example_hash = hashes(pool.examples["example_id"], asked.seed)
    review_hash = hashes(pool.reviews["review_id"], asked.seed)
    chosen = np.full(pool.examples.height, -1)
    for example, user in enumerate(topics):
        rows = np.flatnonzero(told & (users != user))
        if len(rows):
            chosen[example] = rows[np.argmax(shares(review_hash[rows] ^ example_hash[example]))]
    return answers(pool, asked.task, chosen)


def random_topic_review(asked: Asked) -> Quoted:
    """Another user's review of the topic, drawn by a hash of seed, example and review."""
    pool = asked.pool
    told = has_answer(pool, asked.task)
    example_hash = hashes(pool.examples["example_id"], asked.seed)
    review_hash = hashes(pool.reviews["review_id"], asked.seed)
    chosen = np.full(pool.examples.height, -1)
    for example in range(pool.examples.height):
        rows = pool.rows(example)
        rows = rows[told[rows]]
        if len(rows):
            chosen[example] = rows[np.argmax(shares(review_hash[rows] ^ example_hash[example]))]
    return answers(pool, asked.task, chosen)


def bm25_review(asked: Asked) -> Quoted:
    """The review that BM25 ranks first for the input, among those that say anything to the task."""
    return answers(asked.pool, asked.task, bm25_first(asked.pool, asked.task))


def title_bm25_review(asked: Asked) -> Quoted:
    """The input title, then the text of the review that BM25 ranks first."""
    quoted = bm25_review(asked)
    inputs = asked.pool.examples["input"].to_list()
    texts = [f"{title} {text}".strip() for title, text in zip(inputs, quoted.texts, strict=True)]
    return Quoted(texts, quoted.reviews)


def bm25_first(pool: Pool, task: str) -> np.ndarray:
    """(m,): row of the review that BM25 ranks first for the input of each example, -1 where there is none."""
    told = has_answer(pool, task)
    ranked = top(
        documents_of(pool.reviews),
        pool.examples["input"].to_list(),
        pool.start,
        pool.review,
        pool.reviews.height,
    )
    return np.array([next((row for row in rows if told[row]), -1) for rows in ranked], dtype=np.int64)


def first_words(asked: Asked) -> Quoted:
    """The first words of the text as its title; nothing is quoted but the input."""
    texts = [" ".join(text.split()[:FIRST_WORDS]) for text in asked.pool.examples["input"]]
    return Quoted(texts, [[] for _ in texts])


def _said(value: object) -> str:
    """A text as it is, a rating as short as it can be, nothing for nothing."""
    return "" if value is None else format(value, "g") if isinstance(value, float) else str(value)
