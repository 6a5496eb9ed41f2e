"""What a context may hold, checked against the rules written out as plain loops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import WorkError
from models.retrieval.backoff import NEAREST
from models.retrieval.contexts import TopicVectors, topic_rows
from models.retrieval.corpus import best
from models.retrieval.ranking import CLEARLY
from models.retrieval.store import VectorStore
from tests.retrieval.worlds import DONORS, REVIEWS, Contexts, contexts, make_examples, make_reviews

Row = dict[str, Any]


def earlier(review: Row, example: Row) -> bool:
    if review["posted_at"] is None or example["posted_at"] is None:
        return True
    return bool(review["posted_at"] < example["posted_at"])


def may_style(review: Row, example: Row, exclude_same_topic: bool) -> bool:
    return (
        review["user_id"] != example["user_id"]
        and not review["is_shared_text"]
        and earlier(review, example)
        and not (exclude_same_topic and review["topic_id"] == example["topic_id"])
    )


def may_topic(review: Row, example: Row) -> bool:
    return may_style(review, example, False) and review["topic_id"] == example["topic_id"]


def may_backoff(review: Row, example: Row) -> bool:
    return may_style(review, example, True)


def check(reviews: pl.DataFrame, found: Contexts, exclude_same_topic: bool) -> None:
    by_id = {row["review_id"]: row for row in reviews.iter_rows(named=True)}
    for example in make_examples(reviews).iter_rows(named=True):
        donors = {row["user_id"] for row in by_id.values() if may_style(row, example, exclude_same_topic)}
        told = [row for row in by_id.values() if may_topic(row, example)]
        mine = pl.col("example_id") == example["example_id"]
        style, topic = found.style.filter(mine), found.topic.filter(mine)
        assert style["rank"].to_list() == list(range(1, min(DONORS, len(donors)) + 1))
        near = [row for row in by_id.values() if may_style(row, example, True)]
        asked = bool(told) or bool(example["input"].strip())  # else there is nothing to be near to
        expected = min(REVIEWS, len(told) + len(near)) if asked else 0
        assert topic["rank"].to_list() == list(range(1, topic.height + 1))
        assert topic.height == expected or reviews["topic_id"].n_unique() > NEAREST
        exact = min(REVIEWS, len(told))
        assert topic["source"].to_list() == ["exact"] * exact + ["backoff"] * (topic.height - exact)
        assert style["donor_id"].n_unique() == style.height
        assert topic["review_id"].n_unique() == topic.height
        for row in style.iter_rows(named=True):
            assert by_id[row["review_id"]]["user_id"] == row["donor_id"]
            assert may_style(by_id[row["review_id"]], example, exclude_same_topic)
        for row in topic.iter_rows(named=True):
            assert by_id[row["review_id"]]["user_id"] == row["donor_id"]
            allowed = may_topic if row["source"] == "exact" else may_backoff
            assert allowed(by_id[row["review_id"]], example)
        assert style["similarity"].is_sorted(descending=True)
        assert ((topic["distance"] == 0) == (topic["source"] == "exact")).all()
    known = found.topic["alignment"].drop_nulls()
    assert known.is_between(-1, 1).all()
    assert found.topic["is_aligned"].to_list() == [
        a is not None and a > CLEARLY for a in found.topic["alignment"]
    ]


@pytest.mark.parametrize("exclude_same_topic", [True, False])
@pytest.mark.parametrize("times", [True, False], ids=["with times", "without times"])
@pytest.mark.parametrize("seed", [1, 2])
def test_only_eligible_reviews_and_all_that_fit(
    tmp_path: Path, seed: int, times: bool, exclude_same_topic: bool
) -> None:
    reviews = make_reviews(seed, times=times)
    check(reviews, contexts(reviews, tmp_path, exclude_same_topic=exclude_same_topic), exclude_same_topic)


@pytest.mark.parametrize(("users", "topics"), [(1, 1), (2, 1), (5, 1), (5, 40)])
def test_tiny_corpora_have_small_contexts(tmp_path: Path, users: int, topics: int) -> None:
    reviews = make_reviews(3, users=users, topics=topics)
    check(reviews, contexts(reviews, tmp_path), True)


def test_all_texts_shared_means_no_context(tmp_path: Path) -> None:
    reviews = make_reviews(4, users=3).with_columns(text=pl.lit("same"), is_shared_text=pl.lit(True))
    found = contexts(reviews, tmp_path)
    assert found.style.height == found.topic.height == 0


def test_row_order_and_a_second_run_change_nothing(tmp_path: Path) -> None:
    reviews = make_reviews(5)
    first = contexts(reviews, tmp_path / "a")
    again = contexts(reviews, tmp_path / "a")
    shuffled = contexts(reviews.sample(fraction=1, shuffle=True, seed=1), tmp_path / "b")
    assert first.style.equals(again.style)
    assert first.topic.equals(again.topic)
    assert first.style.equals(shuffled.style)
    assert first.topic.equals(shuffled.topic)


def test_the_shown_review_is_the_donors_most_typical_one(tmp_path: Path) -> None:
    """Two eligible reviews in the donor's usual manner, one unlike them: the odd one is never shown."""
    usual, odd = "it works fine and i like it.", "WOW!!! 999 @@ BEST EVER??"
    rows = [("a", usual, "t1"), ("a", usual + " really.", "t2"), ("a", odd, "t3"), ("b", "so good.", "t4")]
    reviews = pl.DataFrame(
        [
            {"review_id": f"r{n}", "dataset": "d", "split": "train", "user_id": user, "topic_id": topic}
            | {"title": "nice", "text": text, "rating": 5.0, "posted_at": None, "is_target": user == "b"}
            for n, (user, text, topic) in enumerate(rows)
        ],
        schema_overrides={"posted_at": pl.Datetime("us")},
    ).with_columns(is_shared_text=pl.lit(False))
    shown = contexts(reviews, tmp_path).style
    assert shown["donor_id"].to_list() == ["a"]
    assert shown["review_id"][0] in {"r0", "r1"}


def test_a_review_without_vector_is_named(tmp_path: Path) -> None:
    reviews = make_reviews(6)
    contexts(reviews.head(20), tmp_path)
    vectors = TopicVectors.load(VectorStore(tmp_path / "vectors"))
    with pytest.raises(WorkError, match="have no vector, such as d:"):
        topic_rows(reviews, make_examples(reviews), None, vectors, 3)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(0, 12), st.integers(1, 5), st.integers(0, 10_000))
def test_best_is_a_sort(m: int, n: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    likeness = rng.integers(-2, 3, (m, n)) / 2.0  # many ties
    allowed = rng.random((m, n)) < 0.7
    columns, values = best(likeness, allowed, k)
    for row in range(m):
        expected = sorted(np.flatnonzero(allowed[row]), key=lambda c: (-likeness[row, c], c))[:k]
        assert [c for c in columns[row] if c >= 0] == expected
        assert np.allclose(values[row, : len(expected)], likeness[row, expected])
