"""Metrics by name: (predictions, references) -> one value per text, shape (n,); which task has which."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from models.evaluation.chrf import chrf_scores
from models.evaluation.meteor import meteor_scores, wordnet_synonyms
from models.evaluation.rouge import Scores, rouge_scores
from models.evaluation.words import words

LOWEST_RATING: Final = 1.0
HIGHEST_RATING: Final = 5.0
RATING: Final = re.compile(r"([0-9](?:\.[0-9]+)?)(?:\s*stars?)?", re.IGNORECASE)

Metric = Callable[[Sequence[str], Sequence[str]], Scores]


def _per_text(score: Callable[[str, str], float]) -> Metric:
    def metric(predictions: Sequence[str], references: Sequence[str]) -> Scores:
        pairs = zip(predictions, references, strict=True)
        return np.array([score(prediction, reference) for prediction, reference in pairs], dtype=np.float64)

    return metric


def chrf(prediction: str, reference: str) -> float:
    """chrF2 of one text, 0..1: see `chrf_scores`."""
    return float(chrf_scores([prediction], [reference])[0])


def length_ratio(prediction: str, reference: str) -> float:
    """Words written per word expected; 1 is right, a reference without words counts as one word."""
    return len(words(prediction)) / max(len(words(reference)), 1)


def distinct_ngrams(text_words: Sequence[str], order: int) -> float:
    """Share of a text's n-grams that are different (Li et al. 2016), 0..1; 1 for a text without n-grams."""
    ngrams = list(zip(*(text_words[start:] for start in range(order)), strict=False))
    return len(set(ngrams)) / len(ngrams) if ngrams else 1.0


def distinct_1(prediction: str, reference: str) -> float:
    """Share of the words of the text that are different; the reference plays no part."""
    return distinct_ngrams(words(prediction), 1)


def distinct_2(prediction: str, reference: str) -> float:
    """Share of the word pairs of the text that are different; the reference plays no part."""
    return distinct_ngrams(words(prediction), 2)


def n_words(prediction: str, reference: str) -> float:
    """Words of the text; the reference plays no part."""
    return float(len(words(prediction)))


def read_rating(text: str) -> float | None:
    """The rating that a text consists of: "4", "4.0", "4 stars", from 1 to 5; None for any other text."""
    match = RATING.fullmatch(text.strip())
    if match is None or not LOWEST_RATING <= float(match[1]) <= HIGHEST_RATING:
        return None
    return float(match[1])


def rating_absolute_error(prediction: str, reference: str) -> float:
    """Distance of the ratings, 0..4. A text that is no rating is as wrong as one can be about this reference.

    A reference that is no rating cannot be met: the error is 4, the largest there is.
    """
    predicted, expected = read_rating(prediction), read_rating(reference)
    if expected is None:
        return HIGHEST_RATING - LOWEST_RATING
    if predicted is None:
        return max(expected - LOWEST_RATING, HIGHEST_RATING - expected)
    return abs(predicted - expected)


def rating_squared_error(prediction: str, reference: str) -> float:
    """Square of the distance of the ratings, 0..16; the root of its mean is the RMSE."""
    return rating_absolute_error(prediction, reference) ** 2


def rating_closeness(prediction: str, reference: str) -> float:
    """1 - |predicted - expected| / 4, 0..1; 0 where either is no rating."""
    predicted, expected = read_rating(prediction), read_rating(reference)
    if predicted is None or expected is None:
        return 0.0
    return 1 - abs(predicted - expected) / (HIGHEST_RATING - LOWEST_RATING)


METRICS: Final[Mapping[str, Metric]] = {
    "rouge1": lambda predictions, references: rouge_scores(predictions, references)[0],
    "rougeL": lambda predictions, references: rouge_scores(predictions, references)[1],
    "meteor": lambda predictions, references: meteor_scores(predictions, references, wordnet_synonyms()),
    "chrf": chrf_scores,
    "length_ratio": _per_text(length_ratio),
    "n_words": _per_text(n_words),
    "distinct_1": _per_text(distinct_1),
    "distinct_2": _per_text(distinct_2),
    "rating_closeness": _per_text(rating_closeness),
    "rating_absolute_error": _per_text(rating_absolute_error),
    "rating_squared_error": _per_text(rating_squared_error),
}
TEXT_METRICS: Final = (
    "rouge1",
    "rougeL",
    "meteor",
    "chrf",
    "length_ratio",
    "n_words",
    "distinct_1",
    "distinct_2",
)
METRICS_BY_TASK: Final[Mapping[str, tuple[str, ...]]] = {
    "long": TEXT_METRICS,
    "short": TEXT_METRICS,
    "rating": ("rating_closeness", "rating_absolute_error", "rating_squared_error"),
}
# Q is made of these alone: the others show what chasing Q costs
REWARDED: Final = frozenset({"rouge1", "rougeL", "rating_closeness"})
REPORTED_ONLY: Final = frozenset(METRICS) - REWARDED


def rewardable(task: str) -> list[str]:
    """Names of the metrics that Q of a task may be made of, sorted."""
    return sorted(set(METRICS_BY_TASK[task]) - REPORTED_ONLY)


def metric_values(
    names: Iterable[str], predictions: Sequence[str], references: Sequence[str]
) -> dict[str, Scores]:
    """Values of several metrics, each of shape (n,); ROUGE-1 and ROUGE-L together cost one of them."""
    wanted = list(names)
    values: dict[str, Scores] = {}
    if {"rouge1", "rougeL"} <= set(wanted):
        values["rouge1"], values["rougeL"] = rouge_scores(predictions, references)
    return {
        name: values[name] if name in values else METRICS[name](predictions, references) for name in wanted
    }
