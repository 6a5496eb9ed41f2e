"""Style trajectory: who writes like the example's user is expected to, and typical reviews of each.

Donors come from the same dataset, are never the user and nobody whom the audit flags, and have at least one
eligible review: not shared by several users, not about the example's topic (when asked), posted before the
example where times are known. The search is exact, over the vectors read from the store, so that equal
inputs give equal rows. A donor's vector covers all of their own texts, later ones too; what is shown is
earlier only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from models.retrieval.chance import hashes, shares
from models.retrieval.corpus import NEVER, STEPS, Corpus, best, steps

BLOCK_CELLS: Final = 4_000_000  # examples x donors worked on at once: about 200 MB

Choice = Literal["nearest", "random", "farthest"]

SCHEMA: Final = {
    "example_id": pl.String,
    "rank": pl.Int32,
    "donor_id": pl.String,
    "review_id": pl.String,
    "similarity": pl.Float64,
}


@dataclass(frozen=True)
class Donors:
    """Who may donate style: number (u,) as in the corpus, ascending, and style (u, d) unit rows."""

    number: np.ndarray
    style: np.ndarray


@dataclass(frozen=True)
class Wanted:
    """How donors and reviews are chosen.

    choice: "nearest" donors are the method; "random" (by a hash of seed, example and donor) and "farthest"
    falsify it. Who is eligible, and which reviews of a donor are shown, is the same for all three.
    """

    donors: int
    reviews_per_donor: int = 1
    exclude_same_topic: bool = True
    choice: Choice = "nearest"
    seed: int = 0


def style_context(
    corpus: Corpus, expected_style: np.ndarray, text_style: np.ndarray, donors: Donors, wanted: Wanted
) -> pl.DataFrame:
    """Rows of context.style_reviews: each example's donors, best first, most typical review first.

    expected_style (m, d) per example, text_style (n, d) per review of the corpus. `similarity` is the cosine
    of donor and expectation, whatever the choice.
    """
    picks = _chosen_donors(corpus, expected_style, donors, wanted)
    shown = _typical_reviews(corpus, picks, text_style, donors, wanted)
    return (
        picks.join(shown, on=["example", "donor"], how="inner", maintain_order="left_right")
        .with_columns(
            rank=pl.int_range(1, pl.len() + 1).over("example"),
            example_id=_look_up(corpus.examples["example_id"], "example"),
            review_id=_look_up(corpus.reviews["review_id"], "review"),
            donor_id=_look_up(pl.Series(corpus.users.tolist(), dtype=pl.String), "donor"),
        )
        .select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    )


def _chosen_donors(
    corpus: Corpus, expected_style: np.ndarray, donors: Donors, wanted: Wanted
) -> pl.DataFrame:
    """(example, donor, similarity) in order of rank: row numbers of examples and user numbers of donors."""
    user, topic, time = (corpus.examples[name].to_numpy() for name in ("user", "topic", "time"))
    first_topic, first, first_elsewhere = _earliest_reviews(corpus, donors.number)
    by_chance = wanted.choice == "random"
    example_hash = hashes(corpus.examples["example_id"], wanted.seed) if by_chance else None
    donor_ids = pl.Series(corpus.users[donors.number].tolist(), dtype=pl.String)
    donor_hash = hashes(donor_ids, wanted.seed) if by_chance else None
    block = max(1, BLOCK_CELLS // max(1, len(donors.number)))
    parts = []
    for start in range(0, corpus.examples.height, block):
        rows = slice(start, start + block)
        earliest = np.broadcast_to(first, (len(user[rows]), len(first)))
        if wanted.exclude_same_topic:
            here = first_topic[None, :] == topic[rows, None]
            earliest = np.where(here, first_elsewhere[None, :], earliest)
        allowed = (earliest < time[rows, None]) & (donors.number[None, :] != user[rows, None])
        likeness = expected_style[rows] @ donors.style.T
        score = -likeness if wanted.choice == "farthest" else likeness
        if example_hash is not None and donor_hash is not None:
            score = shares(example_hash[rows, None] ^ donor_hash[None, :])
        columns, _ = best(score, allowed, wanted.donors)
        example, rank = np.nonzero(columns >= 0)
        column = columns[example, rank]
        parts.append(
            pl.DataFrame(
                {
                    "example": example + start,
                    "donor": donors.number[column],
                    "similarity": steps(likeness[example, column]) / STEPS,
                },
                schema={"example": pl.Int64, "donor": pl.Int64, "similarity": pl.Float64},
            )
        )
    return pl.concat(parts) if parts else _no_picks()


def _no_picks() -> pl.DataFrame:
    return pl.DataFrame(schema={"example": pl.Int64, "donor": pl.Int64, "similarity": pl.Float64})


def _earliest_reviews(corpus: Corpus, donors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per donor: the topic of the earliest review, its time, and the earliest time at any other topic.

    Two numbers per donor answer "is there an earlier review off this topic?" for every example.
    """
    by_topic = (
        corpus.reviews.group_by("user", "topic").agg(pl.col("time").min()).sort("user", "time", "topic")
    )
    firsts = by_topic.group_by("user", maintain_order=True).agg(
        pl.col("topic").first(),
        pl.col("time").first(),
        pl.col("time").slice(1, 1).first().fill_null(NEVER).alias("elsewhere"),
    )
    found = pl.DataFrame({"user": donors}, schema={"user": pl.Int64}).join(
        firsts, on="user", how="left", maintain_order="left"
    )
    return (
        found["topic"].fill_null(-1).to_numpy(),
        found["time"].fill_null(NEVER).to_numpy(),
        found["elsewhere"].fill_null(NEVER).to_numpy(),
    )


def _typical_reviews(
    corpus: Corpus, picks: pl.DataFrame, text_style: np.ndarray, donors: Donors, wanted: Wanted
) -> pl.DataFrame:
    """(example, donor, review): eligible reviews nearest to the donor's vector, ties by review id."""
    number = donors.number
    place = np.searchsorted(number, corpus.reviews["user"].to_numpy()).clip(max=max(0, len(number) - 1))
    typical = np.einsum("nd,nd->n", text_style, donors.style[place]) if len(number) else np.zeros(0)
    reviews = corpus.reviews.select(
        pl.col("user").alias("donor"), "topic", "time", pl.int_range(pl.len(), dtype=pl.Int64).alias("review")
    ).with_columns(pl.Series("typical", steps(typical), dtype=pl.Int64))
    reviews = reviews.sort(["donor", "typical", "review"], descending=[False, True, False])
    asked = corpus.examples.select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("example"),
        pl.col("topic").alias("asked_topic"),
        pl.col("time").alias("before"),
    )
    eligible = pl.col("time") < pl.col("before")
    if wanted.exclude_same_topic:
        eligible &= pl.col("topic") != pl.col("asked_topic")
    return (
        picks.select("example", "donor")
        .join(asked, on="example", maintain_order="left")
        .join(reviews, on="donor", maintain_order="left_right")
        .filter(eligible)
        .filter(pl.int_range(pl.len()).over("example", "donor") < wanted.reviews_per_donor)
        .select("example", "donor", "review")
    )


def _look_up(names: pl.Series, column: str) -> pl.Expr:
    """Names for a column of row numbers."""
    return pl.lit(names).gather(pl.col(column))
