"""Texts cut into tokens for BM25: lower case, words and marks as NLTK's word tokenizer cuts them.

PGraphRAG ranks by `word_tokenize(text.lower())`. That finds sentences first, by a model which NLTK
downloads: it decides whether a period belongs to the word before. Here every run of non-spaces is a sentence
of its own, so a period at its end is a token of its own, after an abbreviation too. Beside NLTK with an
untrained model, .8% of Amazon's and .4% of B2W's reviews are cut otherwise; another neighbor is first for at
most .08% of users.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from typing import Any, Final

import numpy as np

from models.retrieval.postings import Numbers, starts

# A word and at most one mark at its end: NLTK cuts it the same way, but takes 100 times as long.
PLAIN: Final = re.compile(r"(\w+)([.,:;!?]?)")
CONTRACTED: Final = frozenset(["cannot", "gimme", "gonna", "gotta", "lemme", "wanna"])  # NLTK cuts them
REMEMBERED: Final = 2**18  # runs, about 60 MB; the four public corpora have 42,518 different ones


def tokens(text: str) -> list[str]:
    """Words and marks of a text."""
    return list(chain.from_iterable(map(cut, text.lower().split())))


@lru_cache(REMEMBERED)
def cut(run: str) -> tuple[str, ...]:
    """The tokens of a run of non-spaces in lower case."""
    plain = PLAIN.fullmatch(run)
    if plain is None or plain[1] in CONTRACTED:
        return tuple(_nltk().tokenize(run))
    return (plain[1], plain[2]) if plain[2] else (run,)


@cache
def _nltk() -> Any:
    from nltk.tokenize import NLTKWordTokenizer  # costs a second, so not at import

    return NLTKWordTokenizer()


@dataclass(frozen=True)
class Tokens:
    """Tokens of n texts by number: word (t,); start (n + 1,): those of text i are start[i]:start[i + 1]."""

    word: Numbers
    start: Numbers

    @property
    def lengths(self) -> Numbers:
        """(n,): how many tokens each text has."""
        return np.diff(self.start)


class Vocabulary(dict[str, list[int]]):
    """Run of non-spaces -> numbers of its tokens, which are given out in order of appearance."""

    def __init__(self) -> None:
        super().__init__()
        self.words: dict[str, int] = {}

    def __missing__(self, run: str) -> list[int]:
        self[run] = [self.words.setdefault(word, len(self.words)) for word in cut(run)]
        return self[run]

    def read(self, texts: Iterable[str]) -> Tokens:
        """The tokens of texts."""
        return self._numbered(
            [[*chain.from_iterable(map(self.__getitem__, text.lower().split()))] for text in texts]
        )

    def number(self, texts: Iterable[Sequence[str]]) -> Tokens:
        """Texts that are cut into tokens already."""
        words = self.words
        return self._numbered([[words.setdefault(word, len(words)) for word in text] for text in texts])

    def _numbered(self, numbers: Sequence[Sequence[int]]) -> Tokens:
        start = starts([len(text) for text in numbers])
        return Tokens(np.fromiter(chain.from_iterable(numbers), np.int64, int(start[-1])), start)
