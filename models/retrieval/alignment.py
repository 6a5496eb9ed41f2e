"""Preference alignment: does a reviewer care about what the example's user cares about?

The paper's abstract names aligned neighbors, not how they are told; what follows is ours. A topic's
reviews share what everybody says about it. What is left of a review's text without the mean of its topic,
as a unit vector, is what its author cares about beyond the topic: its *preference*. A reviewer's
preference is the mean over their visible reviews, weighted by rating.

A user without texts has given a title. What people with titles like it care about, at other topics, is the
best guess of what this user does: a kernel regression (Nadaraya 1964, Watson 1964) of preferences on
titles. The guess is not normalized: where such people do not agree it is short, so that alignment
counts for little exactly where it knows little. Own earlier reviews join it; a text given as input
(tasks short and rating) is the user's preference itself, less what others say about the topic.

Alignment is the product of both: a cosine times the agreement, from -1 to 1; 0 is the average reviewer.
No value depends on the example's own target: own reviews and the example's topic never enter the
regression, and at the topic itself the mean is over the reviews that the example may see.

Measured on titles, top four, relevance alone -> aligned: sample, reviewers of the user's planted group .69 ->
.83 (.70 to .73 -> .83 to .88 on three other worlds); cosine of the shown texts to the hidden one Amazon .337
-> .346, Stylized .447 -> .461, Hotel .498 -> .511, B2W .514 -> .520, content-word recall as good or better.
Residuals of titles alone, of title and text together, and cosines without the agreement were all worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from scipy import sparse

from models.retrieval.corpus import Corpus

SHARPNESS: Final = 10.0  # of the kernel: 5 to 40 measured alike on the sample; 20 knew less on real corpora
HISTORY_WEIGHT: Final = 0.25  # .1 to 1 measured alike on the sample; 1 was worse on two of four corpora
BEST_RATING: Final = 5.0
UNKNOWN_RATING: Final = 3.0  # the middle
NOTHING: Final = 1e-6  # squared length below which a residual is rounding noise
BLOCK_CELLS: Final = 4_000_000  # examples x reviews worked on at once: about 100 MB


@dataclass(frozen=True)
class Evidence:
    """What the reviews of one dataset say; rows follow `corpus.reviews`.

    review, title, text, beyond (n, d) float32 unit rows, zero where there is nothing; weight (n,) 0 to 1.
    """

    review: np.ndarray
    title: np.ndarray
    text: np.ndarray
    beyond: np.ndarray  # the author's preference: what the text says beyond its topic
    weight: np.ndarray

    @classmethod
    def build(cls, corpus: Corpus, review: np.ndarray, title: np.ndarray, rating: pl.Series) -> Evidence:
        """From the stored vectors of reviews and titles (n, d) and the ratings, null where unknown."""
        text = text_vectors(review, title)
        weight = rating.cast(pl.Float64).fill_null(UNKNOWN_RATING).to_numpy() / BEST_RATING
        return cls(review, title, text, beyond_topic(corpus.reviews["topic"].to_numpy(), text), weight)


class Authors:
    """Who wrote which reviews: rows of a corpus by user."""

    def __init__(self, corpus: Corpus) -> None:
        user = corpus.reviews["user"].to_numpy()
        self._rows = np.argsort(user, kind="stable")
        self._users = user[self._rows]

    def rows_of(self, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(places in `users`, rows) of every review by `users`, in the order of `users`."""
        first = np.searchsorted(self._users, users, side="left")
        count = np.searchsorted(self._users, users, side="right") - first
        place = np.repeat(np.arange(len(users)), count)
        start = (
            np.repeat(first - np.concatenate([[0], np.cumsum(count)[:-1]]), count) if len(users) else first
        )
        return place, self._rows[np.arange(len(place)) + start]


def text_vectors(review: np.ndarray, title: np.ndarray) -> np.ndarray:
    """(n, d) unit rows of the texts alone.

    A review's vector is the normalized sum of the unit vectors of title and text, so the text's is the
    title's mirrored at it; without a title the two are the same.
    """
    mirrored = 2.0 * np.einsum("nd,nd->n", review, title)[:, None] * review - title
    return np.where(is_known(title)[:, None], mirrored, review).astype(np.float32)


