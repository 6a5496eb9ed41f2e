"""What a baseline shows a language model: the user's own reviews, other users' of the topic, or anybody's.

All of it is visible to the example: never its target, nothing that several users share, earlier reviews only
where times are known. A user whom the audit does not believe to be one person has no history.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
import polars as pl

from models.agents import ReviewLine
from models.arms.pool import Pool
from models.retrieval import bm25
from models.retrieval.chance import hashes, shares
from models.retrieval.corpus import steps

Source = Literal["history", "neighbors", "both", "random"]
Ranker = Literal["bm25", "dense", "recency", "random"]

SOURCES: Final[tuple[Source, ...]] = get_args(Source)
RANKERS: Final[tuple[Ranker, ...]] = get_args(Ranker)

Comparison: TypeAlias = tuple[ReviewLine, tuple[ReviewLine, ...]]  # of the user, by others on the same topic


@dataclass(frozen=True)
class Evidence:
    """What one example may be shown, best first. history: by its user; others: by other users."""

    history: tuple[ReviewLine, ...] = ()
    others: tuple[ReviewLine, ...] = ()

    @property
    def review_ids(self) -> list[str]:
        """Where it all comes from, the user's own reviews first."""
        return [review.review_id for review in (*self.history, *self.others)]


@dataclass(frozen=True)
class Meanings:
    """Unit rows by which `dense` ranks, in the order of a pool: inputs (m, d) and reviews (n, d)."""

    inputs: np.ndarray
    reviews: np.ndarray


@dataclass(frozen=True)
class Order:
    """How reviews are ranked, and how many are kept; seed: of the draws of `random`."""

    ranker: Ranker
    k: int
    seed: int
    meanings: Meanings | None = None  # `dense` needs them


def gather(pool: Pool, source: Source, order: Order) -> list[Evidence]:
    """What each example of the pool is shown: k reviews of a source, of `both` k each."""
    nothing = [np.empty(0, dtype=np.int64)] * pool.examples.height
    own, others = nothing, nothing
    if source in ("history", "both"):
        own = best(history(pool), order)
    if source in ("neighbors", "both"):
        others = best(pool, order)
    if source == "random":
        others = strangers(pool, order)
    quoted = lines(pool)
    return [
        Evidence(tuple(quoted[row] for row in mine), tuple(quoted[row] for row in theirs))
        for mine, theirs in zip(own, others, strict=True)
    ]


def compared(pool: Pool, order: Order, peers: int) -> list[list[Comparison]]:
    """The k best reviews of each example's user beside at most `peers` of other users on the same topic.

    The peers of a review are drawn by a hash. Where nobody else wrote about any of them, nothing is compared.
    """
    by_topic = pool.reviews.with_row_index("row").group_by("topic_id").agg(pl.col("row").sort())
    rows_of = dict(zip(by_topic["topic_id"], by_topic["row"], strict=True))
    topics = pool.reviews["topic_id"].to_list()
    draw, quoted = _Draw(pool, order.seed), lines(pool)
    found = []
    for example, own in enumerate(best(history(pool), order)):
        pairs = []
        for row in own.tolist():
            others = draw.of(example, rows_of[topics[row]].to_numpy(), peers)
            pairs.append((quoted[row], tuple(quoted[other] for other in others)))
        found.append(pairs if any(others for _, others in pairs) else [])
    return found


def lines(pool: Pool) -> list[ReviewLine]:
    """Every review of the pool (n), as prompts quote it."""
    told = pool.reviews.select("title", "text", "rating", "review_id")
    return [
        ReviewLine(title or "", text or "", rating, review_id=review_id)
        for title, text, rating, review_id in told.iter_rows()
    ]


def history(pool: Pool) -> Pool:
    """The same examples and reviews; what may be quoted are the user's own reviews, the target left out."""
    asked = pool.examples.with_row_index("example").filter(~pl.col("user_is_flagged"))
    told = pool.reviews.with_row_index("review").select("review", "review_id", "user_id", "posted_at")
    earlier = pl.col("posted_at_of_review") < pl.col("posted_at")  # null where a time is unknown
    pairs = (
        asked.select("example", "user_id", "target_review_id", "posted_at")
        .join(told, on="user_id", suffix="_of_review")
        .filter(pl.col("review_id") != pl.col("target_review_id"), earlier.fill_null(True))
        .sort("example", "review")
    )
    counts = np.bincount(pairs["example"].to_numpy(), minlength=pool.examples.height)
    return replace(
        pool,
        start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        review=pairs["review"].to_numpy().astype(np.int64),
    )


