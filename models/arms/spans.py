"""What may be the title of a text: its spans, and titles that others gave; with what is known of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from scipy import sparse

from models.arms.titled import Titled

LONGEST: Final = 9  # tokens of a span: longer titles are rare and hardly ever guessed
MOST_WORDS: Final = 12  # of a candidate
SPANS, TITLES = 40, 60  # candidates of each kind for a text
BORDER: Final = (
    0.1  # bonus, as a share, for a span that begins or ends a clause, and malus for crossing borders
)
STEP: Final = 1e-9  # scores are compared in steps: below lies the noise of summation
BLOCK: Final = 1 << 32  # more steps than a score can have
FEATURES: Final = (
    "is_title",
    "expected_f1",  # if words came alone
    "chance",
    "words",
    "least_chance",
    "greatest_chance",
    "mean_chance",
    "begins_clause",
    "ends_clause",
    "crossed_borders",
    "place",
    "place_share",
    "f1_near",  # expected over titles of likely neighbors: words in company
    "f1_learned",
    "share_near",  # weight of the reviews with this very title
    "share_learned",
    "in_text",
    "log_count",
)


@dataclass(frozen=True)
class Known:
    """What is known of q texts before their titles are.

    asked (q,): texts; near, learned (q, n): weights of the reviews whose titles are known, by likeness and by
    regression (which may be negative); chance (e,): how likely a title says the word, for every entry of
    `Titled.word`; sizes (k,): share of the titles of 1, 2, ... words.
    """

    asked: np.ndarray
    near: np.ndarray
    learned: np.ndarray
    chance: np.ndarray
    sizes: np.ndarray

    def f1(self, chance: np.ndarray, words: np.ndarray) -> np.ndarray:
        """Expected F1 of candidates, given the sum of their words' chances and how many words they have."""
        lengths = np.arange(1, len(self.sizes) + 1)
        return np.asarray(2 * chance * (self.sizes / (words[..., None] + lengths)).sum(axis=-1))


@dataclass(frozen=True)
class Candidates:
    """c candidates, the spans of all texts before the titles: for `asked[owner]`.

    start, end (c,): tokens of a span, -1 for a title; key (c,): of a title, -1 for a span;
    features (c, len(FEATURES)).
    """

    owner: np.ndarray
    start: np.ndarray
    end: np.ndarray
    key: np.ndarray
    features: np.ndarray

    @classmethod
    def of(cls, titled: Titled, known: Known) -> Candidates:
        """The best spans and titles of every asked text."""
        near, learned = (_worth(titled, weights) for weights in (known.near, known.learned))
        spans, titles = _spans(titled, known, near, learned), _titles(titled, known, near, learned)
        return cls(*(np.concatenate(both) for both in zip(spans, titles, strict=True)))


def _worth(titled: Titled, weights: np.ndarray) -> np.ndarray:
    """(MOST_WORDS, q, v) what a word adds to the expected F1 of a title of 1, 2, ... words."""
    return np.stack(
        [
            (weights * 2 / (words + titled.title_length)) @ titled.title_says
            for words in range(1, MOST_WORDS + 1)
        ]
    )


Parts: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class _Tokens:
    """The tokens of the asked texts, one text after the other, numbered anew; sums have one more."""

    token: np.ndarray
    owner: np.ndarray
    first: np.ndarray
    sizes: np.ndarray
    entry: np.ndarray
    of_entry: np.ndarray

    @classmethod
    def of(cls, titled: Titled, asked: np.ndarray) -> _Tokens:
        token, sizes = _ranges(titled.start[asked], titled.start[asked + 1])
        begin = np.searchsorted(titled.token_of, token)
        entry, words = _ranges(begin, np.searchsorted(titled.token_of, token, side="right"))
        owner = np.repeat(np.arange(len(asked)), sizes)
        return cls(
            token, owner, np.cumsum(sizes) - sizes, sizes, entry, np.repeat(np.arange(len(token)), words)
        )

    def running(self, values: np.ndarray | None = None) -> np.ndarray:
        """(t + 1,) sums of what the entries are worth, or how many there are, before each token."""
        return _running(np.bincount(self.of_entry, values, len(self.token)))

    def spans(self) -> tuple[np.ndarray, np.ndarray]:
        """All spans [start, end) of up to LONGEST tokens inside one text."""
        size = np.arange(1, LONGEST + 1)
        start = np.repeat(np.arange(len(self.token)), LONGEST)
        end = start + np.tile(size, len(self.token))
        inside = end <= (self.first + self.sizes)[self.owner[start]]
        return start[inside], end[inside]


def _spans(titled: Titled, known: Known, near: np.ndarray, learned: np.ndarray) -> Parts:
    """The SPANS likeliest spans of every text."""
    tokens = _Tokens.of(titled, known.asked)
    chances = known.chance[tokens.entry]
    total, said = tokens.running(chances), tokens.running()
    ends = titled.ends_clause[tokens.token]
    borders = _running(ends)
    start, end = tokens.spans()
    fits = said[end] - said[start] <= MOST_WORDS
    start, end = start[fits], end[fits]
    owner = tokens.owner[start]
    begins = (start == tokens.first[owner]) | ends[np.maximum(start - 1, 0)]
    crossed = borders[end - 1] - borders[start]
    chance, words = total[end] - total[start], (said[end] - said[start]).astype(np.int64)
    f1 = known.f1(chance, words)
    best = _best(owner, f1 * (1 + BORDER * (1.0 * begins + ends[end - 1] - np.minimum(crossed, 3))), SPANS)
    owner, start, end, words, chance = owner[best], start[best], end[best], words[best], chance[best]
    least, greatest = _extremes(chances, said, start, end)
    place = start - tokens.first[owner]
    columns = {
        "expected_f1": f1[best],
        "chance": chance,
        "words": words,
        "least_chance": least,
        "greatest_chance": greatest,
        "mean_chance": chance / words,
        "begins_clause": begins[best],
        "ends_clause": ends[end - 1],
        "crossed_borders": crossed[best],
        "place": place,
        "place_share": place / tokens.sizes[owner],
        "f1_near": _company(near, titled, tokens, start, end, words),
        "f1_learned": _company(learned, titled, tokens, start, end, words),
        "in_text": np.ones(len(best)),
    }
    return (
        owner,
        tokens.token[start],
        tokens.token[end - 1] + 1,
        np.full(len(best), -1),
        _features(columns, len(best)),
    )


