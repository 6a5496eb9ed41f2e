"""Neighbor sampling (Hamilton et al. 2017): a fixed number of visible reviews, however many there are.

A sample takes one review from each of equally long stretches of the visible reviews in order of time, which
one is said by hashes of ids. So it costs the same in a topic of ten and of ten thousand reviews, and no word
of any text has a say in it.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from models.retrieval.chance import hashes, shares
from models.retrieval.corpus import Corpus

NONE = -1  # stands where there is no neighbor


@dataclass(frozen=True)
class Hops:
    """Neighbors of b examples: near (b, s) reviews of the topic by others, NONE where there are fewer.

    far: their authors' other reviews, as a sparse (b * s, n) matrix of which each row has the sum 1 or 0.
    """

    near: np.ndarray
    far: sparse.csr_matrix


class Grouped:
    """Rows of reviews by group (topic or user) and time; ties by a hash of the review's id."""

    def __init__(self, group: np.ndarray, time: np.ndarray, hashed: np.ndarray) -> None:
        self._order = np.lexsort((hashed, time, group))
        self._moments, moment = np.unique(time, return_inverse=True)
        self._width = len(self._moments) + 1
        self._keys = group[self._order] * self._width + moment[self._order]

    def sample(self, group: np.ndarray, before: np.ndarray, hashed: np.ndarray, size: int) -> np.ndarray:
        """(m, size) rows of each asker's group earlier than `before` (m,), NONE where there are fewer."""
        first = np.searchsorted(self._keys, group * self._width)[:, None]
        last = np.searchsorted(self._keys, group * self._width + np.searchsorted(self._moments, before))
        count = last[:, None] - first
        stretch = np.arange(size)
        low, high = stretch * count // size, (stretch + 1) * count // size
        chance = shares(hashed[:, None] ^ hashes_of_numbers(size)[None, :])
        drawn = low + (chance * (high - low)).astype(np.int64)
        place = np.where(count <= size, stretch, drawn)
        found = self._order[np.minimum(first + place, len(self._order) - 1)]
        return np.where(place < count, found, NONE)


class Graph:
    """The user-topic graph of one corpus: an edge is a review."""

    def __init__(self, corpus: Corpus, is_flagged: np.ndarray, seed: int) -> None:
        """is_flagged (users,): ids that are not one person; their reviews elsewhere are not theirs."""
        self._user, self._topic, time = (
            corpus.reviews[name].to_numpy() for name in ("user", "topic", "time")
        )
        self._asker, self._about, self._before = (
            corpus.examples[name].to_numpy() for name in ("user", "topic", "time")
        )
        self._reviews = hashes(corpus.reviews["review_id"], seed)
        self._examples = hashes(corpus.examples["example_id"], seed)
        self._by_topic = Grouped(self._topic, time, self._reviews)
        self._by_user = Grouped(self._user, time, self._reviews)
        self._is_flagged = is_flagged

    def of(self, rows: np.ndarray) -> Graph:
        """The same with some of the examples."""
        part = copy(self)
        part._asker, part._about, part._before, part._examples = (
            values[rows] for values in (self._asker, self._about, self._before, self._examples)
        )
        return part

    def hops(
        self,
        examples: np.ndarray,
        topic_neighbors: int,
        user_neighbors: int,
        turn: int = 0,
        hidden: np.ndarray | None = None,
    ) -> Hops:
        """Both hops of the examples in rows `examples`; another `turn` draws other neighbors.

        hidden (b, r): rows of reviews that count as not there for each example.
        """
        near = self.near(examples, topic_neighbors, turn)
        if hidden is not None:
            near = np.where((near[:, :, None] == hidden[:, None, :]).any(axis=2), NONE, near)
        return Hops(near, self._far(examples, self._key(examples, turn), near, user_neighbors))

    def near(self, examples: np.ndarray, size: int, turn: int = 0) -> np.ndarray:
        """(b, size) earlier reviews of each example's topic by others, NONE behind the last."""
        if not len(self._user):
            return np.full((len(examples), size), NONE)
        key = self._key(examples, turn)
        drawn = self._by_topic.sample(self._about[examples], self._before[examples], key, size + 1)
        others = (drawn != NONE) & (self._user[drawn] != self._asker[examples, None])
        return _first(drawn, others, size)

    def rivals(self, examples: np.ndarray, size: int, turn: int) -> np.ndarray:
        """(b, size) reviews of each example's topic by others, drawn to be told apart from its own.

        They have to be hidden from the evidence: a review is always nearer to a mean that it is part of. At
        most half of the reviews sampled (rounded up) are taken, so that the evidence keeps some.
        """
        near = self.near(examples, 2 * size, turn)
        if not len(self._user):
            return near[:, :size]
        chance = shares(self._reviews[near] ^ self._key(examples, turn)[:, None])
        order = np.argsort(np.where(near == NONE, 2.0, chance), axis=1, kind="stable")
        half = (np.count_nonzero(near != NONE, axis=1) + 1) // 2
        drawn = np.take_along_axis(near, order, axis=1)[:, :size]
        return np.where(np.arange(size) < half[:, None], drawn, NONE)

    def _key(self, examples: np.ndarray, turn: int) -> np.ndarray:
        return np.asarray(self._examples[examples] + np.uint64(turn))

    def _far(self, examples: np.ndarray, key: np.ndarray, near: np.ndarray, size: int) -> sparse.csr_matrix:
        place = np.flatnonzero(near.ravel() != NONE)
        row, example = near.ravel()[place], place // max(1, near.shape[1])
        shape = (near.size, len(self._user))
        if not len(row):
            return sparse.csr_matrix(shape, dtype=np.float32)
        mixed = key[example] ^ self._reviews[row]
        drawn = self._by_user.sample(self._user[row], self._before[examples][example], mixed, size + 1)
        other = (drawn != NONE) & (self._topic[drawn] != self._topic[row, None])
        kept = _first(drawn, other & ~self._is_flagged[self._user[row], None], size)
        known = kept != NONE
        weight = np.repeat(1.0 / np.maximum(known.sum(axis=1), 1), known.sum(axis=1))
        cells = (np.repeat(place, known.sum(axis=1)), kept[known])
        return sparse.csr_matrix((weight.astype(np.float32), cells), shape=shape)


def hashes_of_numbers(size: int) -> np.ndarray:
    """(size,) uint64: a different mask per stretch (the constant of SplitMix64 times its number)."""
    return np.arange(1, size + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def _first(drawn: np.ndarray, wanted: np.ndarray, size: int) -> np.ndarray:
    """(m, size): the first wanted values of each row, NONE behind them."""
    order = np.argsort(~wanted, axis=1, kind="stable")[:, :size]
    kept = np.where(wanted, drawn, NONE)
    return np.take_along_axis(kept, order, axis=1)
