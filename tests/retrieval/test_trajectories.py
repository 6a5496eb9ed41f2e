"""evaluation.trajectory_quality: what is measured, against what, and what is said when there is nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from models.encoders.stylometry import StyleEncoder
from models.evaluation.content_words import content_words
from models.evaluation.evidence import INAPPLICABLE, Judged
from models.evaluation.trajectories import ALL, NO_REFERENCE, NO_ROWS, trajectory_rows
from models.sample import WorldSize, build_world
from tests.retrieval.topic_worlds import all_tasks, sync
from tests.retrieval.worlds import make_reviews


def examples_of(reviews: pl.DataFrame) -> pl.DataFrame:
    found = all_tasks(reviews)
    size = found.join(reviews.group_by("user_id").len(), on="user_id", maintain_order="left")["len"]
    return found.with_columns(history_bucket=size.replace_strict({1: "0", 2: "1"}, default="2-3"))


def judge(reviews: pl.DataFrame, home: Path, **options: Any) -> Judged:
    vectors = sync(reviews, home)
    examples = options.pop("examples", examples_of(reviews))
    return Judged.build(
        reviews, examples, vectors.meanings, StyleEncoder.default(), options.pop("world", None)
    )


def table(judged: Judged, shown: pl.DataFrame) -> pl.DataFrame:
    rows = trajectory_rows(judged, {"style": shown, "topic": shown}, samples=200, confidence=0.95, seed=3)
    return pl.DataFrame(rows, infer_schema_length=None)


def shown_rows(judged: Judged, k: int) -> pl.DataFrame:
    """The first k reviews by others of the same topic that the example may see."""
    reviews, rows = judged.corpus.reviews, []
    for example in judged.corpus.examples.iter_rows(named=True):
        told = reviews.filter(
            pl.col("topic") == example["topic"],
            pl.col("user") != example["user"],
            pl.col("time") < example["time"],
        )
        rows += [{"example_id": example["example_id"], "review_id": name} for name in told["review_id"][:k]]
    return pl.DataFrame(rows, schema={"example_id": pl.String, "review_id": pl.String})


def test_recall_is_counted_as_the_words_say(tmp_path: Path) -> None:
    reviews = make_reviews(41, users=40, topics=4)
    judged = judge(reviews, tmp_path)
    shown = shown_rows(judged, 3)
    texts = {row["review_id"]: f"{row['title']} {row['text']}" for row in reviews.iter_rows(named=True)}
    shares = []
    for example in judged.examples.filter(pl.col("task") == "long").iter_rows(named=True):
        names = shown.filter(pl.col("example_id") == example["example_id"])["review_id"]
        target = content_words(example["target"])
        if len(names) and target:
            said = set().union(*(content_words(texts[name]) for name in names))
            shares.append(len(target & said) / len(target))
    row = table(judged, shown).filter(
        task="long", trajectory="topic", history_bucket=ALL, measure="content_word_recall"
    )
    assert row["n"].item() == len(shares)
    assert row["value"].item() == pytest.approx(np.mean(shares))
    assert row["ci_low"].item() <= row["value"].item() <= row["ci_high"].item()


def test_rows_are_the_same_twice_and_never_nan(tmp_path: Path) -> None:
    judged = judge(make_reviews(42, users=40, topics=5), tmp_path)
    shown = shown_rows(judged, 2)
    first = table(judged, shown)
    assert first.equals(table(judged, shown))
    assert first.equals(table(judged, shown.sample(fraction=1, shuffle=True, seed=1)))
    for column in first.select(pl.col(pl.Float64)):
        assert not column.is_nan().any()
    keys = ["task", "trajectory", "history_bucket", "measure"]
    assert first.select(keys).n_unique() == first.height
    assert set(first["history_bucket"]) == {ALL, *judged.examples["history_bucket"]}
    empty = pl.any_horizontal(pl.col("value", "random_same_topic", "random_any_topic").is_null())
    assert first.filter(empty != pl.col("reason").is_not_null()).is_empty()


def test_nothing_shown_says_so(tmp_path: Path) -> None:
    judged = judge(make_reviews(43, users=12, topics=3), tmp_path)
    found = table(judged, shown_rows(judged, 0))
    assert found["value"].null_count() == found.height
    ratings = (pl.col("task") == "rating") & (pl.col("trajectory") == "style")
    assert set(found.filter(~ratings)["reason"]) == {NO_ROWS}
    assert set(found.filter(ratings)["reason"]) == {INAPPLICABLE[("style", "rating")][1]}
    assert found["n"].sum() == 0


def test_topics_without_others_cannot_be_compared(tmp_path: Path) -> None:
    reviews = make_reviews(44, users=12).with_columns(
        topic_id=pl.concat_str(pl.lit("d:"), "review_id"), posted_at=None
    )
    judged = judge(reviews, tmp_path)
    others = pl.DataFrame(
        [
            {"example_id": example["example_id"], "review_id": name}
            for example in judged.corpus.examples.iter_rows(named=True)
            for name in judged.corpus.reviews.filter(pl.col("user") != example["user"])["review_id"][:2]
        ]
    )
    found = table(judged, others).filter(pl.col("measure") == "style_likeness", pl.col("task") == "long")
    assert found["value"].null_count() == 0
    assert found["random_same_topic"].null_count() == found.height
    assert found["n_any_topic"].equals(found["n"])
    assert set(found["reason"]) == {NO_REFERENCE}


def test_planted_truth_is_measured_against_chance(tmp_path: Path) -> None:
    world = build_world(99, WorldSize(topics=4, background_users=60, train=4, validation=6, test=6))
    raw = pl.DataFrame(list(world.reviews()), schema_overrides={"posted_at": pl.Datetime("us")})
    reviews = raw.with_row_index().with_columns(
        pl.format("s:{}", "index").alias("review_id"),
        pl.format("s:{}", "user_id").alias("user_id"),
        pl.format("s:{}", "topic_id").alias("topic_id"),
        pl.lit("s").alias("dataset"),
        pl.lit(False).alias("is_shared_text"),
    )
    examples = examples_of(reviews)
    judged = judge(reviews, tmp_path, examples=examples, world=world)
    same_group = [
        {"example_id": example["example_id"], "review_id": review["review_id"]}
        for example in examples.iter_rows(named=True)
        for review in reviews.iter_rows(named=True)
        if world.truth[review["user_id"][2:]].group == world.truth[example["user_id"][2:]].group
        and review["topic_id"] == example["topic_id"]
        and review["user_id"] != example["user_id"]
        and review["posted_at"] < example["posted_at"]
    ]
    shown = pl.DataFrame(same_group).group_by("example_id", maintain_order=True).head(2)
    found = table(judged, shown).filter(pl.col("history_bucket") == ALL, pl.col("trajectory") == "topic")
    by_measure = {row["measure"]: row for row in found.filter(task="long").iter_rows(named=True)}
    assert by_measure["right_group"]["value"] == 1.0
    assert by_measure["right_group"]["diff_same_topic_ci_low"] > 0.3
    assert by_measure["aspects_named"]["diff_same_topic_ci_low"] > 0.1
    assert by_measure["aspects_covered"]["value"] >= by_measure["aspects_named"]["value"]
    assert {"right_group"} <= set(found.filter(task="rating")["measure"])


def test_content_words_leave_out_function_words_and_keep_other_scripts() -> None:
    assert content_words("The lid was NOT a lid; não é a Tampa, 12 abc1") == {"lid", "tampa", "abc"}
