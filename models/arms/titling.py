"""Titles without a language model: spans of the text and others' titles, ranked by what others teach.

Three steps, all learned from other users' texts and titles alone. How likely is each word of a text to be in
its title? Which spans and which titles of others have the highest expected ROUGE-1 then? Which of those
score highest in truth? Users are in two halves; what one half is answered by is learned from the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from models.arms.pool import Asked, Quoted
from models.arms.spans import FEATURES, STEP, Candidates, Known
from models.arms.titled import Regression, Titled
from models.evaluation.rouge import rouge_scores
from models.retrieval.chance import hashes

HALVES: Final = 2  # of the users: more would take longer and had little more to learn from
PARTS: Final = 4  # of those learned from: a text's facts come from the other parts, as they do in use
MOST_LEARNED: Final = 1500  # texts learned from for each half, drawn by hash
MOST_REGRESSED: Final = 3000  # texts of a regression: its time grows with their cube
CHUNK: Final = 128  # texts worked on at a time
LONGEST_TITLE: Final = 15  # words; longer ones count as so long
# Set by hand on the dev corpora: sharpness near and far, doubt of thin topics, penalty, prior of a word.
NEAR, FAR, DOUBT, PENALTY, PRIOR = 6.0, 12.0, 16.0, 1.0, 8.0
RIDGE: Final = 100.0  # penalty of the ranking, features scaled to unit variance


def learned_title(asked: Asked) -> Quoted:
    """For every text the candidate of the highest predicted ROUGE-1; a borrowed title names its review."""
    titled = Titled.build(asked.pool)
    ids = asked.pool.reviews["review_id"].to_list()
    texts = [""] * asked.pool.examples.height
    reviews: list[list[str]] = [[] for _ in texts]
    half = _parts(titled.user, asked.seed, HALVES)
    for number in range(HALVES):
        ranker = Ranker.learn(titled, np.flatnonzero(half[: titled.n] != number), asked.seed)
        mine = np.flatnonzero(half == number)
        if ranker is None:
            continue
        for text, title, row in ranker.titles(titled, mine[mine >= titled.n]):
            texts[text - titled.n], reviews[text - titled.n] = title, [ids[row]] if row >= 0 else []
    return Quoted(texts, reviews)


@dataclass(frozen=True)
class Facts:
    """What is known of some texts before their titles: weights (asked, n) of reviews, features of words.

    pair (p,): the words of the texts, as numbers of `Titled.pairs`; features (p, 11).
    """

    asked: np.ndarray
    near: np.ndarray
    learned: np.ndarray
    pair: np.ndarray
    features: np.ndarray


@dataclass(frozen=True)
class Source:
    """Reviews to learn facts from: how often titles take a word of their text, and a regression of titles."""

    rows: np.ndarray
    regression: Regression
    taken: np.ndarray
    in_titles: np.ndarray
    in_texts: np.ndarray

    @classmethod
    def of(cls, titled: Titled, rows: np.ndarray, seed: int) -> Source:
        is_row = np.zeros(len(titled.user), dtype=bool)
        is_row[rows] = True
        pairs, words = titled.pairs, len(titled.column)
        ours = is_row[pairs.text]
        taken = np.bincount(pairs.word[ours & pairs.in_title], minlength=words)
        in_texts = np.bincount(pairs.word[ours], minlength=words)
        in_titles = np.asarray(titled.title_says[rows].sum(axis=0)).ravel()[titled.column]
        drawn = _drawn(rows, MOST_REGRESSED, seed)
        return cls(rows, Regression.learn(titled, drawn, PENALTY), taken, in_titles, in_texts)

    def facts(self, titled: Titled, asked: np.ndarray, visible: np.ndarray) -> Facts:
        """Of texts, given the reviews whose titles may be quoted for each: (asked, n)."""
        near = titled.likeness(asked, visible, NEAR, FAR, DOUBT)
        learned = self.regression.weights(titled, asked)
        pairs = titled.pairs
        owner = np.full(len(titled.user), -1)
        owner[asked] = np.arange(len(asked))
        pair = np.flatnonzero(owner[pairs.text] >= 0)
        word, text = pairs.word[pair], owner[pairs.text[pair]]
        usual = self.taken.sum() / max(self.in_texts.sum(), 1)
        columns = [
            (self.taken[word] + PRIOR * usual) / (self.in_texts[word] + PRIOR),
            np.log1p(self.in_titles[word]),
            (near @ titled.title_says)[text, titled.column[word]],
            (learned @ titled.title_says)[text, titled.column[word]],
            np.log((1 + len(self.rows)) / (1 + self.in_texts[word])),
        ]
        return Facts(asked, near, learned, pair, np.column_stack([*columns, pairs.shape[pair]]))


@dataclass(frozen=True)
class Ranker:
    """Learned from one half: chances of words, sizes of titles, and which candidates are good."""

    source: Source
    chance: HistGradientBoostingClassifier
    ranking: Pipeline
    sizes: np.ndarray

    @classmethod
    def learn(cls, titled: Titled, rows: np.ndarray, seed: int) -> Ranker | None:
        """None where there is nothing to learn from: no word of any text in its title."""
        part = _parts(titled.user, seed + 1, PARTS)[: titled.n]
        usable = rows[(titled.title_length[rows] > 0) & (np.diff(titled.start)[rows] > 0)]
        drawn = _drawn(usable, MOST_LEARNED, seed)
        facts = [
            fact for one in range(PARTS) for fact in _facts_of_part(titled, rows, drawn, part, one, seed)
        ]
        labels = [titled.pairs.in_title[fact.pair] for fact in facts]
        parity = [part[fact.asked[0]] % 2 for fact in facts]
        sides = [[place for place, side in enumerate(parity) if side == one] for one in (0, 1)]
        if any(len(np.unique(_joined(labels, side))) < 2 for side in sides):
            return None
        sizes = _sizes(titled.title_length[usable])
        chances = [
            _chance_of(_joined([f.features for f in facts], side), _joined(labels, side)) for side in sides
        ]
        features, scores = [], []
        for fact, side in zip(facts, parity, strict=True):
            found = Candidates.of(titled, _known(titled, fact, chances[1 - side], sizes))
            texts = [text for text, _ in _written(titled, fact, found)]
            score = rouge_scores(texts, [titled.titles[fact.asked[owner]] for owner in found.owner])[0]
            mean = np.bincount(found.owner, score) / np.maximum(np.bincount(found.owner), 1)
            features.append(_crossed(found.features))
            scores.append(score - mean[found.owner])
        ranking = make_pipeline(StandardScaler(), Ridge(alpha=RIDGE, solver="cholesky"))
        ranking.fit(np.concatenate(features), np.concatenate(scores))
        every = list(range(len(facts)))
        chance = _chance_of(_joined([f.features for f in facts], every), _joined(labels, every))
        return cls(Source.of(titled, rows, seed), chance, ranking, sizes)

    def titles(self, titled: Titled, asked: np.ndarray) -> Iterator[tuple[int, str, int]]:
        """(text, title, row of the review it is borrowed from, or -1) of every text that has a candidate."""
        for start in range(0, len(asked), CHUNK):
            some = asked[start : start + CHUNK]
            visible = titled.user[some, None] != titled.user[None, : titled.n]
            visible &= titled.time[None, : titled.n] < titled.time[some, None]
            fact = self.source.facts(titled, some, visible)
            found = Candidates.of(titled, _known(titled, fact, self.chance, self.sizes))
            if not len(found.owner):
                continue
            score = np.rint(self.ranking.predict(_crossed(found.features)) / STEP)
            order = np.lexsort((-score, found.owner))
            best = order[np.flatnonzero(np.diff(found.owner[order], prepend=-1))]
            for place, (title, row) in zip(best, _written(titled, fact, found, best), strict=True):
                yield int(some[found.owner[place]]), title, row


def _facts_of_part(
    titled: Titled, rows: np.ndarray, drawn: np.ndarray, part: np.ndarray, one: int, seed: int
) -> Iterator[Facts]:
    """Facts of the drawn texts of one part, known from the rows of the others; chunk by chunk."""
    known, asked = rows[part[rows] != one], drawn[part[drawn] == one]
    if not len(known) or not len(asked):
        return
    source = Source.of(titled, known, seed)
    is_known = np.zeros(titled.n, dtype=bool)
    is_known[known] = True
    for start in range(0, len(asked), CHUNK):
        some = asked[start : start + CHUNK]
        yield source.facts(titled, some, np.broadcast_to(is_known, (len(some), titled.n)))


def _known(titled: Titled, fact: Facts, chance: HistGradientBoostingClassifier, sizes: np.ndarray) -> Known:
    chances = np.zeros(len(titled.pairs.text))
    if len(fact.pair):
        chances[fact.pair] = chance.predict_proba(fact.features)[:, 1]
    return Known(fact.asked, fact.near, fact.learned, chances[titled.pairs.of_entry], sizes)


def _written(
    titled: Titled, fact: Facts, found: Candidates, places: np.ndarray | None = None
) -> Iterator[tuple[str, int]]:
    """(text, row of the likeliest review with the title; -1 for a span) of candidates."""
    for place in range(len(found.owner)) if places is None else places:
        if found.key[place] < 0:
            yield " ".join(titled.tokens[found.start[place] : found.end[place]]), -1
        else:
            rows = titled.rows_of(found.key[place])
            row = int(rows[np.argmax(fact.near[found.owner[place], rows])])
            yield titled.titles[row], row


def _crossed(features: np.ndarray) -> np.ndarray:
    """Features for a linear model: some of their shapes, apart for spans and for titles."""
    column = dict(zip(FEATURES, features.T, strict=True))
    words = column["words"]
    shapes = [
        np.log(words),
        words == 1,
        words == 2,
        words == 3,
        words > 8,
        column["begins_clause"] * column["ends_clause"],
    ]
    wide = np.column_stack([features, *shapes])
    titles = column["is_title"][:, None]
    return np.column_stack([wide * titles, wide * (1 - titles)])


def _chance_of(features: np.ndarray, labels: np.ndarray) -> HistGradientBoostingClassifier:
    """How likely the title says a word of the text."""
    return HistGradientBoostingClassifier(
        max_iter=80, max_leaf_nodes=16, min_samples_leaf=40, early_stopping=False, random_state=0
    ).fit(features, labels)


def _sizes(lengths: np.ndarray) -> np.ndarray:
    """(LONGEST_TITLE,) share of the titles of 1, 2, ... words."""
    counts = np.bincount(np.clip(lengths, 1, LONGEST_TITLE), minlength=LONGEST_TITLE + 1)[1:] + 0.5
    return np.asarray(counts / counts.sum())


def _joined(parts: list[np.ndarray], places: list[int]) -> np.ndarray:
    return np.concatenate([parts[place] for place in places]) if places else np.zeros(0)


def _drawn(rows: np.ndarray, most: int, seed: int) -> np.ndarray:
    """At most so many of the rows, by a hash of their numbers, ascending."""
    order = np.argsort(hashes(pl.Series(rows.astype(str)), seed), kind="stable")
    return np.sort(rows[order[:most]])


def _parts(users: np.ndarray, seed: int, parts: int) -> np.ndarray:
    """(texts,) part of the user, by hash."""
    return (hashes(pl.Series(users.tolist(), dtype=pl.String), seed) % np.uint64(parts)).astype(np.int64)
