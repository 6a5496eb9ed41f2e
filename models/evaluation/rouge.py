"""ROUGE-1 and ROUGE-L F1 (Lin 2004), equal to rouge_score 0.1.2 without stemming, and much faster.

A text is cut into words once, however many pairs it is part of. rapidfuzz finds the longest common
subsequence of two texts (bit-parallel, Hyyro 2004). How many words they share is the longest common
subsequence of the same texts with their words sorted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from models.evaluation.words import Codes, in_code_order, rouge_words

# Characters worked on at a time. So few cannot hold more distinct words than there are codes (1,114,112):
# all 48,000 words of up to 3 letters and 762,000 of 4 fill them.
CHUNK_CHARACTERS: Final = 4_000_000

Scores: TypeAlias = npt.NDArray[np.float64]


def rouge_scores(predictions: Sequence[str], references: Sequence[str]) -> tuple[Scores, Scores]:
    """(ROUGE-1, ROUGE-L) F1 of n texts against n references: two arrays of shape (n,), 0..1.

    ROUGE-L is of the whole text as one sentence. ValueError when the lengths differ.
    """
    if len(predictions) != len(references):
        raise ValueError(f"{len(predictions)} predictions for {len(references)} references")
    first, longest = np.zeros(len(predictions)), np.zeros(len(predictions))
    for chunk in _chunks(predictions, references):
        first[chunk], longest[chunk] = _chunk_scores(predictions[chunk], references[chunk])
    return first, longest


def _chunk_scores(predictions: Sequence[str], references: Sequence[str]) -> tuple[Scores, Scores]:
    codes = Codes().encode_all([*predictions, *references], rouge_words)
    ordered = {text: in_code_order(code) for text, code in codes.items()}
    predicted = np.array([len(codes[text]) for text in predictions])
    expected = np.array([len(codes[text]) for text in references])
    first, longest = (
        process.cpdist(
            [texts[text] for text in predictions],
            [texts[text] for text in references],
            scorer=LCSseq.similarity,
            dtype=np.int64,
        )
        for texts in (ordered, codes)
    )
    return _f1(first, predicted, expected), _f1(longest, predicted, expected)


def _f1(
    matches: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], expected: npt.NDArray[np.int64]
) -> Scores:
    """Harmonic mean of matches/predicted and matches/expected; 0 where nothing matches."""
    precision = matches / np.maximum(predicted, 1)
    recall = matches / np.maximum(expected, 1)
    total = np.where(matches > 0, precision + recall, 1.0)
    return np.asarray(2 * precision * recall / total, dtype=np.float64)


def _chunks(predictions: Sequence[str], references: Sequence[str]) -> Iterator[slice]:
    """Slices of at least one pair and, where that is possible, at most CHUNK_CHARACTERS."""
    start = characters = 0
    for place, pair in enumerate(zip(predictions, references, strict=True)):
        size = len(pair[0]) + len(pair[1])
        if characters + size > CHUNK_CHARACTERS and place > start:
            yield slice(start, place)
            start, characters = place, 0
        characters += size
    if start < len(predictions):
        yield slice(start, len(predictions))
