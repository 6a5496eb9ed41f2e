"""What a baseline may show: only what is visible to the example, chosen without a look at its target."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.arms.evidence import (
    RANKERS,
    SOURCES,
    Meanings,
    Order,
    Ranker,
    Source,
    compared,
    gather,
    history,
)
from models.arms.pool import Pool

WORDS = ("battery", "screen", "lid", "cord", "slow", "bright")
Row = tuple[int, int, int | None, bool, tuple[int, ...]]  # user, topic, day, shared, words
ROWS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 2),
        st.none() | st.integers(0, 5),
        st.booleans(),
        st.lists(st.integers(0, 5), max_size=4).map(tuple),
    ),
    min_size=1,
    max_size=14,
)


def world(rows: Sequence[Row], flagged: Sequence[str] = ()) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Reviews, and one example of each user's first review."""
    reviews = pl.DataFrame(
        [
            {
                "review_id": f"r{i:02d}",
                "user_id": f"u{user}",
                "topic_id": f"t{topic}",
                "title": WORDS[i % len(WORDS)],
                "text": " ".join(WORDS[word] for word in words),
                "rating": float(i % 5 + 1),
                "posted_at": None if day is None else datetime(2024, 1, 1 + day),
                "is_shared_text": shared,
                "source_file": "a",
                "source_row": i,
            }
            for i, (user, topic, day, shared, words) in enumerate(rows)
        ],
        schema_overrides={"posted_at": pl.Datetime("us")},
    )
    examples = reviews.unique("user_id", keep="first", maintain_order=True).select(
        pl.col("review_id").alias("target_review_id"),
        (pl.col("review_id") + ":long").alias("example_id"),
        "user_id",
        "topic_id",
        "posted_at",
        pl.col("title").alias("input"),
        pl.col("text").alias("target"),
        pl.col("user_id").is_in(flagged).alias("user_is_flagged"),
    )
    return reviews, examples


def order(pool: Pool, ranker: Ranker, k: int = 2) -> Order:
    """With meanings that depend on the ids alone."""
    draw = np.random.default_rng(5)
    meanings = Meanings(
        draw.normal(size=(pool.examples.height, 3)), draw.normal(size=(pool.reviews.height, 3))
    )
    return Order(ranker, k, 1, meanings)


@settings(max_examples=40)  # each builds many pools
@given(ROWS, st.sampled_from(SOURCES), st.sampled_from(RANKERS))
def test_nothing_is_shown_that_the_example_may_not_see(
    rows: list[Row], source: Source, ranker: Ranker
) -> None:
    reviews, examples = world(rows, flagged=["u1"])
    by_id = {row["review_id"]: row for row in reviews.to_dicts()}
    pool = Pool.build(reviews, examples)
    for asked, found in zip(pool.examples.to_dicts(), gather(pool, source, order(pool, ranker)), strict=True):
        assert len(found.history) <= 2 and len(found.others) <= 2
        assert len(set(found.review_ids)) == len(found.review_ids)
        for review_id in found.review_ids:
            review = by_id[review_id]
            assert review_id != asked["target_review_id"]
            assert not review["is_shared_text"]
            if review["posted_at"] and asked["posted_at"]:
                assert review["posted_at"] < asked["posted_at"]
        mine = {by_id[review.review_id]["user_id"] for review in found.history}
        theirs = {by_id[review.review_id]["user_id"] for review in found.others}
        assert mine <= {asked["user_id"]} - {"u1"}  # a flagged user is nobody's history
        assert asked["user_id"] not in theirs
        if source != "random":
            assert {by_id[review.review_id]["topic_id"] for review in found.others} <= {asked["topic_id"]}


@settings(max_examples=40)  # each builds many pools
@given(ROWS, st.sampled_from(SOURCES), st.sampled_from(("bm25", "recency", "random")))
def test_evidence_does_not_depend_on_the_hidden_answer(
    rows: list[Row], source: Source, ranker: Ranker
) -> None:
    reviews, examples = world(rows)
    pool = Pool.build(reviews, examples)
    before = gather(pool, source, order(pool, ranker))
    for place, asked in enumerate(pool.examples.to_dicts()):
        hidden = pl.col("review_id") == asked["target_review_id"]
        other_words = pl.when(hidden).then(pl.lit("cord cord lid other")).otherwise("text").alias("text")
        changed = Pool.build(reviews.with_columns(other_words), examples)
        assert gather(changed, source, order(changed, ranker))[place] == before[place]


