"""Verification of authors: fair trials, a projection that has to win, and a table without empty claims."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from models.encoders import quality
from models.encoders.projection import LEAST_AUTHORS, Decision, Projection, fit_projection, train_weights
from models.encoders.quality import CHANCE, CONTENT, PROJECTED, RAW, SEMANTIC, Settings, style_quality
from models.encoders.style import fit_stylometry
from models.encoders.stylometry import StyleEncoder
from models.encoders.verification import (
    CONTROLS,
    Trials,
    by_author,
    eligible,
    make_trials,
    outcomes,
    overlap_outcomes,
)
from models.retrieval.store import VectorStore
from models.retrieval.vectors import TextMeanings, fit_styles, style_file, sync_reviews, sync_titles
from tests.retrieval.worlds import WordEncoder, make_reviews

SETTINGS = Settings(samples=300, confidence=0.95, seed=3)


class Meanings:
    """Words instead of the sentence model."""

    encoder_id = "words"

    def __init__(self, reviews: pl.DataFrame) -> None:
        self._texts = dict(reviews.select("review_id", "text").iter_rows())

    def of(self, review_ids: pl.Series) -> np.ndarray:
        return WordEncoder().encode([self._texts[name] for name in review_ids])


def rows_of(reviews: pl.DataFrame, **options: Any) -> list[dict[str, Any]]:
    encoder = fit_stylometry(reviews.filter(pl.col("split") == "train"))
    return style_quality(reviews, encoder, Meanings(reviews), SETTINGS, **options)


@pytest.mark.parametrize("control", CONTROLS)
def test_trials_are_what_they_say(control: Any) -> None:
    reviews = eligible(make_reviews(seed=5, users=80))
    trials = make_trials(reviews, control, 1_000, seed=1)
    assert len(trials) > 100
    user, topic = reviews["user_id"].to_numpy(), reviews["topic_id"].to_numpy()
    assert (user[trials.anchor] == user[trials.positive]).all()
    assert (user[trials.anchor] == user[trials.author]).all()
    assert (topic[trials.anchor] != topic[trials.positive]).all()
    assert (user[trials.negative] != user[trials.anchor]).all()
    if control == "same topic":
        assert (topic[trials.negative] == topic[trials.positive]).all()
    else:
        assert (topic[trials.negative] != topic[trials.positive]).any()


def test_trials_depend_on_the_rows_and_not_on_their_order() -> None:
    reviews = make_reviews(seed=6)
    again = reviews.sample(fraction=1.0, shuffle=True, seed=4)
    one, other = (make_trials(eligible(frame), "same topic", 500, seed=1) for frame in (reviews, again))
    assert all(np.array_equal(a, b) for a, b in zip(one.reviews, other.reviews, strict=True))
    few = make_trials(eligible(reviews), "same topic", 50, seed=1)
    assert np.array_equal(few.anchor, one.head(50).anchor)


def test_excluded_users_are_in_no_trial() -> None:
    reviews = make_reviews(seed=7)
    known = eligible(reviews, ["d:u3", "d:u4"])
    assert not set(known["user_id"]) & {"d:u3", "d:u4"}
    assert not known["is_shared_text"].any()


def test_ties_count_half_and_authors_the_same() -> None:
    vectors = np.eye(3, dtype=np.float32)[[0, 0, 1, 1, 2]]
    trials = Trials(*(np.array(rows) for rows in ([0, 2, 0], [1, 4, 2], [2, 0, 3], [0, 2, 0])))
    found = outcomes(trials, vectors)
    assert found.tolist() == [1.0, 0.5, 0.5]
    assert by_author(trials, found[:, None]).ravel().tolist() == [0.75, 0.5]


def test_content_words_see_topics_and_no_function_words() -> None:
    texts = ["the lid fits the pot", "a lid for my pot", "the the the and it very"]
    trials = Trials(*(np.array([row]) for row in (0, 1, 2, 0)))
    assert overlap_outcomes(trials, texts).tolist() == [1.0]


def authors(n: int, width: int, signal: int, seed: int) -> tuple[pl.DataFrame, np.ndarray]:
    """Users with three reviews each on topics of many; the first `signal` of `width` habits are personal."""
    rng = np.random.default_rng(seed)
    rows = [
        {"review_id": f"r{user}:{place}", "user_id": f"u{user}", "topic_id": f"t{(user * 3 + place) % 9}"}
        for user in range(n)
        for place in range(3)
    ]
    vectors = rng.normal(size=(n * 3, width))
    vectors[:, :signal] = np.repeat(rng.normal(size=(n, signal)), 3, axis=0) + 0.4 * vectors[:, :signal]
    order = np.argsort([row["review_id"] for row in rows])
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return pl.DataFrame(rows).sort("review_id"), unit[order].astype(np.float32)


def test_a_projection_that_wins_is_used() -> None:
    reviews, vectors = authors(150, width=30, signal=3, seed=1)
    found = fit_projection(reviews, vectors)
    assert found.decision.is_in_use
    assert found.decision.gain_ci_low is not None and found.decision.gain_ci_low > 0
    assert found.weights[:3].min() > found.weights[3:].mean()


@pytest.mark.parametrize("seed", range(3))
def test_one_that_learned_noise_is_not(seed: int) -> None:
    reviews, vectors = authors(80, width=30, signal=0, seed=seed)
    decision = fit_projection(reviews, vectors).decision
    assert not decision.is_in_use
    assert "gain over raw features" in decision.reason


def test_a_few_authors_decide_nothing() -> None:
    reviews, vectors = authors(LEAST_AUTHORS - 1, width=8, signal=8, seed=1)
    decision = fit_projection(reviews, vectors).decision
    assert not decision.is_in_use and f"{LEAST_AUTHORS} needed" in decision.reason


def test_weights_follow_the_gradient() -> None:
    reviews, vectors = authors(40, width=6, signal=2, seed=2)
    trials = make_trials(reviews, "same topic", 500, seed=1)
    weights = train_weights(vectors, trials)
    assert np.array_equal(weights, train_weights(vectors, trials))
    assert (weights > 0).all() and not np.allclose(weights, 1)
    assert np.array_equal(train_weights(vectors, trials.head(0)), np.ones(6))


def test_a_projection_in_use_changes_vectors_and_a_rejected_one_does_not(tmp_path: Path) -> None:
    raw = StyleEncoder.default()
    weights = np.linspace(0.5, 2, raw.dimensions).round(4)
    used, rejected = (
        raw.with_projection(Projection(weights, Decision(is_in_use, "why", 9, 9)))
        for is_in_use in (True, False)
    )
    texts = ["So good!!!", "", "it fits, and i like it."]
    assert used.encoder_id != raw.encoder_id and ":shipped+projected:" in used.encoder_id
    assert rejected.encoder_id == raw.encoder_id
    assert np.array_equal(rejected.encode(texts), raw.encode(texts))
    assert not np.allclose(used.encode(texts), raw.encode(texts))
    assert np.allclose(np.linalg.norm(used.encode(texts), axis=1), [1, 0, 1], atol=1e-6)
    used.save(tmp_path / "used.json")
    again = StyleEncoder.load(tmp_path / "used.json")
    assert again.encoder_id == used.encoder_id
    assert again.encode(texts).tobytes() == used.encode(texts).tobytes()
    assert again.projection is not None and again.projection.decision == used.projection.decision  # type: ignore[union-attr]


def test_what_is_learned_depends_on_train_users_alone(tmp_path: Path) -> None:
    reviews = make_reviews(seed=8, users=90)
    held_out = pl.col("split") != "train"
    train_text = reviews.filter(~held_out)["text"][0]
    changed = reviews.with_columns(
        pl.when(held_out).then(pl.lit("SOMETHING else?!?")).otherwise(pl.col("text")).alias("text"),
        pl.when(held_out).then(pl.lit("Z")).otherwise(pl.col("title")).alias("title"),
    )
    copied = reviews.with_columns(
        pl.when(held_out).then(pl.lit(train_text)).otherwise(pl.col("text")).alias("text"),
        (pl.col("is_shared_text") | (pl.col("text") == train_text)).alias("is_shared_text"),
    )
    saved = []
    for name, frame in (("before", reviews), ("changed", changed), ("copied", copied)):
        fit_styles(frame, tmp_path / name)
        saved.append(style_file(tmp_path / name, "d").read_bytes())
    assert saved[0] == saved[1] == saved[2]


def test_the_table_compares_everybody_on_the_same_trials() -> None:
    reviews = make_reviews(seed=9, users=150)
    rows = rows_of(reviews)
    assert len(rows) == 2 * 5
    for control in CONTROLS:
        found = {row["encoder"]: row for row in rows if row["control"] == control}
        assert set(found) == {PROJECTED, RAW, SEMANTIC, CONTENT, CHANCE}
        assert sum(row["is_in_use"] for row in rows if row["control"] == control) == 1
        assert len({row["n"] for row in found.values()}) == 1
        assert found[CHANCE]["ci_low"] < 0.5 < found[CHANCE]["ci_high"]
        assert found[RAW]["ci_low"] > 0.5, "the users of this world have habits"
        used = next(row for row in found.values() if row["is_in_use"])
        for row in found.values():
            assert row["ci_low"] <= row["accuracy"] <= row["ci_high"]
            if not row["is_in_use"]:
                assert row["lead"] == pytest.approx(used["accuracy"] - row["accuracy"])
                assert row["lead_ci_low"] <= row["lead"] <= row["lead_ci_high"]
    assert rows == rows_of(reviews.sample(fraction=1.0, shuffle=True, seed=2))


def test_enough_held_out_authors_are_asked_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    reviews = make_reviews(seed=9, users=150)
    everybody = rows_of(reviews)
    monkeypatch.setattr(quality, "LEAST_HELD_OUT", 10)
    held_out = rows_of(reviews)
    assert {row["authors"] for row in everybody} == {"held out and cross-fitted"}
    assert {row["authors"] for row in held_out} == {"held out"}
    assert 10 <= held_out[0]["n_authors"] < everybody[0]["n_authors"]


def one_user(reviews: pl.DataFrame) -> pl.DataFrame:
    return reviews.filter(pl.col("user_id") == reviews["user_id"][0])


def one_topic(reviews: pl.DataFrame) -> pl.DataFrame:
    return reviews.with_columns(pl.lit("d:t0").alias("topic_id"))


def nobody_to_train_on(reviews: pl.DataFrame) -> pl.DataFrame:
    return reviews.with_columns(pl.lit("test").alias("split"))


def all_the_same(reviews: pl.DataFrame) -> pl.DataFrame:
    return reviews.with_columns(pl.lit("fine").alias("text"), pl.lit(True).alias("is_shared_text"))


@pytest.mark.parametrize("poor", [one_user, one_topic, nobody_to_train_on, all_the_same])
def test_a_poor_corpus_gives_rows_with_reasons(poor: Any) -> None:
    rows = rows_of(poor(make_reviews(seed=10)))
    assert len(rows) == 10
    for row in rows:
        numbers = [value for value in row.values() if isinstance(value, float)]
        assert all(math.isfinite(value) for value in numbers)
        assert (row["accuracy"] is None) == (row["n"] == 0)
        assert row["accuracy"] is not None or row["note"]


def test_flagged_users_are_not_asked_about() -> None:
    reviews = make_reviews(seed=9, users=60)
    several = reviews.filter(~pl.col("is_shared_text")).group_by("user_id").agg(pl.col("topic_id").n_unique())
    busy = several.filter(pl.col("topic_id") > 1)["user_id"].to_list()
    assert all(row["n_authors"] == 0 for row in rows_of(reviews, excluded=busy))


def test_meanings_of_texts_come_back_from_stored_vectors(tmp_path: Path) -> None:
    reviews = make_reviews(seed=12).filter(~pl.col("is_shared_text"))
    untitled = pl.col("user_id").str.ends_with("3")
    reviews = reviews.with_columns(pl.when(untitled).then(pl.lit(" ")).otherwise("title").alias("title"))
    store, encoder = VectorStore(tmp_path), WordEncoder()
    sync_reviews(store, reviews, encoder)
    sync_titles(store, reviews, encoder)
    meanings = TextMeanings(store)
    assert meanings.encoder_id == "words"
    texts = encoder.encode(reviews["text"].to_list())
    titles = encoder.encode(reviews["title"].to_list())
    known = (np.linalg.norm(titles + texts, axis=1) > 0.05) & texts.any(
        axis=1
    )  # else nothing is left of them
    assert known.mean() > 0.9
    found = meanings.of(reviews["review_id"])
    assert np.allclose(found[known], texts[known], atol=1e-4)