def _company(
    worth: np.ndarray, titled: Titled, tokens: _Tokens, start: np.ndarray, end: np.ndarray, words: np.ndarray
) -> np.ndarray:
    """(c,) expected F1 of spans of so many words, words in company as in the weighted titles."""
    values = np.zeros(len(start))
    owner, word = tokens.owner[tokens.of_entry], titled.column[titled.word[tokens.entry]]
    for count in np.unique(words):
        total = tokens.running(worth[count - 1, owner, word])
        these = words == count
        values[these] = total[end[these]] - total[start[these]]
    return values


def _titles(titled: Titled, known: Known, near: np.ndarray, learned: np.ndarray) -> Parts:
    """The TITLES titles of most weight for every text."""
    keys, first = np.unique(titled.key, return_index=True)
    of_key = sparse.csr_matrix((np.ones(titled.n), (np.arange(titled.n), titled.key)), (titled.n, len(keys)))
    says, length = titled.title_says[first], titled.title_length[first]
    share = np.where((length > 0) & (length <= MOST_WORDS), known.near @ of_key, 0)
    rows = np.repeat(np.arange(len(known.asked)), len(keys))
    best = _best(rows, share.ravel(), TITLES)
    owner, key = rows[best], np.tile(keys, len(known.asked))[best]
    kept = share[owner, key] > 0
    owner, key = owner[kept], key[kept]
    words = length[key]
    in_text = _chances(titled, known)
    likely = np.maximum(in_text, ((known.near + known.learned) / 2) @ titled.title_says)
    chance = (likely @ says.T)[owner, key]
    columns = {
        "is_title": np.ones(len(key)),
        "expected_f1": known.f1(chance, words),
        "chance": chance,
        "words": words,
        "mean_chance": chance / words,
        "place": np.full(len(key), -1.0),
        "place_share": np.full(len(key), -1.0),
        "f1_near": _by_length(near, says, words, owner, key),
        "f1_learned": _by_length(learned, says, words, owner, key),
        "share_near": share[owner, key],
        "share_learned": (known.learned @ of_key)[owner, key],
        "in_text": ((in_text > 0) @ says.T)[owner, key] / words,
        "log_count": np.log1p(((known.near > 0) @ of_key)[owner, key]),
    }
    none = np.full(len(key), -1)
    return owner, none, none, key, _features(columns, len(key))


def _by_length(
    worth: np.ndarray, says: sparse.csr_matrix, words: np.ndarray, owner: np.ndarray, key: np.ndarray
) -> np.ndarray:
    """(c,) expected F1 of titles that have so many words."""
    values = np.zeros(len(key))
    for count in np.unique(words):
        these = words == count
        some, place = np.unique(key[these], return_inverse=True)
        values[these] = (worth[count - 1] @ says[some].T)[owner[these], place]
    return values


def _chances(titled: Titled, known: Known) -> np.ndarray:
    """(q, v) how likely the title says a word of the text; 0 for other words."""
    tokens = _Tokens.of(titled, known.asked)
    chances = np.zeros((len(known.asked), titled.title_says.shape[1]))
    chances[tokens.owner[tokens.of_entry], titled.column[titled.word[tokens.entry]]] = known.chance[
        tokens.entry
    ]
    return chances


def _features(columns: Mapping[str, np.ndarray], rows: int) -> np.ndarray:
    return np.column_stack([columns.get(name, np.zeros(rows)) for name in FEATURES]).astype(np.float64)


def _best(owner: np.ndarray, score: np.ndarray, most: int) -> np.ndarray:
    """Places of the `most` highest scores of every owner; owners ascend, the earlier of equals wins."""
    order = np.argsort(owner * BLOCK - np.rint(score / STEP).astype(np.int64), kind="stable")
    rank = np.arange(len(order)) - np.searchsorted(owner, owner)  # owners ascend: order keeps their blocks
    return np.asarray(order[rank < most])


def _extremes(
    values: np.ndarray, said: np.ndarray, start: np.ndarray, end: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest value of the entries of each span of at least one word."""
    if not len(start):
        return np.zeros(0), np.zeros(0)
    entry, sizes = _ranges(said[start].astype(np.int64), said[end].astype(np.int64))
    begin = np.cumsum(sizes) - sizes
    return np.minimum.reduceat(values[entry], begin), np.maximum.reduceat(values[entry], begin)


def _ranges(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """start[0] to end[0] - 1, start[1] to end[1] - 1, ... one after the other, and the size of each."""
    sizes = end - start
    return np.repeat(start - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum()), sizes


def _running(values: np.ndarray) -> np.ndarray:
    """(t + 1,) sums of the values before each place."""
    return np.concatenate([[0], np.cumsum(values)])
