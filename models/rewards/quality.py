"""Q: the reward of training and the quality of evaluation are one function of the same metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from models.errors import InputError
from models.evaluation.metrics import METRICS, REPORTED_ONLY, metric_values
from models.evaluation.rouge import Scores


def quality(predictions: Sequence[str], references: Sequence[str], weights: Mapping[str, float]) -> Scores:
    """Weighted mean of the metrics named in `weights`, shape (n,), 0..1.

    Raises InputError when a name is unknown, or belongs to a metric that is kept out of Q so that evaluation
    has one that training never saw.
    """
    allowed = sorted(set(METRICS) - REPORTED_ONLY)
    for name in weights:
        if name not in allowed:
            reason = "is only reported, never rewarded" if name in METRICS else "is not a metric"
            raise InputError(f"reward: {name!r} {reason}", remedy=f"use metrics among {', '.join(allowed)}")
    return weighted(metric_values(weights, predictions, references), weights)


def weighted(values: Mapping[str, Scores], weights: Mapping[str, float]) -> Scores:
    """Weighted mean of values by metric, each of shape (n,); InputError when the weights sum to 0."""
    total = sum(weights.values())
    if total <= 0:
        raise InputError("reward: the weights sum to 0", remedy="give one metric a weight above 0")
    parts = [weight / total * values[name] for name, weight in weights.items()]
    return np.sum(parts, axis=0, dtype=np.float64)
