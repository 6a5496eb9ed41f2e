"""chrF2 (Popovic 2015), equal to sacrebleu's sentence_chrf with its defaults, divided by 100.

The n-grams of a text become a string of one character per n-gram, in order. The longest common subsequence
of two such strings has as many characters as the texts share n-grams, and rapidfuzz finds it in C.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from models.evaluation.rouge import Scores
from models.evaluation.words import Codes, in_code_order

ORDER: Final = 6  # longest n-gram, Popovic 2015 and sacrebleu's default
BETA: Final = 2  # recall counts twice: the variant published as chrF2
MOST_GRAMS: Final = 600_000  # distinct n-grams before codes start again; there are 1,114,112 codes
CHUNK_CHARACTERS: Final = 400_000  # of new texts at a time: they cannot fill what is left of the codes

Grams: TypeAlias = tuple[str, ...]


def chrf_scores(predictions: Sequence[str], references: Sequence[str]) -> Scores:
    """chrF2 of n texts against n references, shape (n,), 0..1; white space does not count.

    Orders that either text is too short for do not count either. ValueError when the lengths differ.
    """
    if len(predictions) != len(references):
        raise ValueError(f"{len(predictions)} predictions for {len(references)} references")
    parts = [_scores(found, expected) for found, expected in _read_all(predictions, references)]
    return np.concatenate([np.zeros(0), *parts])


def _scores(found: Sequence[Grams], expected: Sequence[Grams]) -> Scores:
    """(n,) for the n-grams of n pairs."""
    precision, recall, orders = (np.zeros(len(found)) for _ in range(3))
    for order in range(ORDER):
        texts, references = [grams[order] for grams in found], [grams[order] for grams in expected]
        shared = process.cpdist(texts, references, scorer=LCSseq.similarity, dtype=np.int64)
        written, wanted = np.array([*map(len, texts)]), np.array([*map(len, references)])
        counts = (written > 0) & (wanted > 0)
        precision += np.where(counts, shared / np.maximum(written, 1), 0.0)
        recall += np.where(counts, shared / np.maximum(wanted, 1), 0.0)
        orders += counts
    hit = precision + recall > 0
    precision, recall = (np.where(hit, part / np.maximum(orders, 1), 1.0) for part in (precision, recall))
    factor = BETA**2
    return np.where(hit, (1 + factor) * precision * recall / (factor * precision + recall), 0.0)


@dataclass
class _Reader:
    """Codes of n-grams, those of a text made once."""

    codes: list[Codes] = field(default_factory=lambda: [Codes() for _ in range(ORDER)])
    known: dict[str, Grams] = field(default_factory=dict)

    def read(self, text: str) -> Grams:
        if text not in self.known:
            flat = "".join(text.split())
            self.known[text] = tuple(
                in_code_order(
                    codes.encode(flat[start : start + order] for start in range(len(flat) - order + 1))
                )
                for order, codes in enumerate(self.codes, start=1)
            )
        return self.known[text]

    @property
    def is_full(self) -> bool:
        return len(self.codes[-1]) > MOST_GRAMS or len(self.codes[-2]) > MOST_GRAMS


def _read_all(
    predictions: Sequence[str], references: Sequence[str]
) -> Iterator[tuple[list[Grams], list[Grams]]]:
    """The n-grams of the pairs, chunk by chunk; codes of one chunk are of one reader."""
    reader = _Reader()
    found: list[Grams] = []
    expected: list[Grams] = []
    characters = 0
    for text, reference in zip(predictions, references, strict=True):
        size = sum(len(one) for one in (text, reference) if one not in reader.known)
        if characters + size > CHUNK_CHARACTERS and found:
            yield found, expected
            found, expected, characters = [], [], 0
            if reader.is_full:
                reader = _Reader()
        characters += size
        found.append(reader.read(text))
        expected.append(reader.read(reference))
    yield found, expected
