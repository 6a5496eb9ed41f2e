"""Alignment and ranking against their definition in plain loops; switches, chance, flags, tiny corpora."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from models.retrieval.alignment import HISTORY_WEIGHT, SHARPNESS
from models.retrieval.ranking import TEXT_WEIGHT, TITLE_WEIGHT
from models.retrieval.vectors import meaning
from tests.retrieval.topic_worlds import K, all_tasks, topic_table
from tests.retrieval.worlds import WordEncoder, make_reviews

Row = dict[str, Any]
NEAR = 2e-5  # float32 against float64


def unit(vector: np.ndarray) -> np.ndarray:
    length = float(np.linalg.norm(vector))
    return vector / length if length * length > 1e-6 else np.zeros_like(vector)


def mean(vectors: list[np.ndarray]) -> np.ndarray:
    return np.mean(vectors, axis=0) if vectors else np.zeros(WordEncoder.dimensions)


class Definition:
    """What alignment.py and topic.py say in words, one example and one review at a time."""

    def __init__(self, reviews: pl.DataFrame) -> None:
        visible = reviews.filter(~pl.col("is_shared_text")).sort("review_id")
        self.rows = list(visible.iter_rows(named=True))
        for name in ("title", "text"):
            for row, vector in zip(self.rows, meaning(WordEncoder(), visible[name]), strict=True):
                row[f"{name}_vector"] = vector.astype(np.float64)
        for row in self.rows:
            row["vector"] = unit(row["title_vector"] + row["text_vector"])
            here = [other["text_vector"] for other in self.rows if other["topic_id"] == row["topic_id"]]
            row["beyond"] = unit(row["text_vector"] - mean(here))
            row["weight"] = (3.0 if row["rating"] is None else row["rating"]) / 5.0

    def visible(self, row: Row, example: Row) -> bool:
        known = row["posted_at"] is not None and example["posted_at"] is not None
        return not known or bool(row["posted_at"] < example["posted_at"])

    def told(self, example: Row) -> list[Row]:
        return [
            row
            for row in self.rows
            if row["topic_id"] == example["topic_id"]
            and row["user_id"] != example["user_id"]
            and self.visible(row, example)
        ]

    def wanted(self, example: Row, given: np.ndarray) -> np.ndarray:
        elsewhere = [
            row
            for row in self.rows
            if row["topic_id"] != example["topic_id"] and self.visible(row, example) and row["beyond"].any()
        ]
        total = np.zeros(WordEncoder.dimensions)
        if example["task"] == "long" and given.any():
            weights = [
                (math.exp(SHARPNESS * float(given @ row["title_vector"])), row["beyond"])
                for row in elsewhere
                if row["user_id"] != example["user_id"] and row["title_vector"].any()
            ]
            if weights:
                total = sum(w * v for w, v in weights) / sum(w for w, _ in weights)
        own = [row for row in elsewhere if row["user_id"] == example["user_id"]]
        if not example["user_is_flagged"]:
            history = sum((row["weight"] * row["beyond"] for row in own), np.zeros_like(total))
            total = total + HISTORY_WEIGHT * history / (1 + sum(row["weight"] for row in own))
        if example["task"] != "long" and given.any() and self.told(example):
            total = total + unit(given - mean([row["text_vector"] for row in self.told(example)]))
        return total / max(1.0, float(np.linalg.norm(total)))

    def alignment(self, row: Row, example: Row, wanted: np.ndarray) -> float | None:
        center = mean([other["text_vector"] for other in self.told(example)])
        parts = [
            (other["weight"], unit(other["text_vector"] - center))
            for other in self.told(example)
            if other["user_id"] == row["user_id"]
        ] + [
            (other["weight"], other["beyond"])
            for other in self.rows
            if other["user_id"] == row["user_id"]
            and other["topic_id"] != example["topic_id"]
            and self.visible(other, example)
        ]
        parts = [(weight, vector) for weight, vector in parts if vector.any()]
        if not parts or not wanted.any():
            return None
        return sum(w * float(wanted @ v) for w, v in parts) / sum(w for w, _ in parts)


@pytest.mark.parametrize("times", [True, False], ids=["with times", "without times"])
def test_ranking_is_what_the_words_say(tmp_path: Path, times: bool) -> None:
    reviews = make_reviews(31, users=40, topics=8, times=times)
    examples = all_tasks(reviews).with_columns(
        user_is_flagged=pl.col("user_id").str.ends_with("3")  # some may not use their history
    )
    found = topic_table(reviews, tmp_path, examples=examples)
    definition = Definition(reviews)
    seen = 0
    for example, given in zip(
        examples.iter_rows(named=True), meaning(WordEncoder(), examples["input"]), strict=True
    ):
        wanted = definition.wanted(example, given.astype(np.float64))
        exact = found.filter(pl.col("example_id") == example["example_id"], pl.col("source") == "exact")
        told = {row["review_id"]: row for row in definition.told(example)}
        weight = TITLE_WEIGHT if example["task"] == "long" else TEXT_WEIGHT
        score: dict[str, float] = {}
        for review_id, row in told.items():
            aligned = definition.alignment(row, example, wanted)
            score[review_id] = float(given @ row["vector"]) + weight * (aligned or 0.0)
            for shown in exact.filter(pl.col("review_id") == review_id).iter_rows(named=True):
                assert shown["relevance"] == pytest.approx(float(given @ row["vector"]), abs=NEAR)
                assert (shown["alignment"] is None) == (aligned is None)
                assert aligned is None or shown["alignment"] == pytest.approx(aligned, abs=NEAR)
                seen += aligned is not None
        ranked = [score[name] for name in exact["review_id"]]
        assert len(ranked) == min(K, len(told))
        assert all(a >= b - 10 * NEAR for a, b in pairwise(ranked))
        rest = [value for name, value in score.items() if name not in set(exact["review_id"])]
        assert not rest or max(rest) <= min(ranked) + 10 * NEAR
    assert seen > 50


def test_without_alignment_relevance_ranks(tmp_path: Path) -> None:
    reviews = make_reviews(32, users=60, topics=5)
    found = topic_table(reviews, tmp_path, alignment=False)
    assert found["alignment"].null_count() == found.height
    assert not found["is_aligned"].any()
    for _, rows in found.filter(pl.col("source") == "exact").group_by("example_id", maintain_order=True):
        assert rows["relevance"].is_sorted(descending=True)
    assert not found.equals(topic_table(reviews, tmp_path))


def test_without_backoff_thin_topics_stay_thin(tmp_path: Path) -> None:
    reviews = make_reviews(33, users=50, topics=30)
    whole = topic_table(reviews, tmp_path)
    exact = topic_table(reviews, tmp_path, backoff=False)
    assert exact.equals(whole.filter(pl.col("source") == "exact"))
    assert exact.height < whole.height


def test_chance_shows_other_eligible_reviews(tmp_path: Path) -> None:
    reviews = make_reviews(34, users=80, topics=6)
    ranked = topic_table(reviews, tmp_path)
    first = topic_table(reviews, tmp_path, choice="random", seed=1)
    assert first.equals(topic_table(reviews, tmp_path, choice="random", seed=1))
    second = topic_table(reviews, tmp_path, choice="random", seed=2)
    assert not first.equals(second)
    keys = ["example_id", "rank", "source"]
    assert first.select(keys).equals(ranked.select(keys))
    other_words = reviews.with_columns(text=pl.col("text") + " indeed")
    assert first["review_id"].equals(
        topic_table(other_words, tmp_path / "b", choice="random", seed=1)["review_id"]
    )
    shown = first.filter(pl.col("source") == "exact").join(
        ranked, on=["example_id", "review_id"], how="inner"
    )
    assert shown.height < 0.95 * first.height
    shared = first.join(ranked, on=["example_id", "review_id"], suffix="_ranked")
    assert shared["relevance"].equals(shared["relevance_ranked"])
    assert shared["alignment"].equals(shared["alignment_ranked"])


def test_a_flagged_users_history_says_nothing(tmp_path: Path) -> None:
    reviews = make_reviews(35, users=60, topics=6)
    examples = all_tasks(reviews)
    kept = topic_table(reviews, tmp_path, examples=examples)
    flagged = topic_table(reviews, tmp_path, examples=examples.with_columns(user_is_flagged=pl.lit(True)))
    single = reviews.group_by("user_id").len().filter(pl.col("len") == 1)["user_id"]
    cold = examples.filter(pl.col("user_id").is_in(single.implode())).select("example_id")
    assert kept.join(cold, on="example_id", how="semi").equals(
        flagged.join(cold, on="example_id", how="semi")
    )
    assert not kept.equals(flagged)


@pytest.mark.parametrize(("users", "topics"), [(1, 1), (2, 1), (2, 2), (4, 9), (12, 1)])
@pytest.mark.parametrize("times", [True, False], ids=["with times", "without times"])
def test_tiny_corpora(tmp_path: Path, users: int, topics: int, times: bool) -> None:
    reviews = make_reviews(36, users=users, topics=topics, times=times)
    found = topic_table(reviews, tmp_path)
    assert found["alignment"].drop_nulls().is_finite().all()
    assert found["relevance"].is_finite().all()
    assert found["rank"].max() in {None, *range(1, K + 1)}


@pytest.mark.parametrize(
    "change",
    [
        {"title": pl.lit("")},
        {"rating": pl.lit(None, dtype=pl.Float64)},
        {"text": pl.lit("same here"), "is_shared_text": pl.lit(True)},
        {"text": pl.lit("word " * 5_000)},
        {"title": pl.lit("fine"), "text": pl.lit("it works")},
    ],
    ids=["no titles", "no ratings", "all shared", "one long text", "equal reviews"],
)
def test_degenerate_corpora(tmp_path: Path, change: dict[str, pl.Expr]) -> None:
    reviews = make_reviews(37, users=12, topics=4).with_columns(**change)
    found = topic_table(reviews, tmp_path)
    assert found["alignment"].drop_nulls().is_between(-1, 1).all()
    assert found["example_id"].n_unique() <= all_tasks(reviews).height
    if "title" in change and "text" not in change:
        aligned = found.filter(pl.col("example_id").str.ends_with(":long"))["alignment"]
        known = all_tasks(reviews).height  # without titles only own histories tell what somebody wants
        assert aligned.null_count() > 0 or not known
