"""Floors: what can be written without any language model."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from models.arms.others import Times, answers, has_answer
from models.arms.pool import Asked, Pool, Quoted
from models.retrieval.bm25 import documents_of, top
from models.retrieval.chance import hashes, shares

SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+")
# ROUGE-1 against the titles of the four public corpora (dev), mean: the first sentence cut after 6, 8, 10,
# 12, 15, 20 words .1263 .1296 .1302 .1301 .1300 .1293, uncut .1278; the first 10 words of the text .1236.
FIRST_WORDS: Final = 10
STEPS: Final = 64  # reviews that all examples look at together; who finds none there looks at all alone


def random_review(asked: Asked) -> Quoted:
    """Any other user's review of the dataset: on a ring of hashes, the next one after the example's."""
    pool = asked.pool
    told = np.flatnonzero(has_answer(pool, asked.task))
    chosen = np.full(pool.examples.height, -1)
    if not len(told):
        return answers(pool, asked.task, chosen)
    around = shares(hashes(pool.reviews["review_id"], asked.seed))[told]
    ring = told[np.argsort(around)]
    mine = shares(hashes(pool.examples["example_id"], asked.seed))
    place = np.searchsorted(np.sort(around), mine)
    times, waiting = Times.of(pool), np.arange(pool.examples.height)
    for step in range(min(STEPS, len(ring))):
        row = ring[(place[waiting] + step) % len(ring)]
        other = times.is_other(waiting, row)
        chosen[waiting[other]] = row[other]
        waiting = waiting[~other]
    for example in waiting:
        turned = np.roll(ring, -place[example])
        others = turned[times.is_other(np.array([example]), turned)]
        chosen[example] = others[0] if len(others) else -1
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
    """The input title, then the text of the review that BM25 ranks first; either alone where one is blank."""
    quoted = bm25_review(asked)
    inputs = asked.pool.examples["input"].to_list()
    texts = [f"{title or ''} {text}".strip() for title, text in zip(inputs, quoted.texts, strict=True)]
    return Quoted(texts, quoted.reviews)


def bm25_first(pool: Pool, task: str) -> np.ndarray:
    """(m,): row of the best review by BM25 for the input of each example, -1 for none.

    All reviews of the pool are ranked, as PGraphRAG does; one that says nothing to the task is never chosen.
    """
    told = has_answer(pool, task)
    inputs = pool.examples["input"].fill_null("").to_list()
    ranked = top(documents_of(pool.reviews), inputs, pool.start, pool.review)
    best = [rows[told[rows]][:1] for rows in ranked]
    return np.array([rows[0] if len(rows) else -1 for rows in best], dtype=np.int64)


def first_words(asked: Asked) -> Quoted:
    """The first sentence of the text as its title, cut after FIRST_WORDS words; no review is quoted."""
    sentences = (SENTENCE_END.split(text.strip(), 1)[0] for text in asked.pool.examples["input"])
    texts = [" ".join(sentence.split()[:FIRST_WORDS]) for sentence in sentences]
    return Quoted(texts, [[] for _ in texts])
