"""GraphSAGE: starts as the average, learns from train users alone, and is used only where it is better."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from models.encoders.stylometry import StyleEncoder
from models.errors import WorkError
from models.graph.graphsage import GraphSage, expected_style
from models.graph.learning import Lesson, learn, masked
from models.graph.training import fit
from models.graph.weights import Learned
from models.recipes import Propagation
from models.retrieval.contexts import style_rows
from models.retrieval.expectation import Known, Propagator
from models.retrieval.store import Vectors, VectorStore
from models.retrieval.vectors import fit_styles, sync_titles, sync_users
from models.sample import WorldSize, build_world
from tests.retrieval.worlds import WordEncoder, make_examples, make_reviews

SETTINGS = Propagation(topic_neighbors=8, user_neighbors=2, hidden=16, epochs=4, batch_size=64)
SCALES = StyleEncoder.default()
WORDS = WordEncoder()
OPTIONS = {"seed": 5, "samples": 200, "confidence": 0.95}


def titles_of(reviews: pl.DataFrame, home: Path) -> Vectors:
    store = VectorStore(home / "vectors")
    sync_titles(store, reviews, WORDS)
    return store.load("titles")


def lesson(reviews: pl.DataFrame, home: Path, flagged: frozenset[str] = frozenset()) -> Lesson:
    return learn(reviews, SCALES, titles_of(reviews, home), WORDS, flagged, SETTINGS, **OPTIONS)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def planted() -> pl.DataFrame:
    """Rows of staging.reviews of a small bundled world: habits that the graph and the titles give away."""
    world = build_world(3, WorldSize(topics=20, background_users=250, train=60, validation=40, test=40))
    rows = pl.DataFrame(list(world.reviews()))
    return rows.with_columns(
        (pl.lit("d:") + pl.col("user_id")).alias("user_id"),
        (pl.lit("d:") + pl.col("topic_id")).alias("topic_id"),
        pl.int_range(pl.len()).map_elements(lambda n: f"d:{n:05d}", pl.String).alias("review_id"),
        pl.lit("d").alias("dataset"),
        (pl.col("user_id").n_unique().over("text") > 1).alias("is_shared_text"),
    )


def test_untrained_weights_are_the_average(tmp_path: Path) -> None:
    reviews = make_reviews(2)
    examples = make_examples(reviews)
    known = Propagator().known(reviews, examples, SCALES)
    features = known.features
    about = np.ones((examples.height, 16), np.float32)
    titles = titles_of(reviews, tmp_path)
    features = Known.build(reviews, examples, SCALES, (), titles, about, 1).features
    model = GraphSage(SCALES.dimensions, 16, SETTINGS.hidden)
    found = expected_style(model, features, SETTINGS, np.arange(examples.height))
    assert np.allclose(found, features.evidence.average(), atol=1e-6)


def test_it_learns_what_is_planted(planted: pl.DataFrame, tmp_path: Path) -> None:
    found = lesson(planted, tmp_path)
    assert found.learned.origin == "trained"
    assert found.fit is not None
    assert found.fit.gain.low > 0
    assert found.fit.after.cosine > found.fit.before.cosine + 0.05
    assert found.row()["n_train_users"] == found.n_users > 250


def test_equal_rows_equal_bytes_and_other_splits_do_not_count(planted: pl.DataFrame, tmp_path: Path) -> None:
    first = lesson(planted, tmp_path / "a").learned.save(tmp_path / "a" / "w")
    shuffled = planted.sample(fraction=1, shuffle=True, seed=1)
    other = shuffled.with_columns(
        pl.when(pl.col("split") == "train").then("text").otherwise(pl.lit("Other WORDS!!")).alias("text")
    )
    assert lesson(other, tmp_path / "b").learned.save(tmp_path / "b" / "w") == first
    files = [(tmp_path / name / "w").with_suffix(".json").read_bytes() for name in "ab"]
    assert files[0] == files[1]


def test_a_text_shared_with_a_test_user_is_learned_from(planted: pl.DataFrame, tmp_path: Path) -> None:
    """Whether a test user wrote the same must not be seen in the weights; its vector is made on the spot."""
    first = planted.filter(pl.col("split") == "train")["review_id"][0]
    shared = planted.with_columns(is_shared_text=pl.col("is_shared_text") | (pl.col("review_id") == first))
    whole = lesson(planted, tmp_path / "a").learned.save(tmp_path / "a" / "w")
    assert lesson(shared, tmp_path / "b").learned.save(tmp_path / "b" / "w") == whole


@pytest.mark.parametrize("case", ["noise", "too few", "no train users", "one user", "nothing"])
def test_without_a_gain_the_average_stays(tmp_path: Path, case: str) -> None:
    reviews = make_reviews(8, users=80, topics=5)
    if case == "noise":  # every text is drawn anew: nothing is personal
        rng = np.random.default_rng(1)
        texts = ["".join(rng.choice(list("abc .!XYZ"), 60)) for _ in range(reviews.height)]
        reviews = reviews.with_columns(text=pl.Series(texts), is_shared_text=pl.lit(False))
    if case == "too few":
        reviews = reviews.filter(pl.col("user_id").is_in([f"d:u{n}" for n in range(20)]))
    if case == "no train users":
        reviews = reviews.with_columns(split=pl.lit("test"))
    if case == "one user":
        reviews = reviews.filter(pl.col("user_id") == "d:u0").with_columns(split=pl.lit("train"))
    if case == "nothing":
        reviews = reviews.head(0)
    found = lesson(reviews, tmp_path)
    if case != "noise" or found.learned.origin == "default":
        assert found.learned.origin == "default"
        assert found.learned.reason
        assert found.learned.model is None


def test_a_user_with_a_thousand_reviews_and_blank_titles(planted: pl.DataFrame, tmp_path: Path) -> None:
    many = pl.concat([planted.filter(pl.col("split") == "train").head(100)] * 10).with_columns(
        user_id=pl.lit("d:many"),
        review_id=pl.format("d:many:{}", pl.int_range(1000)),
        text=pl.format("{} again {}", pl.col("text"), pl.int_range(1000)),
        title=pl.lit(""),
    )
    found = lesson(pl.concat([planted, many]), tmp_path)
    assert found.learned.origin == "trained"
    blank = planted.with_columns(title=pl.lit(" "))
    assert lesson(blank, tmp_path / "blank").fit is not None


def test_flagged_users_are_not_learned_from(planted: pl.DataFrame, tmp_path: Path) -> None:
    users = sorted(planted.filter(pl.col("split") == "train")["user_id"].unique())
    found = lesson(planted, tmp_path, frozenset(users[:100]))
    assert found.n_users <= len(users) - 100
    titles = titles_of(planted, tmp_path)
    asked = masked(planted, SCALES, titles, WORDS, frozenset(users[:100]), 1)
    assert not set(asked.user) & set(users[:100])


def test_a_flagged_user_has_no_history(planted: pl.DataFrame) -> None:
    examples = make_examples(planted)
    known = Propagator().known(planted, examples, SCALES)
    users = known.corpus.users[known.corpus.examples["user"].to_numpy()]
    flagged = str(users[known.features.evidence.history.any(axis=1)][0])
    again = Propagator().known(planted, examples, SCALES, {flagged})
    assert not again.features.evidence.history[users == flagged].any()


def test_saved_weights_come_back_and_damaged_ones_do_not(planted: pl.DataFrame, tmp_path: Path) -> None:
    learned, stem = lesson(planted, tmp_path).learned, tmp_path / "w"
    sha256 = learned.save(stem)
    assert Learned.load(stem).save(tmp_path / "again") == sha256
    with pytest.raises(WorkError, match="trained on vectors of"):
        Learned.load(stem).require("another encoder")
    content = stem.with_suffix(".safetensors").read_bytes()
    stem.with_suffix(".safetensors").write_bytes(content[:-1] + b"x")
    with pytest.raises(WorkError, match="not those of their description"):
        Learned.load(stem)
    stem.with_suffix(".json").unlink()
    with pytest.raises(WorkError, match="no propagation weights here"):
        Learned.load(stem)


def test_the_recipes_switch(planted: pl.DataFrame, tmp_path: Path) -> None:
    """Each way to expect a style gives contexts, and they differ."""
    examples = make_examples(planted)
    store = VectorStore(tmp_path / "vectors")
    encoders = fit_styles(planted, tmp_path)
    sync_users(store, planted, encoders)
    titles = titles_of(planted, tmp_path)
    learned = learn(planted, encoders["d"], titles, WORDS, (), SETTINGS, **OPTIONS).learned  # type: ignore[arg-type]
    tables = [
        style_rows(
            planted,
            examples,
            encoders["d"],
            store.load("users"),
            3,
            True,
            propagator=Propagator(name, learned, titles, WORDS),  # type: ignore[arg-type]
        )
        for name in ("graphsage", "average", "input", "topic_mean")
    ]
    assert {table.height for table in tables} == {3 * examples.height}
    assert len({table.write_csv() for table in tables}) == 4


def test_training_stops_early_and_keeps_the_best(planted: pl.DataFrame, tmp_path: Path) -> None:
    questions = masked(planted, SCALES, titles_of(planted, tmp_path), WORDS, (), 1)
    wild = SETTINGS.model_copy(update={"learning_rate": 1.0, "epochs": 8})
    found = fit(questions, wild, 1, 100, 0.9)
    assert found is not None
    assert found.after.loss.mean() <= found.before.loss.mean()
