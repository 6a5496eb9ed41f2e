"""Percentile bootstrap intervals (Efron 1979), paired by example, vectorized and seeded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

CHUNK_VALUES: Final = 4_000_000  # counts drawn at a time: 32 MB, whatever the number of examples

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A mean and its two-sided confidence bounds, in the unit of the values."""

    mean: float
    low: float
    high: float


def resampled_means(values: Values, samples: int, seed: int) -> Values:
    """Means of `samples` resamples of the rows of `values` (n, m) -> (samples, m).

    All columns share the resamples, so a difference of two columns is a paired comparison.
    """
    n = len(values)
    if n == 0:
        raise ValueError("nothing to resample: there are no examples")
    rng = np.random.default_rng(seed)
    rows = max(CHUNK_VALUES // n, 1)
    shares = np.full(n, 1 / n)
    means = [
        rng.multinomial(n, shares, size=min(rows, samples - start)) @ values / n
        for start in range(0, samples, rows)
    ]
    return np.concatenate(means)


def bounds(means: Values, confidence: float) -> tuple[Values, Values]:
    """Lower and upper percentile of resampled means (samples, m) -> two arrays (m,)."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail], axis=0)
    return low, high


def paired_bootstrap(
    first: Sequence[float] | Values,
    second: Sequence[float] | Values,
    samples: int,
    confidence: float,
    seed: int,
) -> Interval:
    """Mean of first - second over paired examples, with its bootstrap interval.

    Raises ValueError when the lengths differ, there are no examples, or a value is not finite.
    """
    gain = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    if not np.isfinite(gain).all():
        raise ValueError("a paired comparison needs a finite value for every example")
    low, high = bounds(resampled_means(gain[:, None], samples, seed), confidence)
    return Interval(float(gain.mean()), float(low[0]), float(high[0]))


def keyed_seed(seed: int, *key: object) -> int:
    """A seed of its own for every group of rows that shares resamples."""
    text = "\x1f".join(str(part) for part in (seed, *key))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
