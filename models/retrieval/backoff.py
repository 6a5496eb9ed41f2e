"""Semantic backoff: when too few others wrote about a topic, the nearest topics of the dataset fill up.

Topics are as near as their vectors, the normalized means of their reviews' vectors. The example's own topic
is asked for by the mean of exactly those reviews that the example may see, so its own target leaves no trace;
where there is none, by the meaning of the input. Other topics never hold the target, so their stored vectors
serve, over reviews of any time; what is shown is earlier only. Rows are marked `backoff` with their distance.

Measured on examples with fewer than four reviews of their topic, content-word recall of the hidden text: own
topic alone / nearest topic first / eight nearest pooled / random topics: Amazon .125 / .216 / .220 / .190,
Hotel .161 / .264 / .278 / .273, B2W .151 / .232 / .238 / .236.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from models.retrieval.alignment import Evidence, is_known
from models.retrieval.corpus import STEPS, Corpus, best, steps
from models.retrieval.ranking import Asked, Found, Order

POOLED: Final = 8  # nearest topics whose reviews compete; 3, 5 and 16 recalled less in two of three corpora
NEAREST: Final = 64  # topics looked at when those have too few reviews that may be seen
BLOCK_CELLS: Final = 4_000_000  # examples x topics worked on at once: about 100 MB


@dataclass(frozen=True)
class NearTopics:
    """Topics with reviews: number (t,) as in the corpus, ascending, and vector (t, d) unit rows."""

    number: np.ndarray
    vector: np.ndarray


def fill_up(
    corpus: Corpus,
    asked: Asked,
    evidence: Evidence,
    wanted: np.ndarray,
    exact: Found,
    near: NearTopics,
    k: int,
    order: Order,
) -> Found:
    """Rows of near topics for every example with fewer than k rows in `exact`, ranked after those.

    The reviews of the nearest topics are ranked together, by relevance and alignment; wanted (m, d) are the
    expected preferences, zero where unknown. Time grows with thin examples times topics.
    """
    have = np.bincount(exact.example, minlength=corpus.examples.height)
    thin = np.flatnonzero(have < k)
    queries = _queries(asked.input, evidence.review, exact, thin)
    about = corpus.examples["topic"].to_numpy()
    others = _Others(corpus)
    found = []
    block = max(1, BLOCK_CELLS // max(1, len(near.number)))
    for start in range(0, len(thin), block):
        rows = slice(start, start + block)
        allowed = (near.number[None, :] != about[thin[rows], None]) & is_known(queries[rows])[:, None]
        columns, likeness = best(queries[rows] @ near.vector.T, allowed, NEAREST)
        for example, topics, closeness in zip(thin[rows], columns, likeness, strict=True):
            missing = k - int(have[example])
            told, place = others.eligible(int(example), near.number[topics[topics >= 0]], missing)
            relevance, alignment = _judge(evidence, asked.input[example], wanted[example], told)
            row = np.array([example])
            score = order.scores(row, told, relevance, alignment, asked.by_title[row])[0]
            first = np.lexsort((told, -steps(score)))[:missing]
            found.append(
                Found(
                    example=np.full(len(first), example),
                    rank=have[example] + 1 + np.arange(len(first)),
                    review=told[first],
                    alignment=alignment[0, first],
                    relevance=relevance[0, first],
                    distance=np.maximum(1.0 - closeness[place[first]], 1 / STEPS),  # 0 is the topic itself
                )
            )
    return Found.concat(found)


def _queries(inputs: np.ndarray, review: np.ndarray, exact: Found, thin: np.ndarray) -> np.ndarray:
    """(len(thin), d) float32: the own topic, by the reviews the example may see; all are in `exact`."""
    rows = np.isin(exact.example, thin)
    shape = (len(inputs), len(review))
    shown = sparse.csr_matrix((np.ones(rows.sum()), (exact.example[rows], exact.review[rows])), shape=shape)
    shown.sort_indices()  # sums in order of review ids, whatever the ranks
    topic = (shown @ review)[thin]
    length = np.linalg.norm(topic, axis=1, keepdims=True)
    return np.where(length > 0, topic / np.where(length > 0, length, 1.0), inputs[thin]).astype(np.float32)


def _judge(
    evidence: Evidence, given: np.ndarray, wanted: np.ndarray, told: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Relevance and alignment (1, t) of reviews of other topics; alignment is that of the one review."""
    beyond = evidence.beyond[told]
    known = is_known(beyond) & wanted.any()
    alignment = np.where(known, beyond @ wanted, np.nan)
    return (evidence.review[told] @ given)[None, :], alignment[None, :]


class _Others:
    """Which reviews of a topic an example may see."""

    def __init__(self, corpus: Corpus) -> None:
        self._user, self._time, topic = (
            corpus.reviews[name].to_numpy() for name in ("user", "time", "topic")
        )
        self._asker, self._before = (corpus.examples[name].to_numpy() for name in ("user", "time"))
        self._rows = np.argsort(topic, kind="stable")
        self._topics = topic[self._rows]

    def eligible(self, example: int, topics: np.ndarray, enough: int) -> tuple[np.ndarray, np.ndarray]:
        """(rows, place of their topic in `topics`), whole topics in order: POOLED, more until enough."""
        told, place, count = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)], 0
        first = np.searchsorted(self._topics, topics, side="left")
        last = np.searchsorted(self._topics, topics, side="right")
        for number in range(len(topics)):
            rows = self._rows[first[number] : last[number]]
            rows = rows[
                (self._user[rows] != self._asker[example]) & (self._time[rows] < self._before[example])
            ]
            told.append(rows)
            place.append(np.full(len(rows), number))
            count += len(rows)
            if number + 1 >= POOLED and count >= enough:
                break
        return np.concatenate(told), np.concatenate(place)
