"""chrF2 (Popovic 2015), equal to sacrebleu's sentence_chrf with its defaults, divided by 100.

The n-grams of a text become a string of one character per n-gram, in ascending order. The longest common
subsequence of two such strings has as many characters as the texts share n-grams, and rapidfuzz finds it in
C. One sort of the longest n-grams of many texts puts the shorter ones, their beginnings, in order too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from models.evaluation.rouge import Scores

ORDER: Final = 6  # longest n-gram, Popovic 2015 and sacrebleu's default
BETA: Final = 2  # recall counts twice: the variant published as chrF2
CHUNK_CHARACTERS: Final = 1_000_000  # of different texts at a time: Unicode has a code for every n-gram

Grams: TypeAlias = tuple[str, ...]  # by order, 1 first


def chrf_scores(predictions: Sequence[str], references: Sequence[str]) -> Scores:
    """chrF2 of n texts against n references, shape (n,), 0..1; white space does not count.

    Orders that either text is too short for do not count either. ValueError when the lengths differ.
    """
    if len(predictions) != len(references):
        raise ValueError(f"{len(predictions)} predictions for {len(references)} references")
    values = np.zeros(len(predictions))
    for chunk in _chunks(predictions, references):
        texts = list(dict.fromkeys([*predictions[chunk], *references[chunk]]))
        grams = dict(zip(texts, _grams(texts), strict=True))
        values[chunk] = _scores(
            [grams[text] for text in predictions[chunk]], [grams[text] for text in references[chunk]]
        )
    return values


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


def _grams(texts: Sequence[str]) -> list[Grams]:
    """The n-grams of every text, each order sorted; equal n-grams of two texts have the same code."""
    flat = ["".join(text.split()) for text in texts]
    lengths = np.array([len(text) for text in flat], dtype=np.int64)
    codes = np.frombuffer("".join(flat).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    alphabet, letter = np.unique(codes, return_inverse=True)
    text = np.repeat(np.arange(len(flat)), lengths)
    place = np.arange(len(codes)) + (ORDER - 1) * text  # texts stand apart, zeros between them
    letters = np.zeros(len(codes) + (ORDER - 1) * len(flat), dtype=np.int64)
    letters[place] = letter + 1
    order = np.argsort(_keys(letters, place, len(alphabet) + 1))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    by_text = np.sort(text * len(order) + rank) - text * len(order)  # ascending ranks, text after text
    sorted_place = place[order]
    is_new = np.arange(len(order)) == 0
    cut: list[list[str]] = []
    for size in range(1, ORDER + 1):
        last = letters[sorted_place + size - 1]
        is_new[1:] |= last[1:] != last[:-1]
        code = (np.cumsum(is_new) - 1).astype("<u4")
        inside = by_text[last[by_text] > 0]  # not beyond the end of the text
        joined = code[inside].tobytes().decode("utf-32-le", "surrogatepass")
        ends = np.cumsum(np.maximum(lengths - size + 1, 0)).tolist()
        cut.append([joined[start:end] for start, end in zip([0, *ends], ends, strict=False)])
    return list(zip(*cut, strict=True))


def _keys(letters: np.ndarray, place: np.ndarray, size: int) -> np.ndarray:
    """(n,) a number for the `ORDER` letters from each place on, in their order; letters are below `size`."""
    halves = [np.zeros(len(place), dtype=np.int64) for _ in range(2)]
    for step in range(ORDER // 2):
        halves[0] = halves[0] * size + letters[place + step]
        halves[1] = halves[1] * size + letters[place + ORDER // 2 + step]
    if size**ORDER >= 2**63:  # many letters, as in Chinese: the halves are numbered in their order first
        _, numbers = np.unique(np.concatenate(halves), return_inverse=True)
        halves, size = np.split(numbers, 2), 2 * len(place)
        return halves[0] * size + halves[1]
    return halves[0] * size ** (ORDER // 2) + halves[1]


def _chunks(predictions: Sequence[str], references: Sequence[str]) -> Iterator[slice]:
    """Slices of at least one pair and, where that is possible, at most CHUNK_CHARACTERS of texts."""
    start, characters = 0, 0
    seen: set[str] = set()
    for place, pair in enumerate(zip(predictions, references, strict=True)):
        size = sum(len(text) for text in pair if text not in seen)
        if characters + size > CHUNK_CHARACTERS and place > start:
            yield slice(start, place)
            start, characters, size = place, 0, len(pair[0]) + len(pair[1])
            seen.clear()
        characters += size
        seen.update(pair)
    if start < len(predictions):
        yield slice(start, len(predictions))
