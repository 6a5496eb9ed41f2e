"""Minimum-Bayes-risk choices: what has the highest expected ROUGE-1 against the reviews that may be meant.

The strongest opponent without a language model. The expectation is over other users' reviews, weighted by
likeness (`models.arms.likeness`). `mbr_review` takes one neighbor's text; `mbr_sentences` starts with the
input and adds clause after clause as long as the expected F1 grows. A clause is not measured against the
review that it stands in. The outcome scores high and reads badly: clauses of many authors, side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.arms.likeness import Likeness, Sharpness
from models.arms.pool import Asked, Pool, Quoted
from models.arms.sentences import Units, Vocabulary, clauses, whole
from models.arms.titling import learned_title
from models.evaluation.words import rouge_words

# F1 depends on the length of what is written: expected at these numbers of words, interpolated between them.
# Half powers of 2; whole powers overrate what lies between them and write too much.
LENGTHS: Final = np.unique(np.rint(2 ** (np.arange(21) / 2)).astype(np.int64))
LOG_LENGTHS: Final = np.log(LENGTHS)
STEP: Final = 1e-9  # expected values are compared in steps: below lies the noise of summation
LEAST_FREE: Final = 1e-6  # weight of all other reviews; less is one review and rounding
MOST_NEIGHBORS: Final = 400  # neighbors whose clauses are candidates, the likeliest first
FEWEST_UNITS: Final = 60  # candidates; where neighbors have fewer, reviews of other topics lend theirs
SHARPNESS: Final = Sharpness(title=1.5, text=1.0, far_title=6.0, far_text=4.0, far_topic=6.0, doubt=16.0)


def mbr_sentences(asked: Asked) -> Quoted:
    """long: the input and the clauses with the highest expected ROUGE-1; short: the title that ranks first.

    A short example for which nothing could be learned gets the best title to borrow.
    """
    if asked.task == "long":
        return _input_and_clauses(asked)
    learned = learned_title(asked)
    if all(learned.texts):
        return learned
    borrowed = mbr_review(asked)
    both = [
        theirs if theirs[0] else ours
        for theirs, ours in zip(
            zip(learned.texts, learned.reviews, strict=True),
            zip(borrowed.texts, borrowed.reviews, strict=True),
            strict=True,
        )
    ]
    return Quoted([text for text, _ in both], [reviews for _, reviews in both])


def _input_and_clauses(asked: Asked) -> Quoted:
    pool = asked.pool
    inputs = pool.examples["input"].to_list()
    vocabulary = Vocabulary()
    units = Units.cut(pool.reviews["text"].to_list(), vocabulary, clauses, inputs)
    greedy = Greedy(pool, units, FEWEST_UNITS)
    ids = pool.reviews["review_id"].to_list()
    texts, reviews = [], []
    for example, weights in _weighed(pool, asked.task):
        chosen = greedy.choose(
            example, weights, np.array(vocabulary.numbers(inputs[example]), dtype=np.int64)
        )
        start = [inputs[example]] if rouge_words(inputs[example]) else []
        order = np.argsort([units.depth[unit] for unit in chosen], kind="stable")
        texts.append(" ".join(start + [units.texts[chosen[place]] for place in order]))
        reviews.append(list(dict.fromkeys(ids[units.source[unit]] for unit in chosen)))
    return Quoted(texts, reviews)


def mbr_review(asked: Asked) -> Quoted:
    """The neighbor's text (short: title) with the highest expected ROUGE-1; empty where nobody wrote one."""
    pool = asked.pool
    texts = pool.reviews["text" if asked.task == "long" else "title"].fill_null("").to_list()
    units = Units.cut(texts, Vocabulary(), whole)
    greedy = Greedy(pool, units, fewest=1)
    ids = pool.reviews["review_id"].to_list()
    nothing = np.zeros(0, dtype=np.int64)
    chosen = [
        greedy.choose(example, weights, nothing, most=1) for example, weights in _weighed(pool, asked.task)
    ]
    rows = [[int(units.source[unit]) for unit in units_of] for units_of in chosen]
    return Quoted(
        ["".join(texts[row] for row in one) for one in rows], [[ids[row] for row in one] for one in rows]
    )


def _weighed(pool: Pool, task: str) -> Iterator[tuple[int, np.ndarray]]:
    for rows, weights in Likeness.build(pool, task).chunks(SHARPNESS):
        yield from zip(rows, weights, strict=True)


