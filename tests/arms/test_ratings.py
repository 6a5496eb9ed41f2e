"""Ratings without a language model: of train users or of others, never the user's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.arms.pool import Asked, Pool
from models.arms.quoting import QUOTES
from tests.retrieval.worlds import make_examples

Row = tuple[int, int, int | None, int | None, str]  # user, topic, rating, day, split
ROWS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(0, 2),
        st.none() | st.integers(1, 5),
        st.none() | st.integers(0, 4),
        st.sampled_from(["train", "test"]),
    ),
    min_size=1,
    max_size=12,
)


def world(rows: Sequence[Row], splits: bool) -> tuple[pl.DataFrame, Asked]:
    """Reviews, and every rated one as an example."""
    reviews = pl.DataFrame(
        [
            {
                "review_id": f"d:{number:02d}",
                "dataset": "d",
                "split": split if splits else "test",
                "user_id": f"u{user}",
                "topic_id": f"t{topic}",
                "title": "",
                "text": f"text {number}",
                "rating": rating,
                "posted_at": None if day is None else datetime(2024, 1, 1) + timedelta(days=day),
                "is_target": True,
                "is_shared_text": False,
            }
            for number, (user, topic, rating, day, split) in enumerate(rows)
        ],
        schema_overrides={"posted_at": pl.Datetime("us"), "rating": pl.Float64},
    )
    examples = make_examples(reviews, ["rating"]).filter(pl.col("target").is_not_null())
    return reviews, Asked(Pool.build(reviews, examples), "rating", examples["target"].to_list(), 1)


def counted(reviews: pl.DataFrame, example: dict) -> list[dict]:
    """The rows that an example's majority is taken of."""
    rated = [row for row in reviews.iter_rows(named=True) if row["rating"] is not None]
    train = [row for row in rated if row["split"] == "train"]
    earlier = [
        row
        for row in rated
        if None in (row["posted_at"], example["posted_at"]) or row["posted_at"] < example["posted_at"]
    ]
    has_train = (reviews["split"] == "train").any()
    return [row for row in (train if has_train else earlier) if row["user_id"] != example["user_id"]]


@given(ROWS, st.booleans())
@settings(max_examples=150, deadline=None)
def test_majority_and_mean_are_of_whom_they_say(rows: Sequence[Row], splits: bool) -> None:
    reviews, asked = world(rows, splits)
    majority, mean = (QUOTES[name](asked) for name in ("majority_rating", "neighbor_mean_rating"))
    ratings = asked.pool.reviews["rating"].to_list()
    for place, example in enumerate(asked.pool.examples.iter_rows(named=True)):
        known = [row["rating"] for row in counted(reviews, example)]
        count = Counter(known)
        common = min(count, key=lambda rating: (-count[rating], rating)) if known else None
        assert majority.texts[place] == ("" if common is None else format(common, "g"))
        near = [ratings[row] for row in asked.pool.rows(place) if ratings[row] is not None] or known
        if near:
            assert float(mean.texts[place] or "") == pytest.approx(sum(near) / len(near), abs=0.005001)
        else:
            assert mean.texts[place] == ""
    assert majority.reviews == mean.reviews == [[] for _ in asked.targets]


def test_without_any_rating_nothing_is_said() -> None:
    _, asked = world([(0, 0, 3, None, "test"), (1, 0, None, None, "test")], splits=False)
    assert QUOTES["majority_rating"](asked).texts == [""]
    assert QUOTES["neighbor_mean_rating"](asked).texts == [""]
