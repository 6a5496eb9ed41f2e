"""Reviews as what can be quoted from them: clauses, counted in ROUGE's words.

A clause ends where a writer pauses: after . ! ? ; : or a comma, at a line's end, a dash or dots. Every
occurrence of a word has a column of its own (the second "very" of a text is another column than the
first), so that sets of columns overlap exactly as ROUGE-1 counts shared words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from scipy import sparse

from models.evaluation.words import rouge_words

# Blanks are read from the first of their run and to its end: a text of blanks alone takes no quadratic time.
PAUSE: Final = re.compile(
    r"(?<=[.!?;,:])\s+|\n+(?:[^\S\n]\s*(?:-+\s+)?)?|(?<!\s)\s+-+\s+|\.{2,}|(?<=[a-z])[.!?](?=[A-Z])"
)


def clauses(text: str) -> list[str]:
    """Clauses of a text in its order, as written, without those that have no letter or digit."""
    parts = (part.strip() for part in PAUSE.split(text))
    return [part for part in parts if any(letter.isalnum() for letter in part)]


def whole(text: str) -> list[str]:
    """The text itself, unless it has no letter or digit."""
    return [text] if any(letter.isalnum() for letter in text) else []


class Vocabulary(dict[bytes, int]):
    """Word -> number, given out in order of appearance."""

    def __missing__(self, word: bytes) -> int:
        number = len(self)
        self[word] = number
        return number

    def numbers(self, text: str) -> list[int]:
        """The words of a text in its order."""
        return [self[word] for word in rouge_words(text)]


@dataclass(frozen=True)
class Units:
    """Units of n texts, in their order: what may be quoted.

    texts (u): as written; source (u,): the text that it stands in; start (u + 1,): its words are
    `word[start[i]:start[i + 1]]`; first (n + 1,): the units of text j are first[j] to first[j + 1] - 1.
    word (e,): numbers of words in order; nth (e,): how often the unit has said the word before;
    in_source (e,): how often the source says the word in all. column_of (v + 1,): the columns of word w are
    column_of[w] to column_of[w + 1] - 1, one for each time that a text says it.
    """

    texts: list[str]
    source: np.ndarray
    first: np.ndarray
    start: np.ndarray
    word: np.ndarray
    nth: np.ndarray
    in_source: np.ndarray
    column_of: np.ndarray

    @classmethod
    def cut(
        cls,
        texts: Sequence[str],
        vocabulary: Vocabulary,
        cutter: Callable[[str], list[str]],
        others: Iterable[str] = (),
    ) -> Units:
        """Units of the texts. Words of `others` join the vocabulary, so that they have numbers too."""
        cut = [
            [(unit, numbers) for unit in cutter(text) if (numbers := vocabulary.numbers(unit))]
            for text in texts
        ]
        for other in others:
            vocabulary.numbers(other)
        counts = np.array([len(parts) for parts in cut], dtype=np.int64)
        flat = [part for parts in cut for part in parts]
        lengths = np.array([len(numbers) for _, numbers in flat], dtype=np.int64)
        word = np.array([number for _, numbers in flat for number in numbers], dtype=np.int64)
        source = np.repeat(np.arange(len(texts)), counts)
        spoken = np.repeat(source, lengths)  # (e,) the text of every word
        in_source = _counts(spoken, word)
        most = np.zeros(len(vocabulary), dtype=np.int64)
        np.maximum.at(most, word, in_source)
        return cls(
            texts=[unit for unit, _ in flat],
            source=source,
            first=np.concatenate([[0], np.cumsum(counts)]),
            start=np.concatenate([[0], np.cumsum(lengths)]),
            word=word,
            nth=_places(np.repeat(np.arange(len(flat)), lengths), word),
            in_source=in_source,
            column_of=np.concatenate([[0], np.cumsum(most)]),
        )

    @cached_property
    def depth(self) -> np.ndarray:
        """(u,) how far into its text a unit stands, 0 to less than 1: openings first is how people write."""
        place = np.arange(len(self.source)) - self.first[self.source]
        return np.asarray(place / np.diff(self.first)[self.source])

    def columns(self, word: np.ndarray, nth: np.ndarray) -> np.ndarray:
        """The column of the nth time of a word; one more than there are, if no text says it so often."""
        column = self.column_of[word] + nth
        return np.where(column < self.column_of[word + 1], column, self.column_of[-1])

    @cached_property
    def lengths(self) -> np.ndarray:
        """(n,) words of every text."""
        return np.asarray(self.start[self.first[1:]] - self.start[self.first[:-1]])

    @cached_property
    def said(self) -> sparse.csr_matrix:
        """(n, columns) of ones: the columns of every text."""
        spoken = np.repeat(
            np.repeat(np.arange(len(self.first) - 1), np.diff(self.first)), np.diff(self.start)
        )
        columns = self.column_of[self.word] + _places(spoken, self.word)
        shape = (len(self.first) - 1, int(self.column_of[-1]))
        return sparse.csr_matrix((np.ones(len(columns)), (spoken, columns)), shape=shape)


def _places(groups: np.ndarray, words: np.ndarray) -> np.ndarray:
    """(e,) how often the same word occurred before in the same group; groups ascend."""
    order = np.lexsort((words, groups))
    is_new = np.ones(len(order), dtype=bool)
    is_new[1:] = (np.diff(groups[order]) != 0) | (np.diff(words[order]) != 0)
    begin = np.maximum.accumulate(np.where(is_new, np.arange(len(order)), 0))
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order)) - begin
    return places


def _counts(groups: np.ndarray, words: np.ndarray) -> np.ndarray:
    """(e,) how often the word occurs in its group."""
    _, inverse, counts = np.unique(
        np.column_stack([groups, words]), axis=0, return_inverse=True, return_counts=True
    )
    return np.asarray(counts[inverse.ravel()])
