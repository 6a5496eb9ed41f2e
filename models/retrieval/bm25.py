"""BM25 as PGraphRAG ranks by it: Okapi over a small pool of its own for every query.

Scores equal BM25Okapi's of rank_bm25 0.2.2 bit for bit (k1 1.5, b .75, epsilon .25; Robertson et al. 1994,
idf as in Trotman et al. 2014), so ranks do, ties included. Of equal scores the later document is first, as in
rank_bm25's `argsort(scores)[::-1]` when the sort is stable: NumPy's default is not, and differs by machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import polars as pl

from models.retrieval.okapi import Scores, okapi_scores
from models.retrieval.postings import Numbers
from models.retrieval.tokens import Vocabulary


def documents_of(reviews: pl.DataFrame) -> list[str]:
    """What BM25 reads of each review: its title, a space, its text."""
    return [f"{title or ''} {text}" for title, text in reviews.select("title", "text").iter_rows()]


def bm25_scores(documents: Sequence[str], queries: Sequence[str], start: Numbers, pooled: Numbers) -> Scores:
    """The score of every document of every pool for the pool's query: (r,), in the order of `pooled`.

    documents, queries: n and m texts. start (m + 1,), pooled (r,): the pool of query i is the documents
    `pooled[start[i]:start[i + 1]]`, ascending; ValueError when they are not.
    """
    vocabulary = Vocabulary()
    read, asked = vocabulary.read(documents), vocabulary.read(queries)
    return okapi_scores(read, asked, len(vocabulary.words), start, pooled)


def top(
    documents: Sequence[str], queries: Sequence[str], start: Numbers, pooled: Numbers, k: int | None = None
) -> list[Numbers]:
    """For each of m queries the best k of its pool (None: all), best first, as rows of `documents`.

    Shapes as in `bm25_scores`.
    """
    return ranked(bm25_scores(documents, queries, start, pooled), start, pooled, k)


def ranked(scores: Scores, start: Numbers, pooled: Numbers, k: int | None = None) -> list[Numbers]:
    """The best k documents of each pool, best first, from the scores (r,) of `pooled` (r,)."""
    pools = pairwise(start.tolist())
    return [pooled[first:last][scores[first:last].argsort(kind="stable")[::-1][:k]] for first, last in pools]
