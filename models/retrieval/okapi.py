"""BM25Okapi of many queries, each over a small pool of its own: all at once, bit for bit as rank_bm25 0.2.2.

Pools about one topic differ only in what is left out, mostly the reviews of who asks. So words are counted
once for the topic, and what is left out is taken off again. Every sum is added up in the order in which
rank_bm25 does it, or its last bits would differ: the mean idf over the words of a pool by first appearance, a
score over the words of the query. `np.bincount` adds one after the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from models.retrieval.postings import UNKNOWN, Numbers, Postings, Terms, slices, spans, split, starts
from models.retrieval.tokens import Tokens

K1: Final = 1.5  # the three defaults of rank_bm25, which PGraphRAG leaves as they are
B: Final = 0.75
EPSILON: Final = 0.25

# Numbers worked on at a time, a few MB: five questions in 10, 30, 120, 300 thousand took 1.4 .7 .54 .48 s.
CELLS: Final = 300_000

Scores: TypeAlias = npt.NDArray[np.float64]


def okapi_scores(documents: Tokens, queries: Tokens, n_words: int, start: Numbers, pooled: Numbers) -> Scores:
    """The score of every document of every pool for the pool's query: (r,), in the order of `pooled`.

    documents, queries: n and m texts in n_words words. start (m + 1,), pooled (r,): the pool of query i is
    `pooled[start[i]:start[i + 1]]`, ascending rows of documents; ValueError when they are not. A pool without
    any word scores 0, where rank_bm25 would divide by zero.
    """
    if not np.isin(np.flatnonzero(np.diff(pooled) <= 0) + 1, start).all():
        raise ValueError("a pool must name its documents in ascending order, each once")
    postings = Postings.build(documents.word, documents.start, n_words)
    n = len(postings.length)
    logs = np.array([math.log(count + 0.5) for count in range(n + 1)])  # np.log may differ in the last bit
    column = np.empty(n, dtype=np.int64)
    scores = np.zeros(len(pooled))
    for batch in _batches(start, pooled, postings):
        terms = Terms.build(postings, batch.documents, batch.topic_of_document, n_words)
        if not len(terms.key):
            continue  # no document has a word
        column[batch.documents] = np.arange(len(batch.documents))
        lengths = queries.lengths[batch.queries]
        asked = queries.word[spans(queries.start[batch.queries], lengths)]
        term, term_start = terms.find(np.repeat(batch.topic, lengths), asked), starts(lengths)
        for part in _parts(terms, batch.topic, term, term_start):
            sizes = np.diff(start)[batch.queries[part]]
            places = spans(start[batch.queries[part]], sizes)
            read = term[term_start[part.start] : term_start[part.stop]]
            of_query = np.repeat(np.arange(part.stop - part.start), lengths[part])
            pools = _Pools(terms, batch.topic[part], sizes, column[pooled[places]], logs)
            scores[places] = pools.scores(of_query[read != UNKNOWN], read[read != UNKNOWN])
    return scores


@dataclass(frozen=True)
class _Batch:
    """Topics that are read together: queries (m,) and documents (c,), sorted by topic, 0 .. g - 1."""

    queries: Numbers
    topic: Numbers
    documents: Numbers
    topic_of_document: Numbers


def _batches(start: Numbers, pooled: Numbers, postings: Postings) -> Iterator[_Batch]:
    """Queries with much the same pool make a topic, any other is a topic alone; empty pools are in none."""
    n, sizes = len(postings.length), np.diff(start)
    asked = np.flatnonzero(sizes)
    if not len(asked):
        return
    begin, sizes = start[asked], sizes[asked]
    topic_of = np.full(n, UNKNOWN)
    topic_of[pooled[::-1]] = np.repeat(asked, sizes)[::-1]  # the first query that reads the document
    topic = np.minimum.reduceat(topic_of[pooled], begin)
    of_pooled = np.repeat(topic, sizes)
    topic_of[pooled] = of_pooled
    agreed = np.logical_and.reduceat(topic_of[pooled] == of_pooled, begin)
    n_documents = np.bincount(topic_of[topic_of != UNKNOWN], minlength=len(start))
    together = agreed & (2 * sizes > n_documents[topic])
    for query in asked[~together]:
        documents = pooled[start[query] : start[query + 1]]
        yield _Batch(np.array([query]), np.zeros(1, np.int64), documents, np.zeros_like(documents))
    yield from _topics(
        asked[together], topic[together], pooled[np.repeat(together, sizes)], topic_of, postings
    )


def _topics(
    queries: Numbers, topic: Numbers, pooled: Numbers, topic_of: Numbers, postings: Postings
) -> Iterator[_Batch]:
    """Batches of as many whole topics as have CELLS postings together, or of one that has more."""
    used = np.zeros(len(topic_of), dtype=bool)
    used[pooled] = True
    documents = np.flatnonzero(used)
    documents = documents[np.argsort(topic_of[documents], kind="stable")]
    order = np.argsort(topic, kind="stable")
    queries, topic = queries[order], topic[order]
    names, first = np.unique(topic_of[documents], return_index=True)
    if not len(names):
        return
    size = np.add.reduceat(np.diff(postings.start)[documents], first)
    batch = np.cumsum(size) // CELLS
    for chosen in np.split(np.arange(len(names)), np.flatnonzero(np.diff(batch)) + 1):
        low, high = names[chosen[0]], names[chosen[-1]]
        mine = slice(*np.searchsorted(topic, [low, high + 1]))
        read = slice(*np.searchsorted(topic_of[documents], [low, high + 1]))
        yield _Batch(
            queries[mine],
            np.searchsorted(names[chosen], topic[mine]),
            documents[read],
            np.searchsorted(names[chosen], topic_of[documents[read]]),
        )


def _parts(terms: Terms, topic: Numbers, term: Numbers, term_start: Numbers) -> list[slice]:
    """Runs of queries with about CELLS words, documents and words found in documents, together."""
    found = np.append(np.where(term == UNKNOWN, 0, terms.documents[term]), 0)
    work = np.diff(np.append(0, np.cumsum(found))[term_start])
    work += np.diff(terms.term_start)[topic] + np.diff(terms.column_start)[topic]
    cuts = np.flatnonzero(np.diff(np.cumsum(work) // CELLS)) + 1
    return [slice(int(a), int(b)) for a, b in pairwise([0, *cuts, len(topic)])]


class _Pools:
    """Pools of m queries about topics of `terms`: all columns of the topic but those that are left out.

    topic (m,), size (m,): documents of each pool. column: those documents, one pool after the other.
    """

    def __init__(self, terms: Terms, topic: Numbers, size: Numbers, column: Numbers, logs: Scores) -> None:
        self._terms, self._topic, self._size, self._logs = terms, topic, size, logs
        self._n_columns = np.diff(terms.column_start)[topic]
        self._n_terms = np.diff(terms.term_start)[topic]
        self._cells = starts(self._n_columns)  # a cell is a query and a column of its topic
        self._words = starts(self._n_terms)  # and here: a query and a term of its topic
        self._to_cell = self._cells[:-1] - terms.column_start[topic]
        self._to_word = self._words[:-1] - terms.term_start[topic]
        self._pooled = column + np.repeat(self._to_cell, size)
        self._take_off()

    def _take_off(self) -> None:
        """Pairs of query and term that stand in columns left out: sorted by both.

        _off: how many such columns; _missed: how many of the first columns with the term are left out.
        """
        terms = self._terms
        inside = np.zeros(self._cells[-1], dtype=bool)
        inside[self._pooled] = True
        outside = np.flatnonzero(~inside)
        query = np.searchsorted(self._cells, outside, side="right") - 1
        column = outside - self._to_cell[query]
        self._length = np.add.reduceat(terms.length, terms.column_start[:-1])[self._topic]
        np.subtract.at(self._length, query, terms.length[column])
        n_postings = np.diff(terms.posting_start)[column]
        posting = spans(terms.posting_start[column], n_postings)
        query = np.repeat(query, n_postings)
        depth = int(terms.documents.max()) + 1
        key = (query * len(terms.first) + terms.term[posting]) * depth + terms.rank[posting]
        pair, rank = split(np.sort(key), depth)
        first = np.flatnonzero(np.diff(pair, prepend=-1))
        self._off = np.diff(first, append=len(pair))
        self._off_query, self._off_term = split(pair[first], len(terms.first))
        run = np.arange(len(pair)) - np.repeat(first, self._off)
        self._missed = np.add.reduceat((rank == run).astype(np.int64), first) if len(first) else self._off

    def _idf(self, query: Numbers, documents: Numbers) -> Scores:
        """Of words by the number of documents in the query's pool that have them."""
        return self._logs[self._size[query] - documents] - self._logs[documents]

    def _floors(self) -> Scores:
        """(m,): EPSILON of the mean idf of all words of a pool."""
        terms, query, off_term = self._terms, self._off_query, self._off_term
        left = terms.documents[off_term] - self._off
        value = np.where(left > 0, self._idf(query, left), 0.0)
        values = self._untouched()
        values[self._to_word[query] + terms.place[off_term]] = np.where(self._missed, 0.0, value)
        moved = np.flatnonzero((self._missed > 0) & (left > 0))
        posting = terms.by_term[terms.first[off_term[moved]] + self._missed[moved]]
        order = np.lexsort((posting, query[moved]))
        moved, posting = moved[order], posting[order]
        at = np.searchsorted(terms.leading, posting) + self._to_word[query[moved]]
        values = np.insert(values, at, value[moved])
        n_values = self._n_terms + np.bincount(query[moved], minlength=len(self._topic))
        of_query = np.repeat(np.arange(len(self._topic)), n_values)
        total = np.bincount(of_query, values, minlength=len(self._topic))
        n_words = self._n_terms - np.bincount(query[left == 0], minlength=len(self._topic))
        return EPSILON * (total / np.maximum(n_words, 1))

    def _untouched(self) -> Scores:
        """The idf of every word as if nothing that has it were left out, by first appearance in the topic.

        Computed once for all pools of a topic that are equally large.
        """
        terms = self._terms
        key = self._topic * (self._size.max() + 1) + self._size
        _, first, kind = np.unique(key, return_index=True, return_inverse=True)
        n_terms = self._n_terms[first]
        documents = slices(terms.spread, terms.term_start[self._topic[first]], n_terms)
        size = np.repeat(self._size[first], n_terms)
        values = self._logs[np.maximum(size - documents, 0)] - self._logs[documents]
        return slices(values, starts(n_terms)[kind], self._n_terms)

    def scores(self, query: Numbers, term: Numbers) -> Scores:
        """Of every document of every pool, in order; query, term (q,): what is asked, in order."""
        terms = self._terms
        off = np.zeros(self._words[-1], dtype=np.int64)
        off[self._to_word[self._off_query] + self._off_term] = self._off
        left = terms.documents[term] - off[self._to_word[query] + term]
        query, term, left = query[left > 0], term[left > 0], left[left > 0]
        idf = self._idf(query, left)
        idf = np.where(idf < 0, self._floors()[query], idf)
        mean = np.where(self._length, self._length, 1) / self._size
        length = slices(terms.length, terms.column_start[self._topic], self._n_columns)
        norm = K1 * (1 - B + B * length / np.repeat(mean, self._n_columns))
        n_found = terms.documents[term]
        found = spans(terms.first[term], n_found)
        cell = terms.column[found] + np.repeat(self._to_cell[query], n_found)
        count = terms.count[found]
        weight = count * (K1 + 1)
        count += norm[cell]
        weight /= count
        weight *= np.repeat(idf, n_found)
        scores = np.bincount(cell, weight, minlength=self._cells[-1])
        return np.asarray(scores[self._pooled], dtype=np.float64)