@settings(max_examples=40)  # each builds many pools
@given(ROWS)
def test_history_is_all_of_the_users_own_visible_earlier_reviews(rows: list[Row]) -> None:
    reviews, examples = world(rows)
    own = history(Pool.build(reviews, examples))
    ids = own.reviews["review_id"].to_list()
    for place, asked in enumerate(own.examples.to_dicts()):
        expected = [
            row["review_id"]
            for row in reviews.to_dicts()
            if row["user_id"] == asked["user_id"]
            and row["review_id"] != asked["target_review_id"]
            and not row["is_shared_text"]
            and not (row["posted_at"] and asked["posted_at"] and not row["posted_at"] < asked["posted_at"])
        ]
        assert [ids[row] for row in own.rows(place)] == expected


ONE_USER = [(0, 0, 5, False, (0,)), *((0, 1, day, False, (word,)) for day, word in ((1, 0), (3, 1), (2, 2)))]


@pytest.mark.parametrize(
    ("ranker", "expected"),
    [("recency", ["r02", "r03", "r01"]), ("bm25", ["r01", "r03", "r02"]), ("dense", ["r03", "r01", "r02"])],
)
def test_rankers_rank_as_they_are_named(ranker: Ranker, expected: list[str]) -> None:
    reviews, examples = world(ONE_USER)  # the input is "battery", which r01 alone has in its text
    pool = Pool.build(reviews, examples)
    meanings = Meanings(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [0.8, 0.6]]))
    (found,) = gather(pool, "history", Order(ranker, 3, 1, meanings))
    assert [review.review_id for review in found.history] == expected


def test_reviews_without_times_are_ranked_after_those_with_one_in_the_order_of_their_source() -> None:
    rows = [(0, 0, None, False, ()), (0, 1, None, False, ()), (0, 1, 2, False, ()), (0, 1, None, False, ())]
    reviews, examples = world(rows)
    (found,) = gather(Pool.build(reviews, examples), "history", Order("recency", 3, 1))
    assert [review.review_id for review in found.history] == ["r02", "r01", "r03"]


def test_a_draw_depends_on_the_seed_and_not_on_other_rows() -> None:
    rows: list[Row] = [(user, 0, None, False, (user,)) for user in range(4) for _ in range(3)]
    reviews, examples = world(rows)
    pool = Pool.build(reviews, examples)
    draws = [gather(pool, "random", Order("random", 1, seed)) for seed in range(8)]
    assert len({draw[0].others[0].review_id for draw in draws}) > 2
    fewer = reviews.filter(~pl.col("review_id").is_in([one.others[0].review_id for one in draws[0][1:]]))
    kept = draws[0][0].others[0].review_id
    if kept in fewer["review_id"].to_list():
        again = gather(Pool.build(fewer, examples.head(1)), "random", Order("random", 1, 0))
        assert again[0].others[0].review_id == kept


def test_dense_ranking_needs_meanings() -> None:
    pool = Pool.build(*world(ONE_USER))
    with pytest.raises(ValueError, match="needs meanings"):
        gather(pool, "history", Order("dense", 1, 1))


@settings(max_examples=40)
@given(ROWS, st.integers(0, 3))
def test_a_comparison_is_with_others_on_the_same_topic(rows: list[Row], peers: int) -> None:
    reviews, examples = world(rows)
    by_id = {row["review_id"]: row for row in reviews.to_dicts()}
    pool = Pool.build(reviews, examples)
    for asked, pairs in zip(
        pool.examples.to_dicts(), compared(pool, order(pool, "bm25"), peers), strict=True
    ):
        assert not pairs or any(others for _, others in pairs)
        for own, others in pairs:
            mine = by_id[own.review_id]
            assert mine["user_id"] == asked["user_id"] and own.review_id != asked["target_review_id"]
            assert len(others) <= peers
            for other in (by_id[one.review_id] for one in others):
                assert other["user_id"] != asked["user_id"]
                assert other["topic_id"] == mine["topic_id"]
                assert not other["is_shared_text"]
                if other["posted_at"] and asked["posted_at"]:
                    assert other["posted_at"] < asked["posted_at"]