def is_known(rows: np.ndarray) -> np.ndarray:
    """(n,) bool: rows that are not zero."""
    return np.asarray(rows.any(axis=1))


def beyond_topic(topic: np.ndarray, text: np.ndarray) -> np.ndarray:
    """(n, d) unit rows: each text less the mean of its topic; zero for the only text of a topic.

    A topic's mean is over all of its reviews, later ones too; rows of other topics leave no trace in it.
    """
    order = np.argsort(topic, kind="stable")
    beyond = np.zeros(text.shape, dtype=np.float32)
    for rows in np.split(order, np.flatnonzero(np.diff(topic[order])) + 1) if len(order) else []:
        here = text[rows].astype(np.float64)
        rest = here - here.mean(axis=0)
        squared = np.einsum("nd,nd->n", rest, rest)
        known = (squared > NOTHING) & is_known(here)
        beyond[rows] = np.where(known[:, None], rest / np.sqrt(np.where(known, squared, 1.0))[:, None], 0.0)
    return beyond


def expected_preferences(
    corpus: Corpus, inputs: np.ndarray, by_title: np.ndarray, may_use_history: np.ndarray, evidence: Evidence
) -> np.ndarray:
    """What each example's user is expected to care about: (m, d) float32, length 0 (unknown) to 1.

    inputs (m, d) unit rows; by_title (m,) whether the input is a title: a text's preference needs the topic
    (see `Neighbors.wanted`), here it gets the history's part alone; may_use_history (m,).
    Time grows with examples times reviews, memory with reviews alone.
    """
    wanted = np.zeros(inputs.shape, dtype=np.float32)
    asked = np.flatnonzero(by_title & is_known(inputs))
    block = max(1, BLOCK_CELLS // max(1, corpus.reviews.height))
    for start in range(0, len(asked), block):
        rows = asked[start : start + block]
        wanted[rows] = _regression(corpus, rows, inputs[rows], evidence)
    return no_longer_than_one(wanted + HISTORY_WEIGHT * _history(corpus, may_use_history, evidence))


def no_longer_than_one(rows: np.ndarray) -> np.ndarray:
    """Rows longer than 1 cut to 1."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.maximum(length, 1.0)).astype(np.float32)


def _regression(corpus: Corpus, rows: np.ndarray, inputs: np.ndarray, evidence: Evidence) -> np.ndarray:
    """Mean preference of earlier reviewers of other topics, weighted by the likeness of their titles."""
    user, topic, time = (corpus.reviews[name].to_numpy() for name in ("user", "topic", "time"))
    own, about, before = (corpus.examples[name].to_numpy()[rows, None] for name in ("user", "topic", "time"))
    usable = is_known(evidence.title) & is_known(evidence.beyond)
    allowed = usable[None, :] & (user[None, :] != own) & (topic[None, :] != about) & (time[None, :] < before)
    likeness = np.where(allowed, inputs @ evidence.title.T, -1.0)
    peak = likeness.max(axis=1, keepdims=True, initial=-1.0)
    weight = np.where(allowed, np.exp(SHARPNESS * (likeness - peak)), 0.0).astype(np.float32)
    total = weight.sum(axis=1, keepdims=True)
    return np.asarray(weight @ evidence.beyond / np.where(total > 0, total, 1.0))


def _history(corpus: Corpus, may_use: np.ndarray, evidence: Evidence) -> np.ndarray:
    """(m, d): preferences in the own earlier reviews of other topics, shrunk by one empty review."""
    topic, time = (corpus.reviews[name].to_numpy() for name in ("topic", "time"))
    asker, about, before, target = (
        corpus.examples[name].to_numpy() for name in ("user", "topic", "time", "target_row")
    )
    example, row = Authors(corpus).rows_of(asker)
    seen = may_use[example] & (time[row] < before[example])
    seen &= (row != target[example]) & (topic[row] != about[example])
    example, row = example[seen], row[seen]
    shape = (corpus.examples.height, corpus.reviews.height)
    weights = sparse.csr_matrix((evidence.weight[row], (example, row)), shape=shape)
    total = 1.0 + np.asarray(weights.sum(axis=1))
    return np.asarray(weights @ evidence.beyond.astype(np.float64)) / total
