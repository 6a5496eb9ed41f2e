"""Text distortion hides topics, keeps habits, and tells authors apart without being told who they are."""

from __future__ import annotations

from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.encoders.distortion import (
    KEPT_WORDS,
    LEAST_TEXTS,
    WORD,
    DistortionEncoder,
    distort,
    frequent_words,
)
from models.evaluation.scores import likeness

WORDS = ["".join(letters) for letters in product("wxyzk", repeat=4)]
TOPICS = [[f"{letter}{word}" for word in WORDS] for letter in "abcdef"]  # too many words to be kept


def write(chosen: Random, topic: list[str], habit: str) -> str:
    """Ten sentences about a topic by somebody who shouts, or by somebody who dashes."""
    parts = []
    for _ in range(10):
        words = [*chosen.sample(topic, 3), *chosen.sample(["the", "and", "was", "it"], 3)]
        parts.append(" ".join(words) + "!! " if habit == "shouts" else ", ".join(words) + " - ")
    return "".join(parts)


def corpus() -> list[str]:
    chosen = Random(1)
    return [
        write(chosen, topic, habit) for topic in TOPICS for habit in ("shouts", "dashes") for _ in range(10)
    ]


def fitted() -> DistortionEncoder:
    encoder = DistortionEncoder.fit(corpus())
    assert encoder is not None
    return encoder


def test_distortion_hides_rare_words_and_digits() -> None:
    assert distort(["The Éclair, isn't it? 24/7!", ""], {"the", "it"}) == ["The ******, ***** it? ##/#!", ""]


def test_frequent_words_are_those_of_most_texts() -> None:
    words = frequent_words(["zz zz zz zz", *(f"Often {word}" for word in WORDS)])
    assert "often" in words and len(words) == KEPT_WORDS and "zz" not in words


def test_habits_count_and_topics_do_not() -> None:
    chosen, encoder = Random(2), fitted()
    target = write(chosen, TOPICS[0], "shouts")
    same_habit, same_topic = write(chosen, TOPICS[3], "shouts"), write(chosen, TOPICS[0], "dashes")
    near, far, empty, itself = likeness(encoder, [same_habit, same_topic, "", target], [target] * 4)
    assert near > 0.1 > -0.1 > far and empty == 0 and itself == pytest.approx(1)
    # other words of the same lengths: the same text to this encoder
    other_words = WORD.sub(lambda word: word[0] if word[0] in encoder.kept else "q" * len(word[0]), target)
    assert other_words != target
    assert encoder.encode([target]).tolist() == encoder.encode([other_words]).tolist()


def test_a_target_without_text_has_no_likeness() -> None:
    values = likeness(fitted(), ["the and!!", "the"], ["  ", "the"])
    assert np.isnan(values[0]) and values[1] == pytest.approx(1)


def test_too_few_texts_make_no_encoder() -> None:
    assert DistortionEncoder.fit(corpus()[: LEAST_TEXTS - 1]) is None


@pytest.mark.parametrize("text", ["", "the same", "!"])
def test_texts_without_any_spread(text: str) -> None:
    encoder = DistortionEncoder.fit([text] * LEAST_TEXTS)
    assert encoder is not None
    assert not encoder.encode([text, "something else", ""]).any()
    assert np.isnan(likeness(encoder, ["a"], [text])).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=5))
def test_vectors_are_unit_rows_and_texts_are_encoded_alone(texts: list[str]) -> None:
    encoder = ENCODER
    vectors = encoder.encode(texts)
    lengths = np.linalg.norm(vectors, axis=1)
    assert np.isfinite(vectors).all() and all(np.isclose(length, (0, 1)).any() for length in lengths)
    for text, vector in zip(texts, vectors, strict=True):
        assert encoder.encode([text])[0].tolist() == vector.tolist()


ENCODER = fitted()