def best(pool: Pool, order: Order) -> list[np.ndarray]:
    """Rows of at most k quotable reviews of each example, best first; ties to the lower row, but in BM25."""
    if order.ranker == "bm25":
        read, pooled = np.unique(pool.review, return_inverse=True)  # tokens of no other review are needed
        documents, inputs = bm25.documents_of(pool.reviews[read]), pool.examples["input"].fill_null("")
        return [read[rows] for rows in bm25.top(documents, inputs.to_list(), pool.start, pooled, order.k)]
    scores = _scores(pool, order)
    found = []
    for example in range(pool.examples.height):
        rows = pool.rows(example)
        places = np.lexsort((rows, -scores[pool.start[example] : pool.start[example + 1]]))
        found.append(rows[places[: order.k]])
    return found


def strangers(pool: Pool, order: Order) -> list[np.ndarray]:
    """Rows of k reviews of any topic by other users, drawn by a hash."""
    draw, everything = _Draw(pool, order.seed), np.arange(pool.reviews.height)
    return [draw.of(example, everything, order.k) for example in range(pool.examples.height)]


class _Draw:
    """Draws others' reviews by a hash of seed, example and review; earlier ones where times are known."""

    def __init__(self, pool: Pool, seed: int) -> None:
        asked, told = (
            frame.select("user_id", time=pl.col("posted_at").cast(pl.Datetime("us")).dt.epoch("us"))
            for frame in (pool.examples, pool.reviews)
        )
        self._asked = asked.rows()
        self._user, self._time = told["user_id"].to_numpy(), told["time"].to_numpy()
        self._examples = hashes(pool.examples["example_id"], seed)
        self._reviews = hashes(pool.reviews["review_id"], seed)

    def of(self, example: int, rows: np.ndarray, count: int) -> np.ndarray:
        """At most `count` of the rows that the example may see and its user did not write."""
        own, now = self._asked[example]
        allowed = self._user[rows] != own
        if now is not None:
            allowed &= ~(self._time[rows] >= now)  # a time that is not known is no later
        seen = rows[allowed]
        drawn = np.argsort(-shares(self._reviews[seen] ^ self._examples[example]), kind="stable")
        return np.asarray(seen[drawn[:count]])


def _scores(pool: Pool, order: Order) -> np.ndarray:
    """How well each quotable review (of all examples one after the other, as `pool.review`) serves."""
    if order.ranker == "dense":
        return _likeness(pool, order.meanings)
    if order.ranker == "recency":
        return _newness(pool)[pool.review]
    example = np.repeat(np.arange(pool.examples.height), np.diff(pool.start))
    example_hash = hashes(pool.examples["example_id"], order.seed)
    review_hash = hashes(pool.reviews["review_id"], order.seed)
    return shares(review_hash[pool.review] ^ example_hash[example])


def _likeness(pool: Pool, meanings: Meanings | None) -> np.ndarray:
    """Cosine of input and review, in whole steps: below them lies rounding noise."""
    if meanings is None:
        raise ValueError("dense ranking needs meanings")
    found = np.zeros(len(pool.review), dtype=np.int64)
    for example in range(pool.examples.height):
        place = slice(pool.start[example], pool.start[example + 1])
        found[place] = steps(meanings.reviews[pool.review[place]] @ meanings.inputs[example])
    return found


def _newness(pool: Pool) -> np.ndarray:
    """(n,) 0 for the newest review, then -1, -2, ...

    Reviews without a time come after those with one, in the order of their source, as in staging.reviews,
    where the first of a user counts as the latest.
    """
    order = (
        pool.reviews.with_row_index("row")
        .sort(
            ["posted_at", "source_file", "source_row", "review_id"],
            descending=[True, False, False, False],
            nulls_last=True,
        )["row"]
        .to_numpy()
    )
    place = np.empty(len(order), dtype=np.int64)
    place[order] = -np.arange(len(order))
    return place
