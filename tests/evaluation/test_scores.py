"""The fast scores equal the plain ones, text by text, in any order; q is the reward itself."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation.chrf import chrf_scores
from models.evaluation.glossary import meanings
from models.evaluation.metrics import METRICS, METRICS_BY_TASK, REWARDED
from models.evaluation.scores import Shown, Texts, Yardstick
from models.rewards import judge

WORDS = [
    "the",
    "room",
    "was",
    "lovely",
    "awful",
    "dirty",
    "clean",
    "and",
    "bed",
    "cost",
    "26",
    "não",
    "!!",
    ".",
]
WEIGHTS = {
    "long": {"rouge1": 0.5, "rougeL": 0.5},
    "short": {"rouge1": 1.0},
    "rating": {"rating_closeness": 1.0},
}
TASKS = sorted(WEIGHTS)
USERS = 60


def sentence(chosen: Random, most: int = 20) -> str:
    return " ".join(chosen.choices(WORDS, k=chosen.randrange(1, most)))


def corpus() -> tuple[pl.DataFrame, pl.DataFrame]:
    """(reviews, examples of all tasks) of USERS users on four topics."""
    chosen = Random(1)
    reviews = pl.DataFrame(
        [
            {"review_id": f"r{user}", "user_id": f"u{user}", "topic_id": f"t{user % 4}"}
            | {"title": sentence(chosen, 4), "text": sentence(chosen), "rating": float(1 + 4 * (user % 2))}
            | {"is_shared_text": False}
            for user in range(USERS)
        ]
    )
    asked = {"long": "text", "short": "title", "rating": "rating"}
    examples = [
        reviews.select(
            "user_id",
            "topic_id",
            example_id=pl.col("review_id") + f":{task}",
            task=pl.lit(task),
            split=pl.lit("test"),
            target_is_shared=pl.lit(False),
            target=pl.col(column).cast(pl.String),
        )
        for task, column in asked.items()
    ]
    return reviews, pl.concat(examples)


def yardstick(task: str, length: float = 0.0, copying: float = 0.0) -> Yardstick:
    reviews, examples = corpus()
    return Yardstick.build(task, reviews, examples, WEIGHTS[task], length=length, copying=copying, seed=1)


def written(task: str, n: int = 200) -> Texts:
    """n texts of several arms, equal ones among them, with up to three reviews behind each."""
    chosen = Random(2)
    reviews, examples = corpus()
    targets = dict(examples.filter(task=task).select("example_id", "target").iter_rows())
    ids = chosen.choices(sorted(targets), k=n)
    known = [Shown(*row) for row in reviews.select("user_id", "title", "text").iter_rows()]
    texts = [
        sentence(chosen, 12) if task != "rating" else chosen.choice(["4", "5 stars", "x", ""]) for _ in ids
    ]
    shown = [chosen.sample(known, chosen.randrange(4)) for _ in ids]
    return Texts(ids, texts, [targets[name] for name in ids], shown)


@pytest.mark.parametrize("task", TASKS)
def test_fast_scores_equal_plain_ones(task: str) -> None:
    texts = written(task)
    values = yardstick(task, length=0.2, copying=0.3).measure(texts)
    for name in METRICS_BY_TASK[task]:
        assert values[name].tolist() == METRICS[name](texts.texts, texts.targets).tolist()
    shown = [[part for one in told for part in (one.title, one.text)] for told in texts.shown]
    judged = judge(task, texts.texts, texts.targets, shown, WEIGHTS[task], length=0.2, copying=0.3)
    assert values["q"].tolist() == judged.quality.tolist()
    if task != "rating":
        assert values["copied_run"].tolist() == judged.copied_run.tolist()
    for name, value in values.items():
        assert value.shape == (len(texts.texts),) and not np.isinf(value).any()
        assert name in ("specificity", "style_likeness") or not np.isnan(value).any()


@pytest.mark.parametrize("task", TASKS)
def test_a_text_scores_the_same_beside_other_texts(task: str) -> None:
    texts, measures = written(task, 40), yardstick(task)
    together = measures.measure(texts)
    order = Random(3).sample(range(40), 17)

    def chosen(values: Sequence[object]) -> list[object]:
        return [values[place] for place in order]

    columns = (texts.example_ids, texts.texts, texts.targets, texts.shown)
    fewer = measures.measure(Texts(*map(chosen, columns)))  # type: ignore[arg-type]
    assert set(fewer) == set(together)
    for name, values in fewer.items():
        np.testing.assert_allclose(values, together[name][order], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_nothing_written(task: str) -> None:
    assert {value.shape for value in yardstick(task).measure(Texts([], [], [], [])).values()} == {(0,)}


@pytest.mark.parametrize("task", TASKS)
def test_every_metric_has_a_meaning_and_every_meaning_a_metric(task: str) -> None:
    computed = {*yardstick(task).measure(written(task)), "prompt_tokens", "completion_tokens"}
    told = {name for name, meaning in meanings().items() if task in meaning.tasks and not meaning.derived}
    assert told - {"judge"} == computed  # a judge has a table of its own
    assert {name for name, meaning in meanings().items() if meaning.rewardable} == REWARDED
    assert all(meaning.derived in (None, *meanings()) for meaning in meanings().values())


def test_a_dataset_without_ratings_or_with_few_reviews_leaves_metrics_out() -> None:
    reviews, examples = corpus()
    usual = {"length": 0.0, "copying": 0.0, "seed": 1}
    unrated = reviews.with_columns(rating=pl.lit(None, dtype=pl.Float64))
    values = Yardstick.build("long", unrated, examples, WEIGHTS["long"], **usual).measure(written("long"))
    assert "contradicting_pairs" not in values and "style_likeness" in values
    values = Yardstick.build("long", reviews.head(9), examples, WEIGHTS["long"], **usual).measure(
        written("long")
    )
    assert "style_likeness" not in values and "specificity" in values


# many letters, letters that are hard to encode, and white space that does not count
ODD = st.text(max_size=30) | st.text(alphabet="ab \n\ud800\U0001f600", max_size=30)


def plain_chrf(prediction: str, reference: str) -> float:
    """By its definition: Popovic 2015 with effective order, n-grams of 1 to 6 characters, beta 2."""
    texts = ["".join(text.split()) for text in (prediction, reference)]
    precisions, recalls = [], []
    for order in range(1, 7):
        grams = [[text[start : start + order] for start in range(len(text) - order + 1)] for text in texts]
        if grams[0] and grams[1]:
            shared = sum(min(grams[0].count(gram), grams[1].count(gram)) for gram in set(grams[0]))
            precisions.append(shared / len(grams[0]))
            recalls.append(shared / len(grams[1]))
    if not sum(precisions) + sum(recalls):
        return 0.0
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    return 5 * precision * recall / (4 * precision + recall)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(ODD, ODD), max_size=6))
def test_chrf_is_what_its_definition_says(pairs: list[tuple[str, str]]) -> None:
    texts, references = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    expected = [plain_chrf(*pair) for pair in pairs]
    assert chrf_scores(texts, references) == pytest.approx(expected, abs=1e-12)


def test_chrf_of_many_letters_and_many_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = Random(4)
    texts = ["".join(chr(chosen.randrange(0x4E00, 0x9000)) for _ in range(60)) for _ in range(60)]
    pairs = [(chosen.choice(texts)[:40], chosen.choice(texts)) for _ in range(90)]
    expected = [plain_chrf(*pair) for pair in pairs]
    columns = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    assert chrf_scores(*columns) == pytest.approx(expected, abs=1e-12)
    monkeypatch.setattr("models.evaluation.chrf.CHUNK_CHARACTERS", 300)
    assert chrf_scores(*columns) == pytest.approx(expected, abs=1e-12)
