"""Percentile bootstrap intervals (Efron 1979) and sign-flip tests (Fisher 1935), paired by example.

Both are vectorized over columns and seeded: equal inputs give equal numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

CHUNK_VALUES: Final = 4_000_000  # counts drawn at a time: 32 MB, whatever the number of examples
TIE: Final = 1e-12  # of the sum of sizes: sums of the same numbers in another order are equal

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
    return np.concatenate([counts @ values / n for counts in resamples(n, samples, seed)])


def resamples(n: int, samples: int, seed: int) -> Iterator[npt.NDArray[np.int64]]:
    """How often each of n rows is drawn, in chunks of resamples (rows, n) that add up to `samples`."""
    if n == 0:
        raise ValueError("nothing to resample: there are no examples")
    rng = np.random.default_rng(seed)
    rows = max(CHUNK_VALUES // n, 1)
    shares = np.full(n, 1 / n)
    for start in range(0, samples, rows):
        yield rng.multinomial(n, shares, size=min(rows, samples - start))


def sign_flip_p(differences: Values, samples: int, seed: int) -> Values:
    """Two-sided p-values that the mean differences are 0: paired differences (n, m) -> (m,), above 0.

    Under the null hypothesis each example's difference could as well have the other sign. All 2^n signs are
    tried where that is no more than `samples`: then p is exact, and so few examples that nothing can be shown
    show nothing (n = 5: p is at least 1/16). Otherwise `samples` draws and the observed signs, which keeps
    the test valid (Phipson and Smyth 2010). Columns share the draws. Without examples p is 1.
    """
    n = len(differences)
    total = differences.sum(axis=0)
    edge = np.abs(total) - TIE * np.abs(differences).sum(axis=0)
    reached = np.zeros(differences.shape[1], dtype=np.int64)
    exact = n < samples.bit_length() and 2**n <= samples
    for flipped in _all_signs(n) if exact else _drawn_signs(n, samples, seed):
        reached += (np.abs(total - 2 * (flipped @ differences)) >= edge).sum(axis=0)
    return reached / 2**n if exact else (reached + 1) / (samples + 1)


def _all_signs(n: int) -> Iterator[Values]:
    yield (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(np.float64)


def _drawn_signs(n: int, samples: int, seed: int) -> Iterator[Values]:
    rng = np.random.default_rng(seed)
    rows = max(CHUNK_VALUES // n, 1)
    for start in range(0, samples, rows):
        yield rng.integers(0, 2, size=(min(rows, samples - start), n), dtype=np.int8).astype(np.float64)


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
