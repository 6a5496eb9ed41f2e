"""Metrics by name: (predictions, references) -> one value per text, shape (n,)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from models.evaluation.rouge import Scores, rouge1, rouge_l, words

CHRF_ORDER: Final = 6  # longest character n-gram, Popovic 2015 and sacrebleu's default
CHRF_BETA: Final = 2  # recall counts twice: the variant published as chrF2

Metric = Callable[[Sequence[str], Sequence[str]], Scores]


def _per_text(score: Callable[[str, str], float]) -> Metric:
    def metric(predictions: Sequence[str], references: Sequence[str]) -> Scores:
        pairs = zip(predictions, references, strict=True)
        return np.array([score(prediction, reference) for prediction, reference in pairs], dtype=np.float64)

    return metric


@lru_cache(maxsize=1024)
def _character_ngrams(text: str) -> tuple[Counter[str], ...]:
    flat = "".join(text.split())
    return tuple(
        Counter(flat[start : start + order] for start in range(len(flat) - order + 1))
        for order in range(1, CHRF_ORDER + 1)
    )


def chrf(prediction: str, reference: str) -> float:
    """chrF2 of one text, 0..1: sacrebleu's sentence_chrf (defaults, effective order) divided by 100."""
    precision = recall = 0.0
    orders = 0
    for found, expected in zip(_character_ngrams(prediction), _character_ngrams(reference), strict=True):
        if found and expected:
            matches = (found & expected).total()
            precision += matches / found.total()
            recall += matches / expected.total()
            orders += 1
    if precision + recall == 0:
        return 0.0
    precision, recall, factor = precision / orders, recall / orders, CHRF_BETA**2
    return (1 + factor) * precision * recall / (factor * precision + recall)


def length_ratio(prediction: str, reference: str) -> float:
    """Words written per word expected; 1 is right, a reference without words counts as one word."""
    return len(words(prediction)) / max(len(words(reference)), 1)


METRICS: Final[Mapping[str, Metric]] = {
    "rouge1": _per_text(rouge1),
    "rougeL": _per_text(rouge_l),
    "chrf": _per_text(chrf),
    "length_ratio": _per_text(length_ratio),
}
REPORTED_ONLY: Final = frozenset({"chrf", "length_ratio"})  # never part of Q: they show what chasing Q costs
