"""Contrastive authorship verification: is a text closer to one by its author than to another's?

A trial is three reviews: an anchor, a positive (same author, another topic) and a negative (another author).
With content control the negative is about the positive's topic, so that knowing the topic does not help
(Wegmann et al. 2022); without it, about any topic. Chance is .5, ties count .5.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from models.encoders.lexicon import GROUPS, SINGLE_WORDS

Control = Literal["same topic", "any topic"]
CONTROLS: Final[tuple[Control, ...]] = ("same topic", "any topic")

REVIEWS_PER_AUTHOR: Final = 12  # more of one author say little more about encoders
PAIRS_PER_AUTHOR: Final = 12  # so that busy authors do not fill the trials
NEGATIVES: Final = 16  # per pair; each steadies its author's mean, and most topics here have fewer
WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
HABITS: Final = frozenset([*SINGLE_WORDS, *" ".join(GROUPS.values()).split()])


@dataclass(frozen=True)
class Trials:
    """Rows of a table of reviews: anchor, positive and negative of each trial (t,); author numbers (t,)."""

    anchor: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    author: np.ndarray

    def __len__(self) -> int:
        return len(self.anchor)

    @property
    def reviews(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Anchors, positives, negatives."""
        return self.anchor, self.positive, self.negative

    @property
    def rows(self) -> np.ndarray:
        """The rows that occur, ascending."""
        return np.unique(np.concatenate([self.anchor, self.positive, self.negative]))

    @property
    def n_authors(self) -> int:
        """How many authors the trials are about."""
        return len(np.unique(self.author))

    def where(self, kept: np.ndarray) -> Trials:
        """The trials at which the mask `kept` (t,) is true."""
        return Trials(self.anchor[kept], self.positive[kept], self.negative[kept], self.author[kept])

    def head(self, most: int) -> Trials:
        """The first trials; `make_trials` has put them into the order of a hash."""
        return self.where(np.arange(len(self)) < most)

    def at(self, place: np.ndarray) -> Trials:
        """The same trials in a larger table, in which row i stands at place[i]."""
        return Trials(place[self.anchor], place[self.positive], place[self.negative], place[self.author])


def eligible(reviews: pl.DataFrame, excluded: Collection[str] = ()) -> pl.DataFrame:
    """Rows of staging.reviews that can stand in a trial, in a fixed order: own words of a single known user.

    excluded: ids of users who are not one person, as the user audit flags them.
    """
    kept = reviews.filter(
        ~pl.col("is_shared_text"),
        pl.col("text").str.strip_chars() != "",
        ~pl.col("user_id").is_in(list(excluded)),
    )
    return kept.sort("review_id")


def make_trials(reviews: pl.DataFrame, control: Control, most: int, seed: int) -> Trials:
    """At most `most` trials about the authors of `reviews` (as `eligible` gives them), chosen by hash.

    Author numbers are row numbers of the authors' first reviews. The same pairs serve both controls, where
    somebody else wrote about the positive's topic.
    """
    users, topics = reviews["user_id"].to_list(), reviews["topic_id"].to_list()
    keys = [_hash(seed, review_id) for review_id in reviews["review_id"]]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    by_user: dict[str, list[int]] = {}
    by_topic: dict[str, list[int]] = {}
    for row in order:
        by_user.setdefault(users[row], []).append(row)
        by_topic.setdefault(topics[row], []).append(row)
    found: list[tuple[int, int, int, int, int]] = []
    for rows in by_user.values():
        chosen, author = rows[:REVIEWS_PER_AUTHOR], min(rows)
        pairs = [(a, b) for a in chosen for b in chosen if topics[a] != topics[b]]
        pairs.sort(key=lambda pair: _hash(seed, f"{keys[pair[0]]}:{keys[pair[1]]}"))
        for anchor, positive in pairs[:PAIRS_PER_AUTHOR]:
            pool = by_topic[topics[positive]] if control == "same topic" else order
            start = _hash(seed, f"{keys[positive]}:{keys[anchor]}")
            for negative in _others(pool, users, users[anchor], start):
                found.append((_hash(seed, f"{start}:{keys[negative]}"), anchor, positive, negative, author))
    kept = [entry[1:] for entry in sorted(found)[:most]]
    columns = np.array(kept, dtype=np.int64).reshape(-1, 4).T
    return Trials(columns[0], columns[1], columns[2], columns[3])


def _others(pool: list[int], users: list[str], user: str, start: int) -> list[int]:
    """Up to NEGATIVES reviews of `pool` by others, from a place given by a hash on."""
    found: list[int] = []
    for step in range(len(pool)):
        row = pool[(start + step) % len(pool)]
        if users[row] != user:
            found.append(row)
            if len(found) == NEGATIVES:
                break
    return found


def _hash(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "big")


def outcomes(trials: Trials, vectors: np.ndarray) -> np.ndarray:
    """(t,) 1 where the anchor's cosine to the positive is the larger one, .5 for a tie, else 0.

    vectors (n, d): unit rows for the rows of the table of reviews; rows no trial names may hold anything.
    """
    near = np.einsum("ij,ij->i", vectors[trials.anchor], vectors[trials.positive], dtype=np.float64)
    far = np.einsum("ij,ij->i", vectors[trials.anchor], vectors[trials.negative], dtype=np.float64)
    return _decide(near, far)


def overlap_outcomes(trials: Trials, texts: list[str]) -> np.ndarray:
    """The same by content words: shared distinct words, by the geometric mean of how many each text has."""
    words = {row: content_words(texts[row]) for row in trials.rows.tolist()}

    def overlap(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        pairs = [(words[a], words[b]) for a, b in zip(left.tolist(), right.tolist(), strict=True)]
        return np.array([len(a & b) / np.sqrt(max(len(a) * len(b), 1)) for a, b in pairs])

    return _decide(overlap(trials.anchor, trials.positive), overlap(trials.anchor, trials.negative))


def content_words(text: str) -> set[str]:
    """Distinct lower-case words that are no listed habit and have three letters or more."""
    return {word for word in WORD.findall(text.lower()) if len(word) > 2 and word not in HABITS}


def _decide(near: np.ndarray, far: np.ndarray) -> np.ndarray:
    return np.where(np.isclose(near, far, rtol=0, atol=1e-9), 0.5, (near > far).astype(np.float64))


def by_author(trials: Trials, values: np.ndarray) -> np.ndarray:
    """(t, m) values of trials -> (authors, m) means, by ascending author number: authors are the unit.

    An author's trials share texts, so intervals resample authors.
    """
    authors, place = np.unique(trials.author, return_inverse=True)
    sums = np.zeros((len(authors), values.shape[1]))
    np.add.at(sums, place, values)
    return sums / np.bincount(place, minlength=len(authors))[:, None]
