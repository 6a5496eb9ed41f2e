"""How likely another user's review is to be like the one asked for, told by what the user wrote as input.

The expectation over reviews that minimum-Bayes-risk choices maximize (Kumar and Byrne 2004, for texts of
neighbors instead of samples). Neighbors of the topic count by likeness to the input; the fewer they are,
the more reviews of other topics count, by likeness to the input and of the topics. Words are weighted by
their rarity among the inputs, which are known for everybody; nothing here reads the hidden target.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from scipy import sparse

from models.arms.pool import Pool
from models.evaluation.words import words
from models.retrieval.corpus import ALWAYS, NEVER

CHUNK: Final = 256  # examples worked on at a time: (CHUNK, n) weights stay in the cache of a small machine
SMALLEST: Final = 1e-4  # weights below change no choice and cost time


@dataclass(frozen=True)
class Sharpness:
    """How much likeness counts. Tuned on the dev corpora.

    title, text: sharpness of likeness of the input to a neighbor's input-side and target-side text;
    far_*: the same for reviews of other topics; far_topic: sharpness of the likeness of the topics;
    doubt: as many neighbors as this weigh as much as all reviews of other topics.
    """

    title: float
    text: float
    far_title: float
    far_text: float
    far_topic: float
    doubt: float


@dataclass(frozen=True)
class Likeness:
    """Weights over the n reviews of a pool, chunk by chunk of its m examples."""

    pool: Pool
    asked: sparse.csr_matrix
    inputs: sparse.csr_matrix
    outputs: sparse.csr_matrix
    own_topic: sparse.csr_matrix
    topics: sparse.csr_matrix
    topic: np.ndarray

    @classmethod
    def build(cls, pool: Pool, task: str) -> Likeness:
        """For "long" the input is the title and the output the text, for "short" the other way round."""
        given, wanted = ("title", "text") if task == "long" else ("text", "title")
        numbers: dict[str, int] = {}
        counts = [
            counted(texts, numbers)
            for texts in (pool.reviews[given], pool.reviews[wanted], pool.examples["input"])
        ]
        inputs, outputs, asked = (_widened(matrix, len(numbers)) for matrix in counts)
        rarity = np.log((1 + inputs.shape[0]) / (1 + np.diff(inputs.tocsc().indptr)))
        inputs, outputs, asked = (
            damped(matrix) @ sparse.diags(rarity) for matrix in (inputs, outputs, asked)
        )
        topics, topic = np.unique(pool.reviews["topic_id"].to_numpy().astype(object), return_inverse=True)
        places = sparse.csr_matrix(
            (np.ones(len(topic)), (topic, np.arange(len(topic)))), (len(topics), len(topic))
        )
        both = (unit(inputs) + unit(outputs)).tocsr()
        return cls(
            pool=pool,
            asked=unit(asked),
            inputs=unit(inputs),
            outputs=unit(outputs),
            own_topic=unit(_of_neighbors(pool) @ both),
            topics=unit(places @ both),
            topic=topic,
        )

    def chunks(self, sharpness: Sharpness) -> Iterator[tuple[range, np.ndarray]]:
        """(rows, weights (rows, n)): each row sums to 1 over reviews by others, 0 everywhere else."""
        users = self.pool.reviews["user_id"].to_numpy().astype(object)
        times = posted(self.pool.reviews, ALWAYS)
        asking, until = (
            self.pool.examples["user_id"].to_numpy().astype(object),
            posted(self.pool.examples, NEVER),
        )
        for start in range(0, self.pool.examples.height, CHUNK):
            rows = range(start, min(start + CHUNK, self.pool.examples.height))
            part = slice(rows.start, rows.stop)
            visible = (users[None] != asking[part, None]) & (times[None] < until[part, None])
            yield rows, self._weights(rows, visible, sharpness)

    def _weights(self, rows: range, visible: np.ndarray, sharpness: Sharpness) -> np.ndarray:
        part = slice(rows.start, rows.stop)
        near = np.zeros_like(visible)
        for place, example in enumerate(rows):
            near[place, self.pool.rows(example)] = True
        title = (self.asked[part] @ self.inputs.T).toarray()
        text = (self.asked[part] @ self.outputs.T).toarray()
        topic = (self.own_topic[part] @ self.topics.T).toarray()[:, self.topic]
        neighbors = softmax(sharpness.title * title + sharpness.text * text, near)
        others = softmax(
            sharpness.far_title * title + sharpness.far_text * text + sharpness.far_topic * topic,
            visible & ~near,
        )
        count = near.sum(axis=1, keepdims=True)
        trust = count / (count + sharpness.doubt)
        weights = trust * neighbors + (1 - trust) * others
        weights[weights < SMALLEST] = 0
        return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), SMALLEST))


def _of_neighbors(pool: Pool) -> sparse.csr_matrix:
    """(m, n) of ones: the quotable reviews of every example, whose topic they describe without its target."""
    return sparse.csr_matrix(
        (np.ones(len(pool.review)), pool.review, pool.start),
        shape=(pool.examples.height, pool.reviews.height),
    )


def counted(texts: Sequence[str | None] | pl.Series, numbers: dict[str, int]) -> sparse.csr_matrix:
    """(texts, words so far): how often each text says each word; new words get numbers."""
    cut = [[numbers.setdefault(word, len(numbers)) for word in words(text or "")] for text in texts]
    places = np.repeat(np.arange(len(cut)), [len(row) for row in cut])
    flat = np.array([number for row in cut for number in row], dtype=np.int64)
    matrix = sparse.csr_matrix((np.ones(len(flat)), (places, flat)), shape=(len(cut), len(numbers)))
    matrix.sum_duplicates()
    return matrix


def _widened(matrix: sparse.csr_matrix, columns: int) -> sparse.csr_matrix:
    return sparse.csr_matrix((matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], columns))


def damped(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """1 + log(count): a word said twice does not count twice."""
    return sparse.csr_matrix((1 + np.log(matrix.data), matrix.indices, matrix.indptr), shape=matrix.shape)


def unit(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows of length 1; an empty row stays empty."""
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1 / np.where(norms > 0, norms, 1)) @ matrix)


def softmax(score: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Softmax of each row over the places that are true; all 0 where none is."""
    score = np.where(among, score, -np.inf)
    top = score.max(axis=1, keepdims=True)
    raised = np.exp(score - np.where(np.isfinite(top), top, 0))
    return np.asarray(raised / np.maximum(raised.sum(axis=1, keepdims=True), 1e-300))


def posted(rows: pl.DataFrame, missing: int) -> np.ndarray:
    if "posted_at" not in rows.columns:
        return np.full(rows.height, missing)
    return (
        rows["posted_at"].cast(pl.Datetime("us")).dt.epoch("us").fill_null(missing).cast(pl.Int64).to_numpy()
    )
