"""Texts and their titles as arrays: words, tokens, likeness of texts, words that a title takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from scipy import linalg, sparse

from models.arms.likeness import counted, damped, posted, softmax, unit
from models.arms.pool import Pool
from models.evaluation.words import rouge_words
from models.retrieval.corpus import ALWAYS, NEVER

FIRST_TOKENS, LAST_TOKENS = 70, 20  # of a text: titles are rarely taken from the middle of a long one
CLAUSE_ENDS: Final = ".,:;!?"
CLOSERS: Final = "\"')"


@dataclass(frozen=True)
class Titled:
    """The n reviews of a pool (texts 0 to n - 1) and the inputs of its m examples (texts n to n + m - 1).

    titles (n,); tokens: of all texts, between spaces, those that have a word; text_of (t,): the text of a
    token; start (n + m + 1,): the tokens of a text. word, token_of (e,): words of all tokens in order.
    column (v,): of each word in title_says, the last one, empty, for words of no title; title_says
    (n, columns): ones; title_length (n,): words; key (n,): equal for titles of the same words.
    vectors: texts by rarity-weighted words, rows of length 1. user, topic, time of every text.
    """

    titles: list[str]
    tokens: list[str]
    text_of: np.ndarray
    start: np.ndarray
    word: np.ndarray
    token_of: np.ndarray
    column: np.ndarray
    title_says: sparse.csr_matrix
    title_length: np.ndarray
    key: np.ndarray
    vectors: sparse.csr_matrix
    user: np.ndarray
    topic: np.ndarray
    time: np.ndarray

    @classmethod
    def build(cls, pool: Pool) -> Titled:
        """From a pool of the task "short"."""
        reviews, examples = pool.reviews, pool.examples
        titles = reviews["title"].fill_null("").to_list()
        texts = [*reviews["text"].fill_null("").to_list(), *examples["input"].to_list()]
        numbers: dict[bytes, int] = {}
        tokens, text_of, words_of = _tokens(texts, numbers)
        of_titles = [
            [numbers.setdefault(word, len(numbers)) for word in rouge_words(title)] for title in titles
        ]
        column = _columns(of_titles, len(numbers))
        says = _says(
            [[int(column[word]) for word in words] for words in of_titles], column.max(initial=0) + 1
        )
        keys: dict[tuple[int, ...], int] = {}
        both = [
            pl.concat([reviews[name], examples[name]]).to_numpy().astype(object)
            for name in ("user_id", "topic_id")
        ]
        lengths = np.array([len(words) for words in words_of], dtype=np.int64)
        return cls(
            titles=titles,
            tokens=tokens,
            text_of=text_of,
            start=np.searchsorted(text_of, np.arange(len(texts) + 1)),
            word=np.array([word for words in words_of for word in words], dtype=np.int64),
            token_of=np.repeat(np.arange(len(tokens)), lengths),
            title_says=says,
            column=column,
            title_length=np.array([len(words) for words in of_titles], dtype=np.int64),
            key=np.array([keys.setdefault(tuple(words), len(keys)) for words in of_titles], dtype=np.int64),
            vectors=_vectors(texts, len(titles)),
            user=both[0],
            topic=both[1],
            time=np.concatenate([posted(reviews, ALWAYS), posted(examples, NEVER)]),
        )

    @property
    def n(self) -> int:
        """How many reviews there are."""
        return len(self.titles)

    @cached_property
    def ends_clause(self) -> np.ndarray:
        """(t,) whether a clause ends with a token."""
        return np.array([token.rstrip(CLOSERS)[-1:] in set(CLAUSE_ENDS) for token in self.tokens], dtype=bool)

    @cached_property
    def pairs(self) -> Pairs:
        """Every word of every text, once."""
        return Pairs.of(self)

    def likeness(
        self, asked: np.ndarray, visible: np.ndarray, near: float, far: float, doubt: float
    ) -> np.ndarray:
        """(asked, n) weights of the reviews that are visible (asked, n) to texts; rows sum to 1, or are 0.

        Reviews of the topic by likeness to the power `near`, others by `far`; `doubt` as in `Sharpness`.
        """
        alike = (self.vectors[asked] @ self.vectors[: self.n].T).toarray()
        same = visible & (self.topic[asked][:, None] == self.topic[None, : self.n])
        count = same.sum(axis=1, keepdims=True)
        trust = count / (count + doubt)
        weights = trust * softmax(near * alike, same) + (1 - trust) * softmax(far * alike, visible)
        return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12))

    def rows_of(self, key: int) -> np.ndarray:
        """The reviews whose titles have these words, ascending."""
        order, start = self._by_key
        return np.asarray(order[start[key] : start[key + 1]])

    @cached_property
    def _by_key(self) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(self.key, kind="stable")
        return order, np.searchsorted(self.key[order], np.arange(self.key.max(initial=-1) + 2))


@dataclass(frozen=True)
class Regression:
    """Kernel ridge regression on the likeness of texts, learned from the reviews `rows`."""

    rows: np.ndarray
    factor: tuple[np.ndarray, bool]

    @classmethod
    def learn(cls, titled: Titled, rows: np.ndarray, penalty: float) -> Regression:
        """Takes time with the cube of the rows."""
        kernel = (titled.vectors[rows] @ titled.vectors[rows].T).toarray()
        kernel[np.diag_indices(len(rows))] += penalty
        return cls(rows, linalg.cho_factor(kernel))

    def weights(self, titled: Titled, asked: np.ndarray) -> np.ndarray:
        """(asked, n) what each review's title counts; rows sum to 1, and some weights are negative."""
        alike = (titled.vectors[self.rows] @ titled.vectors[asked].T).toarray()
        weights = linalg.cho_solve(self.factor, alike).T
        full = np.zeros((len(asked), titled.n))
        full[:, self.rows] = weights + (1 - weights.sum(axis=1, keepdims=True)) / len(self.rows)
        return full


