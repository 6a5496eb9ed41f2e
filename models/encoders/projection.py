"""A learned projection of style vectors, and the rule by which it replaces them.

One weight per habit (a diagonal metric), trained so that a text is closer to another by its author on another
topic than to one by somebody else on that same topic (content control: Wegmann et al. 2022): logistic loss on
the difference of cosines, pulled towards weights of 1. Low-rank and free projections lost to the raw vector
in every trial of ours, this one gains nothing sure on four corpora of 2,500 users; so the raw vector stays
unless the projection beats it on authors it was not trained on, with an interval above 0.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from models.encoders.verification import Trials, by_author, make_trials, outcomes
from models.evaluation.bootstrap import bounds, resampled_means

TEMPERATURE: Final = 0.3  # of differences of cosines; .1 and .3 measured alike
PULL: Final = 2.0  # towards weights of 1, against one unit per author: a prior, so more authors may move more
MOST_TRIALS: Final = (
    4_000  # seconds of training; the largest corpus here has 2,400 trials about train authors
)
MOST_STEPS: Final = 60
DECIMALS: Final = 4  # of a weight: finer than matters, coarser than what the order of a sum changes
FOLDS: Final = 5
LEAST_AUTHORS: Final = 20  # fewer give no interval worth a decision
SAMPLES: Final = 2_000  # of the bootstrap
CONFIDENCE: Final = 0.95
SEED: Final = 20_261_120  # weights belong to a corpus, not to a run: they do not follow the recipe's seed


@dataclass(frozen=True)
class Decision:
    """Whether the projection replaces the raw vector, and why; accuracies on unseen train authors."""

    is_in_use: bool
    reason: str
    n_authors: int
    n_trials: int
    raw: float | None = None
    projected: float | None = None
    gain_ci_low: float | None = None
    gain_ci_high: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As it is saved beside the weights."""
        return asdict(self)


@dataclass(frozen=True)
class Projection:
    """weights (d,) trained on all train authors, and whether they are used."""

    weights: np.ndarray
    decision: Decision


def project(vectors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n, d) unit rows -> float32 unit rows under `weights` (d,); a zero row stays one."""
    weighted = vectors * weights
    length = np.linalg.norm(weighted, axis=1, keepdims=True)
    unit: np.ndarray = (weighted / np.where(length > 0, length, 1.0)).astype(np.float32)
    return unit


def train_weights(vectors: np.ndarray, trials: Trials) -> np.ndarray:
    """(d,) weights for the rows of `vectors` (n, d) that `trials` name; ones without trials.

    Every author counts the same. Deterministic: no sampling, L-BFGS from weights of 1.
    """
    from scipy.optimize import minimize  # costs a second, so not at import

    if not len(trials):
        return np.ones(vectors.shape[1])
    anchor, positive, negative = (
        vectors[rows].astype(np.float64) for rows in (trials.anchor, trials.positive, trials.negative)
    )
    near, far = anchor * positive, anchor * negative
    squares = [part * part for part in (anchor, positive, negative)]
    _, place, size = np.unique(trials.author, return_inverse=True, return_counts=True)
    share = 1.0 / (len(size) * size[place])
    pull_to_one = PULL / len(size)

    def loss(logs: np.ndarray) -> tuple[float, np.ndarray]:
        metric = np.exp(2 * logs)
        lengths = [np.maximum(part @ metric, 1e-12) for part in squares]
        value = np.zeros(len(near))
        slopes = np.zeros(len(near)), np.zeros(len(near)), np.zeros(len(near))
        gradient_parts = []
        for sign, product, other in ((1.0, near, 1), (-1.0, far, 2)):
            scale = 1.0 / np.sqrt(lengths[0] * lengths[other])
            cosine = (product @ metric) * scale
            value += sign * cosine
            slopes[0][:] += -0.5 * sign * cosine / lengths[0]
            slopes[other][:] += -0.5 * sign * cosine / lengths[other]
            gradient_parts.append((sign * scale, product))
        margin = value / TEMPERATURE
        push = -share / (1.0 + np.exp(np.clip(margin, -50, 50))) / TEMPERATURE
        gradient = sum(((push * slope) @ part for slope, part in zip(slopes, squares, strict=True)))
        gradient = gradient + sum((push * scale) @ product for scale, product in gradient_parts)
        total = float(share @ np.logaddexp(0.0, -margin) + pull_to_one * (logs @ logs))
        return total, gradient * 2 * metric + 2 * pull_to_one * logs

    found = minimize(
        loss, np.zeros(vectors.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": MOST_STEPS}
    )
    weights: np.ndarray = np.exp(found.x).round(DECIMALS)
    return weights


def fold_of(user_ids: pl.Series) -> np.ndarray:
    """(n,) the fold of each row's author, by a hash of the id: other users do not move it."""
    folds = [hashlib.sha256(user_id.encode()).digest()[0] % FOLDS for user_id in user_ids]
    return np.array(folds, dtype=np.int64)


def cross_fit(vectors: np.ndarray, trials: Trials, fold: np.ndarray, scored: Trials) -> np.ndarray:
    """(len(scored),) outcomes of `scored`, each with weights from the trials about authors of other folds.

    fold (n,): fold per row of `vectors`.
    """
    found = np.zeros(len(scored))
    for number in range(FOLDS):
        asked = fold[scored.author] == number
        if asked.any():
            weights = train_weights(vectors, trials.where(fold[trials.author] != number))
            found[asked] = outcomes(scored.where(asked), project(vectors, weights))
    return found


def fit_projection(reviews: pl.DataFrame, vectors: np.ndarray) -> Projection:
    """Train on `reviews` (of train users, from `eligible`) with their raw `vectors` (n, d), and decide."""
    trials = make_trials(reviews, "same topic", MOST_TRIALS, SEED)
    weights = train_weights(vectors, trials)
    n_authors = trials.n_authors
    if n_authors < LEAST_AUTHORS:
        reason = f"{n_authors} train authors with reviews to compare, {LEAST_AUTHORS} needed"
        return Projection(weights, Decision(False, reason, n_authors, len(trials)))
    raw = outcomes(trials, vectors)
    projected = cross_fit(vectors, trials, fold_of(reviews["user_id"]), trials)
    values = by_author(trials, np.column_stack([raw, projected, projected - raw]))
    mean = values.mean(axis=0)
    low, high = bounds(resampled_means(values[:, 2:], SAMPLES, SEED), CONFIDENCE)
    better = bool(low[0] > 0)
    reason = (
        f"gain over raw features {mean[2]:+.4f} ({low[0]:+.4f} to {high[0]:+.4f}) on unseen train authors"
    )
    return Projection(
        weights,
        Decision(
            better,
            reason,
            n_authors,
            len(trials),
            float(mean[0]),
            float(mean[1]),
            float(low[0]),
            float(high[0]),
        ),
    )
