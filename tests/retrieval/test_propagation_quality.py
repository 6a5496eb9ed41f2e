"""The table that judges propagation: fair to every predictor, and able to see what is planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from models.encoders.stylometry import StyleEncoder
from models.evaluation.propagation import COLD, MEASURES, PREDICTORS, held_out, propagation_rows
from models.graph.weights import Learned
from models.recipes import Propagation
from models.retrieval.expectation import Known
from models.sample import World, WorldSize, build_world
from tests.retrieval.worlds import make_examples, make_reviews

SCALES = StyleEncoder.default()


def judged(reviews: pl.DataFrame, world: World | None = None) -> dict[tuple[str, str], dict[str, Any]]:
    examples = held_out(make_examples(reviews), 1)
    learned = Learned.default(Propagation(), SCALES.encoder_id, SCALES.dimensions)
    buckets = np.array(["0" if number % 2 else "1" for number in range(examples.height)])
    rows = propagation_rows(
        Known.build(reviews, examples, SCALES),
        learned,
        SCALES.encode(examples["target"].to_list()),
        buckets,
        "graphsage",
        world,
        samples=200,
        confidence=0.95,
        seed=1,
    )
    return {(str(row["history_bucket"]), str(row["predictor"])): row for row in rows}


@pytest.fixture(scope="module")
def planted() -> tuple[pl.DataFrame, World]:
    world = build_world(3, WorldSize(topics=20, background_users=250, train=20, validation=60, test=60))
    rows = pl.DataFrame(list(world.reviews()))
    return rows.with_columns(
        (pl.lit("d:") + pl.col("user_id")).alias("user_id"),
        pl.int_range(pl.len()).map_elements(lambda n: f"d:{n:05d}", pl.String).alias("review_id"),
        pl.lit("d").alias("dataset"),
        pl.lit(False).alias("is_shared_text"),
    ), world


def test_every_bucket_and_predictor_once(planted: tuple[pl.DataFrame, World]) -> None:
    found = judged(*planted)
    assert set(found) == {(bucket, name) for bucket in (COLD, "all") for name in PREDICTORS}
    assert found["all", "average"]["n"] == 120
    for row in found.values():
        for measure in MEASURES:
            assert row[f"{measure}_ci_low"] <= row[measure] <= row[f"{measure}_ci_high"]
    assert [row["predictor"] for row in found.values() if row["is_in_use"]] == ["graphsage"] * 2


def test_the_default_is_the_average(planted: tuple[pl.DataFrame, World]) -> None:
    found = judged(*planted)
    for measure in MEASURES:
        assert found["all", "graphsage"][measure] == pytest.approx(found["all", "average"][measure])
        assert found["all", "average"][f"{measure}_gain"] == pytest.approx(0, abs=1e-6)


def test_it_sees_what_is_planted_and_nothing_in_chance(planted: tuple[pl.DataFrame, World]) -> None:
    found = judged(*planted)
    average, random = found["all", "average"], found["all", "random"]
    assert average["auc_any_topic_ci_low"] > 0.6
    assert average["auc_same_topic_ci_low"] > 0.5
    assert average["right_community"] > 3 / 6
    assert random["auc_any_topic_ci_low"] < 0.5 < random["auc_any_topic_ci_high"]
    assert random["auc_same_topic_ci_low"] < 0.5 < random["auc_same_topic_ci_high"]
    topic = found["all", "topic_mean"]  # a text is hidden from the mean that it is compared with
    assert topic["auc_same_topic"] > 0.38


@pytest.mark.parametrize(("users", "topics"), [(1, 1), (2, 1), (30, 90)])
def test_tiny_corpora(users: int, topics: int) -> None:
    reviews = make_reviews(9, users=users, topics=topics).with_columns(split=pl.lit("test"))
    found = judged(reviews)
    assert all(row["right_community"] is None for row in found.values())
    assert judged(reviews.with_columns(split=pl.lit("train"))) == {}
