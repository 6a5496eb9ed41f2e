"""Whom an arm without a language model may quote."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from models.arms.pool import Pool


def world(rows: list[tuple[int, int, int | None, bool]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Reviews from (user, topic, day, shared), and one example of each user's first review."""
    reviews = pl.DataFrame(
        [
            {
                "review_id": f"r{i:02d}",
                "user_id": f"u{user}",
                "topic_id": f"t{topic}",
                "title": f"title {i}",
                "text": f"text {i}",
                "rating": 3.0,
                "posted_at": None if day is None else datetime(2024, 1, 1 + day),
                "is_shared_text": shared,
            }
            for i, (user, topic, day, shared) in enumerate(rows)
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
    )
    return reviews, examples


ROWS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 2), st.none() | st.integers(0, 5), st.booleans()),
    min_size=1,
    max_size=14,
)


@given(ROWS)
def test_a_pool_holds_others_visible_earlier_reviews_of_the_topic_and_all_of_them(
    rows: list[tuple[int, int, int | None, bool]],
) -> None:
    reviews, examples = world(rows)
    pool = Pool.build(reviews, examples)
    ids = pool.reviews["review_id"].to_list()
    for place, example in enumerate(pool.examples.iter_rows(named=True)):
        expected = [
            row["review_id"]
            for row in reviews.sort("review_id").iter_rows(named=True)
            if row["topic_id"] == example["topic_id"]
            and row["user_id"] != example["user_id"]
            and not row["is_shared_text"]
            and (
                row["posted_at"] is None
                or example["posted_at"] is None
                or row["posted_at"] < example["posted_at"]
            )
        ]
        assert [ids[row] for row in pool.rows(place)] == expected


def test_the_target_is_not_in_the_pool() -> None:
    pool = Pool.build(*world([(0, 0, None, False), (1, 0, None, False)]))
    assert "target" not in pool.examples.columns
    assert "target_rating" not in pool.examples.columns
