"""Which words stand in which documents: flat arrays, for many topics at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[np.int64]

UNKNOWN: Final = -1  # in place of a number that there is not


def starts(lengths: npt.ArrayLike) -> Numbers:
    """(n + 1,): where each of n parts of these lengths begins, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def spans(start: Numbers, lengths: Numbers) -> Numbers:
    """The numbers start[i] .. start[i] + lengths[i] - 1 of every i, one after the other."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(start - before, lengths) + np.arange(int(lengths.sum()))


def slices(values: np.ndarray, start: Numbers, lengths: Numbers) -> np.ndarray:
    """`values[spans(start, lengths)]`, faster where the spans are long."""
    ends = (start + lengths).tolist()
    return np.concatenate([values[:0], *(values[a:b] for a, b in zip(start.tolist(), ends, strict=True))])


def split(pair: Numbers, size: int) -> tuple[Numbers, Numbers]:
    """(a, b) of the numbers a * size + b; 1.6 times as fast as `np.divmod`."""
    high = pair // size
    return high, pair - high * size


@dataclass(frozen=True)
class Postings:
    """The different words of n documents by number, in order of document and first appearance.

    word, count (p,); start (n + 1,): those of document i are start[i]:start[i + 1]. length (n,): all words.
    """

    word: Numbers
    count: Numbers
    start: Numbers
    length: Numbers

    @classmethod
    def build(cls, word: Numbers, start: Numbers, n_words: int) -> Postings:
        """From the words (t,) of all documents, those of document i at start[i]:start[i + 1]."""
        length = np.diff(start)
        document = np.repeat(np.arange(len(length)), length)
        longest = int(length.max(initial=0)) + 1
        place = np.arange(len(word)) - np.repeat(start[:-1], length)
        # sorting one number is many times as fast as sorting by three; 10 million documents still fit
        stands = np.sort((document * n_words + word) * longest + place)
        pair, place = split(stands, longest)
        first = np.flatnonzero(np.diff(pair, prepend=-1))
        count = np.zeros(len(word), dtype=np.int64)
        count[start[pair[first] // n_words] + place[first]] = np.diff(first, append=len(pair))
        kept = count > 0
        return cls(
            word[kept], count[kept], starts(np.bincount(document[kept], minlength=len(length))), length
        )


@dataclass(frozen=True)
class Terms:
    """The words of some topics: a column is a document of a topic, a term a word of a topic, sorted by topic.

    column_start, term_start (g + 1,): those of each topic. length (c,): words of a column, repeated ones too.
    posting_start (c + 1,): postings of a column; term, rank (p,): the term of each, and in how many columns
    of the topic it stood before. by_term (p,): postings sorted by term; first, documents (t,): where those of
    a term begin there, and how many columns have it; column, count (p,): of the postings so sorted.
    leading (t,): the first posting of every term, ascending; spread (t,): `documents` in this order; place
    (t,): where a term is in it. key (t,): topic and word of a term as one number.
    """

    column_start: Numbers
    term_start: Numbers
    length: Numbers
    posting_start: Numbers
    term: Numbers
    rank: Numbers
    documents: Numbers
    first: Numbers
    by_term: Numbers
    column: Numbers
    count: npt.NDArray[np.float64]
    leading: Numbers
    spread: Numbers
    place: Numbers
    key: Numbers
    n_words: int

    @classmethod
    def build(cls, postings: Postings, documents: Numbers, topic: Numbers, n_words: int) -> Terms:
        """documents (c,): rows of the columns, sorted by topic (c,), 0 .. g - 1."""
        different = np.diff(postings.start)[documents]
        chosen = spans(postings.start[documents], different)
        column = np.repeat(np.arange(len(documents)), different)
        key = topic[column] * n_words + postings.word[chosen]
        ordered, by_term = split(np.sort(key * len(key) + np.arange(len(key))), max(len(key), 1))
        first = np.flatnonzero(np.diff(ordered, prepend=-1))
        count = np.diff(first, append=len(ordered))
        term, rank = np.empty_like(by_term), np.empty_like(by_term)
        term[by_term] = np.repeat(np.arange(len(first)), count)
        rank[by_term] = np.arange(len(ordered)) - np.repeat(first, count)
        leading = np.flatnonzero(rank == 0)
        place = np.empty_like(leading)
        place[term[leading]] = np.arange(len(leading))
        n_topics = int(topic[-1]) + 1
        return cls(
            column_start=starts(np.bincount(topic, minlength=n_topics)),
            term_start=starts(np.bincount(topic[column[leading]], minlength=n_topics)),
            length=postings.length[documents],
            posting_start=starts(different),
            term=term,
            rank=rank,
            documents=count,
            first=first,
            by_term=by_term,
            column=column[by_term],
            count=postings.count[chosen][by_term].astype(np.float64),  # mixed types cost time later
            leading=leading,
            spread=count[term[leading]],
            place=place,
            key=ordered[first],
            n_words=n_words,
        )

    def find(self, topic: Numbers, word: Numbers) -> Numbers:
        """The terms of words (q,) in topics (q,), UNKNOWN for a word that the topic does not have."""
        wanted = topic * self.n_words + word
        place = np.minimum(np.searchsorted(self.key, wanted), len(self.key) - 1)
        return np.where(self.key[place] == wanted, place, UNKNOWN)
