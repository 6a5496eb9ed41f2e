"""BM25 as PGraphRAG ranks by it: Okapi over a small pool of its own for every query.

Equal bit for bit to BM25Okapi of rank_bm25 0.2.2 (k1 1.5, b .75, epsilon .25; Robertson et al. 1994, idf as
in Trotman et al. 2014). Ties: the later document first, as rank_bm25's `argsort(scores)[::-1]` has it
when the sort is stable.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from models.retrieval.tokens import tokens

K1: Final = 1.5  # the three defaults of rank_bm25, which PGraphRAG leaves as they are
B: Final = 0.75
EPSILON: Final = 0.25

Rows = npt.NDArray[np.int64]


def documents_of(reviews: pl.DataFrame) -> list[str]:
    """What BM25 reads of each review: its title, a space, its text."""
    return [f"{title or ''} {text}" for title, text in reviews.select("title", "text").iter_rows()]


def top(documents: Sequence[str], queries: Sequence[str], start: Rows, pooled: Rows, k: int) -> list[Rows]:
    """For each of m queries the best k of its own pool, best first: rows of `documents`.

    documents: (n) texts. queries: (m) texts. start (m + 1,), pooled: the pool of query i is the rows
    `pooled[start[i]:start[i + 1]]` of documents. A pool with fewer than k documents is ranked whole.
    """
    read, asked = [tokens(text) for text in documents], [tokens(text) for text in queries]
    scores = bm25_scores(read, asked, start, pooled)
    return [
        pooled[first:last][np.argsort(scores[first:last], kind="stable")[::-1][:k]]
        for first, last in pairwise(start)
    ]


def bm25_scores(
    documents: Sequence[Sequence[str]], queries: Sequence[Sequence[str]], start: Rows, pooled: Rows
) -> npt.NDArray[np.float64]:
    """The score of every document of every pool for the pool's query, in the order of `pooled`.

    documents, queries: tokens. Shapes as in `top`. A pool without a token scores 0.
    """
    scores = np.zeros(len(pooled))
    counts = [Counter(document) for document in documents]
    for query, first, last in zip(queries, start[:-1], start[1:], strict=True):
        pool = [counts[row] for row in pooled[first:last]]
        lengths = np.array([document.total() for document in pool], dtype=np.int64)
        if lengths.any():
            norm = K1 * (1 - B + B * lengths / (lengths.sum() / len(pool)))
            idf = _idf(pool)
            for token in query:
                found = np.array([document[token] for document in pool])
                scores[first:last] += idf.get(token, 0) * (found * (K1 + 1) / (found + norm))
    return scores


def _idf(pool: Sequence[Counter[str]]) -> dict[str, float]:
    found: Counter[str] = Counter()
    for document in pool:
        found.update(document.keys())
    idf = {token: math.log(len(pool) - count + 0.5) - math.log(count + 0.5) for token, count in found.items()}
    total = 0.0
    for value in idf.values():
        total += value
    floor = EPSILON * (total / len(idf))
    return {token: floor if value < 0 else value for token, value in idf.items()}
