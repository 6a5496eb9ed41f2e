"""Coherence: polarity is learned from ratings in any language; shares of sentences stay shares."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation.coherence import LEAST_REVIEWS, Coherence, Polarity, sentences

GOOD = ["O quarto é lindo e limpo", "Adorei o hotel", "Lindo e limpo, adorei a piscina"]
BAD = ["O quarto é sujo e velho", "Detestei o hotel", "Sujo e velho, detestei a piscina"]
TEXTS = st.lists(
    st.sampled_from(["Lindo.", "Sujo e velho!", "O hotel fica ali.", "adorei", "\n", "...", "é"]), max_size=8
).map(" ".join)


def polarity(n: int = 200) -> Polarity | None:
    return Polarity.learn([*(GOOD * n)[:n], *(BAD * n)[:n]], [5.0] * n + [1.0] * n)


def contradictions(*texts: str) -> list[float]:
    found = Coherence.measure(texts, polarity()).contradicting_pairs
    assert found is not None
    return found.tolist()


def test_polarity_is_learned_from_ratings() -> None:
    learned = polarity()
    assert learned is not None
    assert learned.weights["lindo"] > 0 > learned.weights["sujo"]
    assert not {"hotel", "o", "quarto"} & set(learned.weights)  # said in both kinds alike
    turned = Polarity.learn([*GOOD * 70, *BAD * 70], [1.0] * 210 + [5.0] * 210)
    assert turned is not None
    assert turned.weights["lindo"] < 0 < turned.weights["sujo"]


@pytest.mark.parametrize("rating", [None, 3.0])
def test_too_few_ratings_teach_nothing(rating: float | None) -> None:
    assert polarity(LEAST_REVIEWS - 1) is None
    assert Polarity.learn(GOOD * 20, [rating] * 60) is None
    assert Polarity.learn(GOOD * 20, [5.0] * 60) is None
    assert Coherence.measure(["Lindo. Sujo."], None).contradicting_pairs is None


def test_contradicting_pairs() -> None:
    assert contradictions("Lindo e limpo. Sujo e velho.") == [1.0]
    assert contradictions("Lindo e limpo. O hotel. Sujo e velho.") == pytest.approx([1 / 3])
    assert contradictions("Lindo e limpo. Adorei.", "Sujo.", "") == [0.0, 0.0, 0.0]


def test_half_a_good_and_half_a_bad_review_contradict_more_than_either() -> None:
    good, bad = "Adorei o hotel. Lindo e limpo.", "Detestei o hotel. Sujo e velho."
    mixed, whole_good, whole_bad = contradictions("Adorei o hotel. Sujo e velho.", good, bad)
    assert mixed == 1.0 and whole_good == whole_bad == 0.0


def test_repeats_and_fragments() -> None:
    texts = ["We liked it a lot. WE liked it a lot! Nice.", "One two three four. Five six seven eight.", ""]
    found = Coherence.measure(texts, None)
    assert found.repeated_sentences.tolist() == pytest.approx([1 / 3, 0, 0])
    assert found.fragments.tolist() == pytest.approx([1 / 3, 0, 0])
    almost = "the room was very clean and quiet. the room was clean and quiet."
    assert Coherence.measure([almost], None).repeated_sentences.tolist() == [0.5]


def test_sentences() -> None:
    text = 'Good! "Really?" he said... Yes\nAnd 3.5 stars.\n\n!!'
    assert sentences(text) == ["Good!", '"Really?', "he said...", "Yes", "And 3.5 stars."]


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS | st.text(max_size=40), max_size=4))
def test_shares_are_shares_and_texts_are_measured_alone(texts: list[str]) -> None:
    learned = polarity()
    found = Coherence.measure(texts, learned)
    for values in (found.contradicting_pairs, found.repeated_sentences, found.fragments):
        assert values is not None and values.shape == (len(texts),)
        assert np.isfinite(values).all() and ((values >= 0) & (values <= 1)).all()
    for place, text in enumerate(texts):
        assert Coherence.measure([text], learned).fragments[0] == found.fragments[place]