@dataclass(frozen=True)
class Pairs:
    """Every word of every text once: p pairs, texts ascending.

    text, word (p,); in_title (p,): whether the review's title says it, false for inputs; of_entry (e,): the
    pair of an entry of `Titled.word`; shape (p, 6): first token that has it, the same as a share of the text,
    how often, clause of the first, tokens of the text, whether it is capital.
    """

    text: np.ndarray
    word: np.ndarray
    in_title: np.ndarray
    of_entry: np.ndarray
    shape: np.ndarray

    @classmethod
    def of(cls, titled: Titled) -> Pairs:
        text = titled.text_of[titled.token_of]
        width = len(titled.column)
        pairs, first, of_entry, count = np.unique(
            text * width + titled.word, return_index=True, return_inverse=True, return_counts=True
        )
        owner, token = pairs // width, titled.token_of[first]
        ends = np.concatenate([[0], np.cumsum(titled.ends_clause)])
        begin, size = titled.start[owner], np.diff(titled.start)[owner]
        capital = np.array([titled.tokens[place][:1].isupper() for place in token], dtype=bool)
        place = token - begin
        shape = np.column_stack([place, place / size, count, ends[token] - ends[begin], size, capital])
        word = pairs % width
        in_title = np.zeros(len(pairs), dtype=bool)
        ours = np.flatnonzero(owner < titled.n)
        in_title[ours] = _said(titled.title_says, owner[ours], titled.column[word[ours]])
        return cls(owner, word, in_title, of_entry, shape.astype(np.float64))


def _tokens(texts: Sequence[str], numbers: dict[bytes, int]) -> tuple[list[str], np.ndarray, list[list[int]]]:
    """Tokens of all texts that have a word, the text of each, and the numbers of their words."""
    tokens: list[str] = []
    owners: list[int] = []
    words: list[list[int]] = []
    for owner, text in enumerate(texts):
        cut = [(token, said) for token in text.split() if (said := rouge_words(token))]
        if len(cut) > FIRST_TOKENS + LAST_TOKENS:
            cut = cut[:FIRST_TOKENS] + cut[-LAST_TOKENS:]
        for token, said in cut:
            tokens.append(token)
            owners.append(owner)
            words.append([numbers.setdefault(word, len(numbers)) for word in said])
    return tokens, np.array(owners, dtype=np.int64), words


def _columns(titles: Sequence[Sequence[int]], width: int) -> np.ndarray:
    """(width,) the column of each word: few words are ever said by a title, the others share one more."""
    said = np.unique(np.array([word for words in titles for word in words], dtype=np.int64))
    columns = np.full(width, len(said))
    columns[said] = np.arange(len(said))
    return columns


def _says(words: Sequence[Sequence[int]], width: int) -> sparse.csr_matrix:
    """(texts, width) of ones: which words each says."""
    rows = np.repeat(np.arange(len(words)), [len(row) for row in words])
    flat = np.array([word for row in words for word in row], dtype=np.int64)
    matrix = sparse.csr_matrix((np.ones(len(flat)), (rows, flat)), shape=(len(words), width))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def _said(says: sparse.csr_matrix, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Whether the row says the word of the column, pair by pair."""
    if not len(rows):
        return np.zeros(0, dtype=bool)
    return np.asarray(np.asarray(says[rows, columns]).ravel() > 0)


def _vectors(texts: Sequence[str], reviews: int) -> sparse.csr_matrix:
    """Rows of length 1, words weighted by their rarity among the first `reviews` texts."""
    matrix = counted(texts, {})
    found = np.bincount(matrix[:reviews].indices, minlength=matrix.shape[1])
    return unit(damped(matrix) @ sparse.diags(np.log((2 + reviews) / (1 + found))))
