"""The style encoder reacts to habits, not to neighbors, and survives any text."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.encoders import stylometry
from models.encoders.blocks import Block
from models.encoders.default_scales import make_default
from models.encoders.lexicon import PLACE
from models.encoders.stylometry import DEFAULT_SCALES, FEATURES, LEAST_TEXTS, StyleEncoder
from models.encoders.words import word_counts
from models.errors import WorkError

ENCODER = StyleEncoder.default()
ROOT = Path(__file__).resolve().parents[2]
CORPORA = Path(os.environ.get("PAT_CORPORA") or ROOT.parent / "shared" / "data" / "pgraphrag")
SHOUT = ["THIS IS SO GOOD!!! BUY IT!!!", "WOW!! LOVE IT!!! WORKS EVERY TIME!!"]
CALM = ["the lid fits well, and the handle is fine.", "it arrived on time, and the color is nice."]


def likeness(left: str, right: str) -> float:
    a, b = ENCODER.encode([left, right])
    return float(a @ b)


def test_manner_counts_more_than_words() -> None:
    same_words = "this is so good. buy it."
    assert likeness(SHOUT[0], SHOUT[1]) > likeness(SHOUT[0], same_words)
    assert likeness(CALM[0], CALM[1]) > likeness(CALM[0], SHOUT[0])


@pytest.mark.parametrize(
    ("feature", "plain", "marked"),
    [
        ("run_double_exclamation", "good stuff!", "good stuff!!"),
        ("run_triple_dot", "well. I like it", "well... I like it"),
        ("run_smiley", "nice", "nice ;)"),
        ("run_space_before_mark", "nice!", "nice !"),
        ("run_tripled_letter", "so good", "soooo good"),
        ("run_end_then_lower", "Good. It works", "Good. it works"),
        ("character_emoji", "nice", "nice \U0001f600"),
        ("edge_starts_upper", "nice one", "Nice one"),
        ("all_caps", "nice one", "NICE one"),
        ("lone_lower_i", "I like it", "i like it"),
        ("suffix_t", "i do not like it", "i don't like it"),
        ("suffix_t", "i do not like it", "i don\u2019t like it"),
        ("bare_contraction", "i don't like it", "i dont like it"),
        ("second_person", "they like it", "you like it"),
        ("negation", "eu quero", "eu não quero"),
        ("misspelling", "i received it", "i recieved it"),
        ("without_accents", "ótimo, não quebra", "otimo, nao quebra"),
        ("vowelless", "thanks for it", "thx for it"),
        ("repeated_word", "it is very good", "it is very very good"),
        (
            "shape_readability",
            "i got it. it is ok.",
            "considerable craftsmanship. unquestionably comfortable.",
        ),
    ],
)
def test_each_habit_is_seen(feature: str, plain: str, marked: str) -> None:
    place = FEATURES.index(feature)
    without, having = ENCODER.encode([plain, marked])
    assert having[place] > without[place]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_rows_are_unit_or_zero_and_independent_of_neighbors(texts: list[str]) -> None:
    for kind in ("text", "input"):
        vectors = ENCODER.encode(texts, kind)
        assert vectors.shape == (len(texts), ENCODER.dimensions)
        assert vectors.dtype == np.float32
        lengths = np.linalg.norm(vectors, axis=1)
        blank = np.array([not text.strip() for text in texts])
        assert np.allclose(lengths[~blank], 1.0, atol=1e-5)
        assert not vectors[blank].any()
        assert np.array_equal(vectors[-1:], ENCODER.encode(texts[-1:], kind))


@pytest.mark.parametrize("text", ["\x00", "a" * 2_000_000, "\U0010ffff", "\r\n\r\n", "语言 без английского"])
def test_odd_texts_have_finite_vectors(text: str) -> None:
    assert np.isfinite(ENCODER.encode([text])).all()


def test_fitted_scales_survive_the_file(tmp_path: Path) -> None:
    texts = [f"{'So ' * (n % 5)}good number {n}{'!' * (n % 3)}" for n in range(LEAST_TEXTS)]
    fitted = StyleEncoder.fit(texts, texts)
    first, second = fitted.save(tmp_path / "a.json"), fitted.save(tmp_path / "b.json")
    again = StyleEncoder.load(tmp_path / "a.json")
    assert first == second
    assert again.encoder_id == fitted.encoder_id != ENCODER.encoder_id
    assert np.array_equal(again.encode(SHOUT), fitted.encode(SHOUT))


def test_too_few_texts_fall_back_to_the_shipped_scales() -> None:
    few = ["short"] * (LEAST_TEXTS - 1)
    assert StyleEncoder.fit(few, few).encoder_id == ENCODER.encoder_id
    assert ":shipped:" in ENCODER.encoder_id


def test_missing_and_foreign_scales_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkError, match="no style scales"):
        StyleEncoder.load(tmp_path / "none.json")
    (tmp_path / "old.json").write_text('{"features": ["x"]}')
    with pytest.raises(WorkError, match="another version"):
        StyleEncoder.load(tmp_path / "old.json")


def test_order_and_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{'So ' * (n % 7)}good, isn't it? {'!' * (n % 4)}" for n in range(60)] + ["", "x" * 5_000]
    together = ENCODER.encode(texts)
    assert np.array_equal(ENCODER.encode(texts[::-1]), together[::-1])
    monkeypatch.setattr(stylometry, "BLOCK_CHARACTERS", 100)
    monkeypatch.setattr(stylometry, "BLOCK_TEXTS", 3)
    assert np.array_equal(ENCODER.encode(texts), together)


LETTERS = st.sampled_from("aAbBeéÉiI\u00e3 \u0303'\u2019.!-1\n語\0")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(LETTERS, max_size=30), min_size=1, max_size=5))
def test_words_are_those_of_a_plain_expression(texts: list[str]) -> None:
    counted = word_counts(Block(texts))
    for row, text in enumerate(texts):
        words = [word.replace("\u2019", "'") for word in _words(text)]
        assert counted.words[row] == len(words)
        assert counted.distinct[row] == len({word.lower() for word in words})
        for place in (1, 2, 5):
            assert counted.counts[row, PLACE[f"letters_{place}"]] == sum(len(w) == place for w in words)
        assert counted.counts[row, PLACE["lone_i"]] == words.count("I")
        assert counted.counts[row, PLACE["word_a"]] == sum(word.lower() == "a" for word in words)
        assert counted.counts[row, PLACE["suffix_s"]] == 0


def _words(text: str) -> list[str]:
    """Runs of letters and combining marks, joined by an apostrophe between two of them."""

    def inside(place: int) -> bool:
        return 0 <= place < len(text) and unicodedata.category(text[place])[0] in "LM"

    joined = [
        inside(place) or (letter in "'\u2019" and inside(place - 1) and inside(place + 1))
        for place, letter in enumerate(text)
    ]
    marked = "".join(letter if kept else " " for letter, kept in zip(text, joined, strict=True))
    return marked.split()


@pytest.mark.skipif(
    not (CORPORA / "amazon_dev.json").exists(), reason="no PGraphRAG corpora; set PAT_CORPORA"
)
def test_the_shipped_scales_can_be_made_again(tmp_path: Path) -> None:
    files = [CORPORA / f"{name}_dev.json" for name in ("amazon", "b2w", "gap", "hotel")]
    make_default(files, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == DEFAULT_SCALES.read_bytes()
