"""Word habits of texts: function words, contractions, person, casing, word lengths, odd spelling.

A word is a run of letters, apostrophes inside included. It is looked up by a hash of its lower-case letters,
computed for all words of a block at once. No loop over texts or words runs in Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from models.encoders.blocks import ID, Block
from models.encoders.lexicon import GROUPS, LONGEST, PLACE, SINGLE_WORDS, SUFFIXES, WORD_FEATURES

_BASE: Final = 0x9E3779B97F4A7C15  # odd, so it has an inverse modulo 2**64
_MIX: Final = 0xD6E8FEB86659FD93  # odd, its bits well spread: the upper bits of a product depend on all
_CACHED_POWERS: Final = 1 << 19  # more characters than a block of usual texts has
_TEXT_SHIFT: Final = np.uint64(40)  # 24 bits tell the texts of a block apart, 40 bits the words of one text
_APOSTROPHES: Final = (ord("'"), ord("\u2019"))


@dataclass(frozen=True)
class Words:
    """Counts of one block: counts (n, len(WORD_FEATURES)); words, distinct, letters and long (n,).

    long: words of more than six letters, as in the readability index LIX.
    """

    counts: np.ndarray
    words: np.ndarray
    distinct: np.ndarray
    letters: np.ndarray
    long: np.ndarray


@dataclass(frozen=True)
class _Found:
    """The words of a block, in order, as arrays (m,): text, first character, past the last, length, hash."""

    text: np.ndarray
    start: np.ndarray
    end: np.ndarray
    length: np.ndarray
    hash: np.ndarray
    apostrophes: np.ndarray  # (a,) places of apostrophes inside words
    uncased: np.ndarray  # (b,) places of apostrophes and combining marks inside words


def word_counts(block: Block) -> Words:
    """All word habits of one block of texts."""
    found, width = _words(block), len(WORD_FEATURES)
    rows = found.text * width
    keys = [rows + np.minimum(found.length, LONGEST) + (PLACE["letters_1"] - 1)]
    for feature, chosen in (*_cases(block, found), *_suffixes(block, found), *_forms(block, found)):
        keys.append(rows[chosen] + PLACE[feature])
    counts = np.bincount(np.concatenate(keys), minlength=block.n * width).reshape(block.n, width)
    lexicon = _lexicon()
    listed = lexicon.number_of(found.hash)
    known = np.flatnonzero(listed >= 0)
    seen = np.bincount(
        found.text[known] * len(lexicon.serves) + listed[known], minlength=block.n * len(lexicon.serves)
    )
    counts += (seen.reshape(block.n, -1).astype(np.float32) @ lexicon.serves).astype(np.int64)
    lengths = counts[:, PLACE["letters_1"] :]
    return Words(
        counts=counts,
        words=lengths.sum(axis=1),
        distinct=_distinct(block.n, found),
        letters=lengths @ np.arange(1, LONGEST + 1),
        long=lengths[:, 6:].sum(axis=1),
    )


def _words(block: Block) -> _Found:
    """Runs of letters and combining marks; an apostrophe between two of them joins them."""
    inside = block.in_word
    marks = np.flatnonzero((block.kind == ID["'"]) | (block.kind == ID["curly_apostrophe"]))
    marks = marks[inside[marks - 1] & inside[marks + 1] & np.isin(block.codes[marks], _APOSTROPHES)]
    inside = inside.copy()
    inside[marks] = True
    borders = np.flatnonzero(inside[1:] != inside[:-1]) + 1  # starts and ends alternate
    start, end = borders[::2], borders[1::2]
    lower = block.lower.copy()
    lower[marks] = _APOSTROPHES[0]
    uncased = np.flatnonzero(inside & ((block.kind == ID["other"]) | (lower == _APOSTROPHES[0])))
    hashes = _hashes(lower, start, end)
    return _Found(block.texts_of(start), start, end, end - start, hashes, marks, uncased)


def _hashes(lower: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(m,) uint64 polynomial hashes: parts of a running sum, divided by the power of the word's start."""
    power, inverse = _powers(len(lower))
    sums = np.zeros(len(lower) + 1, dtype=np.uint64)
    np.cumsum(lower * power, out=sums[1:])
    hashes: np.ndarray = (sums[end] - sums[start]) * inverse[start]
    return hashes * np.uint64(_MIX)


def _powers(n: int) -> tuple[np.ndarray, np.ndarray]:
    """The first n powers of the base and of its inverse, modulo 2**64."""
    if n > _CACHED_POWERS:
        return _make_powers(n)
    power, inverse = _usual_powers()
    return power[:n], inverse[:n]


@cache
def _usual_powers() -> tuple[np.ndarray, np.ndarray]:
    return _make_powers(_CACHED_POWERS)


