"""Metrics equal their published implementations; Q is built from them and nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from models.errors import InputError
from models.evaluation import METRICS, METRICS_BY_TASK, REPORTED_ONLY, metric_values, rouge
from models.evaluation.metrics import (
    chrf,
    distinct_2,
    length_ratio,
    rating_absolute_error,
    rating_closeness,
    read_rating,
)
from models.evaluation.words import in_code_order
from models.rewards import quality, rouge_scores

CORPORA = Path(
    os.environ.get("PAT_CORPORA") or Path(__file__).resolve().parents[3] / "shared" / "data" / "pgraphrag"
)
REAL_PAIRS = 2500  # of each of the four corpora
SCORER = RougeScorer(["rouge1", "rougeL"], use_stemmer=False)
VOCABULARY = ["the", "battery", "lasts", "26", "hours", "screen", "it's", "Bright!", "não"]
WORDS = st.lists(st.sampled_from(VOCABULARY), max_size=30)
# letters that grow, shrink or turn into ASCII when lowered, and characters that are hard to encode
ODD = st.text(
    alphabet="aZ09 \u0130\u212a\u017fßéÉ\u0307\ud800\udfff\U0001f600\u0663_-'\n\x00\x1c", max_size=40
)
TEXTS = st.one_of(st.text(max_size=40), WORDS.map(" ".join), ODD)


def assert_equal_to_rouge_score(pairs: list[tuple[str, str]]) -> None:
    expected = [SCORER.score(reference, prediction) for prediction, reference in pairs]
    first, longest = rouge_scores([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    assert first == pytest.approx([one["rouge1"].fmeasure for one in expected], abs=1e-9)
    assert longest == pytest.approx([one["rougeL"].fmeasure for one in expected], abs=1e-9)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
def test_rouge_equals_rouge_score(pairs: list[tuple[str, str]]) -> None:
    assert_equal_to_rouge_score(pairs)


def test_rouge_equals_rouge_score_on_generated_texts() -> None:
    chosen = Random(7)
    vocabulary = [*VOCABULARY, *(f"word{number}" for number in range(40))]
    texts = [" ".join(chosen.choices(vocabulary, k=chosen.randrange(80))) for _ in range(300)]
    assert_equal_to_rouge_score([(chosen.choice(texts), chosen.choice(texts)) for _ in range(1500)])


@pytest.mark.parametrize("name", ["amazon", "b2w", "gap", "hotel"])
def test_rouge_equals_rouge_score_on_real_pairs(name: str) -> None:
    file = CORPORA / f"{name}_dev.json"
    if not file.exists():
        pytest.skip("the PGraphRAG corpora are not here; set PAT_CORPORA")
    users = json.loads(file.read_text(encoding="utf-8"))
    topics: dict[str, list[str]] = {}
    for user in users:
        for review in user["profile"]:
            topics.setdefault(review["pid"], []).append(review["text"] or "")
    chosen = Random(7)
    targets = [chosen.choice(users)["profile"][0] for _ in range(REAL_PAIRS)]
    assert_equal_to_rouge_score(
        [(chosen.choice(topics[target["pid"]]), target["text"] or "") for target in targets]
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8), st.randoms())
def test_rouge_does_not_depend_on_order_or_company(pairs: list[tuple[str, str]], random: Random) -> None:
    order = list(range(len(pairs)))
    random.shuffle(order)
    together = rouge_scores([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    mixed = rouge_scores([pairs[place][0] for place in order], [pairs[place][1] for place in order])
    for scores, other in zip(together, mixed, strict=True):
        assert scores[order].tolist() == other.tolist()
        assert ((scores >= 0) & (scores <= 1)).all()
    assert [rouge_scores([pair[0]], [pair[1]])[1][0] for pair in pairs] == together[1].tolist()


def test_rouge_is_the_same_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = Random(7)
    texts = [" ".join(chosen.choices(VOCABULARY, k=chosen.randrange(20))) for _ in range(60)]
    predictions, references = texts[:30], texts[30:]
    whole = rouge_scores(predictions, references)
    for characters in (0, 50, 500):
        monkeypatch.setattr(rouge, "CHUNK_CHARACTERS", characters)
        chunked = rouge_scores(predictions, references)
        assert [one.tolist() for one in chunked] == [one.tolist() for one in whole]


def test_rouge_of_more_words_than_a_plane_of_unicode_has() -> None:
    many = [f"w{number}" for number in range(105_000)]
    first, longest = rouge_scores([" ".join(many[:70_000])], [" ".join(many[35_000:])])
    assert first.tolist() == longest.tolist() == [0.5]


def test_codes_are_sorted_even_where_they_are_halves_of_pairs() -> None:
    assert in_code_order("\udfffb\U0010ffff\ud800a\x00") == "\x00ab\ud800\udfff\U0010ffff"


def test_rouge_needs_as_many_references_as_predictions() -> None:
    with pytest.raises(ValueError, match="1 predictions for 2 references"):
        rouge_scores(["a"], ["a", "b"])


def test_nothing_scores_nothing() -> None:
    assert [scores.shape for scores in rouge_scores([], [])] == [(0,), (0,)]
    assert quality([], [], {"rouge1": 1.0}).shape == (0,)


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [  # values of sacrebleu 2.6.0, CHRF().sentence_score(prediction, [reference]).score / 100
        (
            "The battery lasts 26 hours and the screen is bright!",
            "battery lasts about 26 hours, bright screen",
            0.5936077294346233,
        ),
        ("ok", "ok", 1.0),
        ("abc", "abd", 0.38888888888888884),
        ("", "abc", 0.0),
        ("a", "ab", 0.5555555555555556),
        ("honestly... it broke :(", "it broke after two weeks :(", 0.28379537717787656),
        ("não gostei do produto", "gostei muito do produto, não recomendo", 0.39149804729868765),
    ],
)
def test_chrf_equals_sacrebleu(prediction: str, reference: str, expected: float) -> None:
    assert chrf(prediction, reference) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric_is_finite_on_empty_texts(name: str) -> None:
    values = METRICS[name](["", "", "a b"], ["", "a b", ""])
    assert values.shape == (3,)
    assert np.isfinite(values).all()


def test_length_ratio_counts_words() -> None:
    assert length_ratio("one two three", "one two, three: four five six") == 0.5
    assert length_ratio("one", "!") == 1.0


def test_distinct_2_is_the_share_of_different_word_pairs() -> None:
    assert distinct_2("so good, so good, so good", "") == pytest.approx(2 / 5)
    assert distinct_2("one", "") == distinct_2("", "") == 1.0


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("4", 4.0),
        (" 4.0\n", 4.0),
        ("4.5", 4.5),
        ("4 stars", 4.0),
        ("1 Star", 1.0),
        ("5stars", 5.0),
        ("0", None),
        ("6", None),
        ("5.01", None),
        ("-4", None),
        ("4/5", None),
        ("44", None),
        ("four", None),
        ("4 or 5", None),
        ("I give it 4 stars", None),
        ("4 stars!", None),
        ("\u0664", None),  # an Arabic 4
        ("", None),
    ],
)
def test_a_rating_is_a_number_and_nothing_else(text: str, rating: float | None) -> None:
    assert read_rating(text) == rating


@pytest.mark.parametrize(
    ("prediction", "target", "closeness", "error"),
    [
        ("4", "4", 1.0, 0.0),
        ("5 stars", "4", 0.75, 1.0),
        ("1", "5", 0.0, 4.0),
        ("great", "5", 0.0, 4.0),
        ("great", "3", 0.0, 2.0),  # one cannot be further from 3
        ("great", "2", 0.0, 3.0),
        ("4", "no rating", 0.0, 4.0),
    ],
)
def test_metrics_of_ratings(prediction: str, target: str, closeness: float, error: float) -> None:
    assert rating_closeness(prediction, target) == closeness
    assert rating_absolute_error(prediction, target) == error


def test_metrics_together_equal_metrics_alone() -> None:
    predictions, references = ["a b c", "4", ""], ["a c b", "5", "x"]
    together = metric_values(METRICS, predictions, references)
    assert list(together) == list(METRICS)
    for name, values in together.items():
        assert values.tolist() == METRICS[name](predictions, references).tolist()


def test_quality_is_the_weighted_mean() -> None:
    predictions, references = ["a b c", "b a"], ["a c b", "b a"]
    first, longest = rouge_scores(predictions, references)
    weighed = quality(predictions, references, {"rouge1": 3, "rougeL": 1})
    assert weighed == pytest.approx(0.75 * first + 0.25 * longest)
    assert weighed[1] == 1.0


@pytest.mark.parametrize("name", [*sorted(REPORTED_ONLY), "bertscore"])
def test_a_reported_or_unknown_metric_cannot_be_rewarded(name: str) -> None:
    with pytest.raises(InputError, match=name):
        quality(["a"], ["a"], {"rouge1": 1.0, name: 1.0})


@pytest.mark.parametrize("task", sorted(METRICS_BY_TASK))
def test_some_metric_of_every_task_is_never_rewarded(task: str) -> None:
    assert set(METRICS_BY_TASK[task]) & REPORTED_ONLY
    assert set(METRICS_BY_TASK[task]) - REPORTED_ONLY
    assert set(METRICS_BY_TASK[task]) <= set(METRICS)
