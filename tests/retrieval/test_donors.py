"""Donors by choice: nearest, random, farthest, with one rule of eligibility; several reviews of each."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from models.encoders.stylometry import StyleEncoder
from models.retrieval.contexts import style_rows
from models.retrieval.store import VectorStore
from models.retrieval.style import Choice
from models.retrieval.vectors import sync_users
from tests.retrieval.worlds import make_examples, make_reviews

SCALES = StyleEncoder.default()


def donors(
    reviews: pl.DataFrame, home: Path, choice: Choice = "nearest", k: int = 3, **options: object
) -> pl.DataFrame:
    store = VectorStore(home / "vectors")
    sync_users(store, reviews, {"d": SCALES})
    users = store.load("users")
    return style_rows(reviews, make_examples(reviews), SCALES, users, k, True, choice=choice, **options)  # type: ignore[arg-type]


def test_everybody_eligible_is_a_donor_whatever_the_choice(tmp_path: Path) -> None:
    """With more places than donors, the three choices show the same rows in other orders."""
    reviews = make_reviews(1, users=20)
    tables = [donors(reviews, tmp_path, choice, k=100) for choice in ("nearest", "random", "farthest")]  # type: ignore[arg-type]
    shown = [set(table.select("example_id", "donor_id", "review_id").iter_rows()) for table in tables]
    assert shown[0] == shown[1] == shown[2]
    nearest, _, farthest = (
        table.group_by("example_id").agg("similarity").sort("example_id") for table in tables
    )
    for near, far in zip(nearest["similarity"], farthest["similarity"], strict=True):
        assert near.to_list() == sorted(near, reverse=True) == far.to_list()[::-1]


def test_random_donors_depend_on_seed_and_ids_alone(tmp_path: Path) -> None:
    reviews = make_reviews(2)
    first = donors(reviews, tmp_path / "a", "random", seed=1)
    other_words = reviews.with_columns(text=pl.col("text").str.to_uppercase() + " :-)")
    other_words = other_words.with_columns(
        text=pl.when(pl.col("is_shared_text")).then(pl.lit("x")).otherwise("text")
    )
    again = donors(other_words, tmp_path / "b", "random", seed=1)
    assert first.select("example_id", "donor_id").equals(again.select("example_id", "donor_id"))
    second = donors(reviews, tmp_path / "a", "random", seed=2)
    assert not first.equals(second)
    assert not first.equals(donors(reviews, tmp_path / "a"))
    counts = first["donor_id"].value_counts()["count"]
    assert counts.max() < first["example_id"].n_unique() / 2  # nobody is everybody's donor


@pytest.mark.parametrize("choice", ["nearest", "random", "farthest"])
def test_flagged_users_never_donate(tmp_path: Path, choice: Choice) -> None:
    reviews = make_reviews(3)
    flagged = set(donors(reviews, tmp_path, choice)["donor_id"].unique().head(10))
    assert not set(donors(reviews, tmp_path, choice, flagged=flagged)["donor_id"]) & flagged


def test_several_reviews_of_a_donor_stand_together(tmp_path: Path) -> None:
    reviews = make_reviews(4, users=30)
    one, three = (donors(reviews, tmp_path, reviews_per_donor=n) for n in (1, 3))
    assert three.height > one.height
    first = three.unique(["example_id", "donor_id"], keep="first", maintain_order=True)
    assert first.drop("rank").equals(one.drop("rank"))
    per_donor = three.group_by("example_id", "donor_id").len()["len"]
    assert per_donor.max() == 3
    for _, rows in three.group_by("example_id"):
        assert rows.sort("rank")["rank"].to_list() == list(range(1, rows.height + 1))
        assert rows.sort("rank")["donor_id"].rle().len() == rows["donor_id"].n_unique()