def _make_powers(n: int) -> tuple[np.ndarray, np.ndarray]:
    bases = np.array([_BASE, pow(_BASE, -1, 2**64)], dtype=np.uint64)
    steps = np.repeat(bases[:, None], n, axis=1)
    steps[:, 0] = 1
    power, inverse = np.cumprod(steps, axis=1)
    return power, inverse


@dataclass(frozen=True)
class _Lexicon:
    """Listed words: hashes (v,), serves (v, len(WORD_FEATURES)) 0 or 1, slots: upper hash bits -> number."""

    hashes: np.ndarray
    serves: np.ndarray
    slots: np.ndarray
    shift: np.uint64

    def number_of(self, hashes: np.ndarray) -> np.ndarray:
        """The number of each listed word, -1 for others."""
        number = self.slots[(hashes >> self.shift).astype(np.int64)]
        return np.where(self.hashes[number] == hashes, number, -1)


@cache
def _lexicon() -> _Lexicon:
    features = {word: [f"word_{word}"] for word in SINGLE_WORDS}
    for group, listed in GROUPS.items():
        for word in dict.fromkeys(listed.split()):
            features.setdefault(word, []).append(group)
    serves = np.zeros((len(features), len(WORD_FEATURES)), dtype=np.float32)
    for number, names in enumerate(features.values()):
        serves[number, [PLACE[name] for name in names]] = 1
    joined = np.array([ord(letter) for letter in " ".join(features) + " "], dtype=np.uint32)
    end = np.flatnonzero(joined == ord(" "))
    hashes = _hashes(joined, np.append(0, end[:-1] + 1), end)
    bits = 16
    while len(np.unique(hashes >> np.uint64(64 - bits))) < len(hashes):
        bits += 1  # until every listed word has a place of its own
    shift = np.uint64(64 - bits)
    slots = np.zeros(1 << bits, dtype=np.int64)
    slots[(hashes >> shift).astype(np.int64)] = np.arange(len(hashes))
    return _Lexicon(hashes, serves, slots, shift)


def _cases(block: Block, found: _Found) -> Iterator[tuple[str, np.ndarray]]:
    """(feature, numbers of the words that have it)."""
    single = found.length == 1
    letter = block.codes[found.start]
    yield "lone_i", np.flatnonzero(single & (letter == ord("I")))
    yield "lone_lower_i", np.flatnonzero(single & (letter == ord("i")))
    upper = _word_of(found, np.flatnonzero(block.kind == ID["upper"]))
    per_word = np.bincount(upper, minlength=len(single))
    cased = np.flatnonzero((per_word > 0) & ~single)
    n_upper = per_word[cased]
    uncased = np.bincount(_word_of(found, found.uncased), minlength=len(single))[cased]
    first = block.kind[found.start[cased]] == ID["upper"]
    all_caps = n_upper == found.length[cased] - uncased
    capitalized = ~all_caps & first & (n_upper == 1)
    yield "all_caps", cased[all_caps]
    yield "capitalized", cased[capitalized]
    yield "mixed_case", cased[~all_caps & ~capitalized]


def _word_of(found: _Found, places: np.ndarray) -> np.ndarray:
    """Numbers of the words that characters of words lie in."""
    number: np.ndarray = np.searchsorted(found.start, places, side="right") - 1
    return number


def _suffixes(block: Block, found: _Found) -> Iterator[tuple[str, np.ndarray]]:
    """The same for what follows the last apostrophe of a word."""
    word = _word_of(found, found.apostrophes)
    left = found.end[word] - found.apostrophes - 1  # letters after the apostrophe
    one, two = block.lower[found.apostrophes + 1], block.lower[found.apostrophes + 2]
    for suffix in SUFFIXES:
        letters = suffix[1:]
        has = (left == len(letters)) & (one == ord(letters[0]))
        if len(letters) == 2:
            has &= two == ord(letters[1])
        yield f"suffix_{letters}", word[has]


def _forms(block: Block, found: _Found) -> Iterator[tuple[str, np.ndarray]]:
    """The same for forms that spelling like speech and slips leave, in any language with Latin letters."""
    vowels = np.zeros(len(block.vowel) + 1, dtype=np.int32)
    np.cumsum(block.vowel, out=vowels[1:])
    without = vowels[found.end] == vowels[found.start]
    yield "vowelless", np.flatnonzero(without & (found.length > 1))  # one consonant may be an initial
    again = (found.hash[1:] == found.hash[:-1]) & (found.text[1:] == found.text[:-1])
    yield "repeated_word", np.flatnonzero(again) + 1


def _distinct(n: int, found: _Found) -> np.ndarray:
    """(n,) distinct words per text; words are told apart by 40 bits of their hashes."""
    keys = (found.text.astype(np.uint64) << _TEXT_SHIFT) | (found.hash >> (np.uint64(64) - _TEXT_SHIFT))
    keys.sort()
    new = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else keys.astype(np.int64)
    return np.bincount((keys[new] >> _TEXT_SHIFT).astype(np.int64), minlength=n)