@dataclass(frozen=True)
class Greedy:
    """Adds, one at a time, the unit that raises expected F1 the most."""

    pool: Pool
    units: Units
    fewest: int

    def choose(
        self, example: int, weights: np.ndarray, said: np.ndarray, most: int | None = None
    ) -> list[int]:
        """At most `most` units in the order of choice.

        weights (n,): of the reviews; said: numbers of the words that the text begins with.
        """
        units = self._candidates(example, weights)
        worth = self._worth(weights)
        counts = np.zeros(len(self.units.column_of) - 1, dtype=np.int64)
        total = np.zeros(len(LENGTHS))
        for word in said:
            total += worth[self.units.columns(word, counts[word])]
            counts[word] += 1
        if not len(units):
            return []
        free = 1 - weights[self.units.source[units], None]
        own = self._own(weights, units)
        alone = free[:, 0] < LEAST_FREE  # nobody else to be measured against: its own review must do
        free[alone], own[alone] = 1.0, 0.0
        gains = Gains(self.units, units, worth, counts, own)
        chosen: list[int] = []
        length, best = len(said), _at(total[None], np.array([max(len(said), 1)]))[0]
        while most is None or len(chosen) < most:
            gain = gains.values / free
            values = np.rint(_at(total + gain, length + gains.lengths) / STEP) * STEP
            place = int(np.argmax(values))
            if not values[place] > best:
                break
            best, total = values[place], total + gain[place]
            length += int(gains.lengths[place])
            chosen.append(int(units[place]))
            gains.add(place)
        return chosen

    def _candidates(self, example: int, weights: np.ndarray) -> np.ndarray:
        """Units of the neighbors, and of the likeliest other reviews while there are few."""
        near = self.pool.rows(example)
        near = near[np.argsort(-weights[near], kind="stable")[:MOST_NEIGHBORS]]
        counts = np.diff(self.units.first)
        missing = self.fewest - counts[near].sum()
        if missing > 0:
            far = np.setdiff1d(np.flatnonzero(weights), near)
            far = far[np.argsort(-weights[far], kind="stable")]
            near = np.concatenate([near, far[: np.searchsorted(np.cumsum(counts[far]), missing) + 1]])
        counts = counts[near]
        return np.repeat(self.units.first[near] - np.cumsum(counts) + counts, counts) + np.arange(
            counts.sum()
        )

    def _worth(self, weights: np.ndarray) -> np.ndarray:
        """(columns + 1, lengths): expected F1 that a column adds to a text of each length; last: none."""
        rows = np.flatnonzero(weights)
        share = 2 * weights[rows, None] / (LENGTHS + self.units.lengths[rows, None])
        return np.vstack([self.units.said[rows].T @ share, np.zeros((1, len(LENGTHS)))])

    def _own(self, weights: np.ndarray, units: np.ndarray) -> np.ndarray:
        """(units, lengths): what a word adds to the expectation against the review it is quoted from."""
        source = self.units.source[units]
        return 2 * weights[source, None] / (LENGTHS + self.units.lengths[source, None])


class Gains:
    """What each of some units would add to the expectation, kept up to date while units join the text."""

    def __init__(
        self, units: Units, chosen: np.ndarray, worth: np.ndarray, counts: np.ndarray, own: np.ndarray
    ) -> None:
        """own (units, lengths): what a word of a unit adds to the expectation against its own review."""
        self.lengths = units.start[chosen + 1] - units.start[chosen]
        self._start = np.cumsum(self.lengths) - self.lengths
        entry = np.repeat(units.start[chosen] - self._start, self.lengths) + np.arange(self.lengths.sum())
        self._word, self._nth, self._most = units.word[entry], units.nth[entry], units.in_source[entry]
        self._unit = np.repeat(np.arange(len(chosen)), self.lengths)
        self._units, self._counts, self._worth, self._own = units, counts, worth, own
        self._column = units.columns(self._word, counts[self._word] + self._nth)
        self._in_own = counts[self._word] + self._nth < self._most
        self.values = np.add.reduceat(worth[self._column], self._start)
        self.values -= np.add.reduceat(self._in_own, self._start, dtype=np.float64)[:, None] * own

    def add(self, place: int) -> None:
        """The unit is part of the text now."""
        said = self._word[self._start[place] : self._start[place] + self.lengths[place]]
        np.add.at(self._counts, said, 1)
        is_said = np.zeros(len(self._counts), dtype=bool)
        is_said[said] = True
        hit = np.flatnonzero(is_said[self._word])
        nth = self._counts[self._word[hit]] + self._nth[hit]
        column, in_own, unit = (
            self._units.columns(self._word[hit], nth),
            nth < self._most[hit],
            self._unit[hit],
        )
        change = self._worth[column] - self._worth[self._column[hit]]
        change -= (in_own.astype(np.float64) - self._in_own[hit])[:, None] * self._own[unit]
        begin = np.flatnonzero(np.diff(unit, prepend=-1))
        self.values[unit[begin]] += np.add.reduceat(change, begin)
        self._column[hit], self._in_own[hit] = column, in_own


def _at(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """(n,) from (n, LENGTHS): each row at its length, between two lengths by the logarithm."""
    asked = np.log(lengths)
    below = np.clip(np.searchsorted(LOG_LENGTHS, asked, side="right") - 1, 0, len(LENGTHS) - 2)
    part = np.clip((asked - LOG_LENGTHS[below]) / (LOG_LENGTHS[below + 1] - LOG_LENGTHS[below]), 0, 1)
    rows = np.arange(len(values))
    return np.asarray(values[rows, below] * (1 - part) + values[rows, below + 1] * part)
