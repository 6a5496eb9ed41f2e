"""Metrics equal their published implementations; Q is built from them and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from models.errors import InputError
from models.evaluation import METRICS, REPORTED_ONLY
from models.evaluation.metrics import chrf, length_ratio
from models.rewards import quality, rouge_scores

SCORER = RougeScorer(["rouge1", "rougeL"], use_stemmer=False)
VOCABULARY = ["the", "battery", "lasts", "26", "hours", "screen", "it's", "Bright!", "não"]
WORDS = st.lists(st.sampled_from(VOCABULARY), max_size=30)
TEXTS = st.one_of(st.text(max_size=40), WORDS.map(" ".join))


@settings(max_examples=500, deadline=None)
@given(TEXTS, TEXTS)
def test_rouge_equals_rouge_score(prediction: str, reference: str) -> None:
    expected = SCORER.score(reference, prediction)
    first, longest = rouge_scores([prediction], [reference])
    assert first[0] == pytest.approx(expected["rouge1"].fmeasure, abs=1e-9)
    assert longest[0] == pytest.approx(expected["rougeL"].fmeasure, abs=1e-9)


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


def test_some_metric_is_never_rewarded() -> None:
    assert set(METRICS) >= REPORTED_ONLY
    assert REPORTED_ONLY
