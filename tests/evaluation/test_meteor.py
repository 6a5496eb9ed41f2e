"""METEOR equals NLTK's: on random texts, on real ones, and with synonyms."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.tokenize import wordpunct_tokenize
from nltk.translate.meteor_score import single_meteor_score

from models.evaluation.meteor import meteor_scores, synonyms_of, wordnet_synonyms

CORPORA = Path(
    os.environ.get("PAT_CORPORA") or Path(__file__).resolve().parents[3] / "shared" / "data" / "pgraphrag"
)
REAL_PAIRS = 150  # of each corpus: NLTK needs milliseconds for one
# several words of one stem, words that WORDNET calls synonyms, and marks
VOCABULARY = [
    "room",
    "rooms",
    "Roomed",
    "clean",
    "tidy",
    "cleaning",
    "the",
    "don't",
    "!",
    "é",
    "İ",
    "spotless",
]
TEXTS = st.lists(st.sampled_from(VOCABULARY), max_size=14).map(" ".join)


class Lemma:
    def __init__(self, name: str) -> None:
        self._name = name

    def name(self) -> str:
        return self._name


class Synset:
    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def lemmas(self) -> list[Lemma]:
        return [Lemma(name) for name in self._names]


class WordNet:
    """As much of a WordNet reader as METEOR asks for."""

    def __init__(self, groups: Sequence[Sequence[str]]) -> None:
        self._groups = groups

    def synsets(self, word: str) -> list[Synset]:
        return [Synset(group) for group in self._groups if word in group]


NOTHING = WordNet([])
SOME = WordNet([["clean", "tidy", "neat_and_tidy"], ["car", "auto", "motor_car"], ["room", "the"]])


def nltk_scores(predictions: Sequence[str], references: Sequence[str], wordnet: WordNet) -> list[float]:
    pairs = zip(predictions, references, strict=True)
    return [
        single_meteor_score(wordpunct_tokenize(reference), wordpunct_tokenize(text), wordnet=wordnet)
        for text, reference in pairs
    ]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS) | st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=4))
def test_meteor_equals_nltk(pairs: list[tuple[str, str]]) -> None:
    texts, references = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    assert meteor_scores(texts, references).tolist() == nltk_scores(texts, references, NOTHING)
    with_synonyms = meteor_scores(texts, references, synonyms_of(SOME)).tolist()
    assert with_synonyms == nltk_scores(texts, references, SOME)


@pytest.mark.skipif(
    not (CORPORA / "amazon_dev.json").exists(), reason="the PGraphRAG corpora are not here; set PAT_CORPORA"
)
@pytest.mark.parametrize("name", ["amazon", "b2w", "gap", "hotel"])
def test_meteor_equals_nltk_on_real_texts(name: str) -> None:
    entries = json.loads((CORPORA / f"{name}_dev.json").read_text(encoding="utf-8"))
    texts = [entry["profile"][0]["text"] or "" for entry in entries]
    chosen = Random(5)
    predictions, references = chosen.sample(texts, REAL_PAIRS), chosen.sample(texts, REAL_PAIRS)
    assert meteor_scores(predictions, references).tolist() == nltk_scores(predictions, references, NOTHING)


def test_a_synonym_counts_and_a_phrase_does_not() -> None:
    synonyms = synonyms_of(SOME)
    text, reference = ["a car here"], ["a auto here"]
    assert meteor_scores(text, reference, synonyms) > meteor_scores(text, reference)
    assert synonyms("clean") == {"clean", "tidy"}


def test_wordnet_is_used_where_it_is_installed_and_only_there() -> None:
    synonyms = wordnet_synonyms()
    assert synonyms is None or "car" in synonyms("auto")


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="2 predictions for 1"):
        meteor_scores(["a", "b"], ["a"])
