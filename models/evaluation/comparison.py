"""Means of many columns and differences of pairs of them, over whatever examples each has, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from models.evaluation.bootstrap import Values, bounds, keyed_seed, resampled_means, resamples, sign_flip_p

SPARSE: Final = 200  # rows with a value: with as many, a resample of all rows misses them all once in e^200

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Side:
    """One column over the rows of one mask."""

    mask: bytes
    column: int


@dataclass(frozen=True)
class Comparison:
    """Columns: n, mean, low, high, shape (m,). Pairs: n_paired, diff, diff_low, diff_high, p, shape (q,).

    Where there are no examples, n is 0 and the rest NaN; a single example has a mean and no interval.
    """

    n: npt.NDArray[np.int64]
    mean: Values
    low: Values
    high: Values
    n_paired: npt.NDArray[np.int64]
    diff: Values
    diff_low: Values
    diff_high: Values
    p: Values


def compare(
    values: Values,
    pairs: Sequence[tuple[int, int]],
    rooted: Sequence[int] = (),
    *,
    samples: int,
    confidence: float,
    seed: int,
) -> Comparison:
    """Compare columns of `values` (n, m), NaN where an example has no value.

    Every column is averaged over its own examples, every pair (first - second) over those both have. The
    means of `rooted` columns, and the resampled ones, are square roots: squared errors become RMSE; the test
    of such a pair is that of the squares. Intervals are percentile bootstraps; columns with at least `SPARSE`
    examples share the resamples of all rows and are ratios of sums, others are resampled among their own
    rows. p is the sign-flip test, not corrected. Raises ValueError for an infinite value.
    """
    if np.isinf(values).any():
        raise ValueError("scores must be finite numbers")
    known = ~np.isnan(values)
    roots = np.isin(np.arange(values.shape[1]), rooted)
    own = [Side(known[:, column].tobytes(), column) for column in range(values.shape[1])]
    both = [(known[:, first] & known[:, second]).tobytes() for first, second in pairs]
    ends = [
        (Side(mask, first), Side(mask, second)) for mask, (first, second) in zip(both, pairs, strict=True)
    ]
    sides = list(dict.fromkeys([*own, *(side for pair in ends for side in pair)]))
    place = {side: number for number, side in enumerate(sides)}
    n, mean, resampled = _means(values, sides, samples, seed)
    root = roots[[side.column for side in sides]]
    mean, resampled = _rooted(mean, root), _rooted(resampled, root)
    at = [place[side] for side in own]
    first, second = ([place[pair[end]] for pair in ends] for end in (0, 1))
    low, high = _bounds(resampled[:, at], n[at], confidence)
    diff_low, diff_high = _bounds(resampled[:, first] - resampled[:, second], n[first], confidence)
    return Comparison(
        n=n[at],
        mean=mean[at],
        low=low,
        high=high,
        n_paired=n[first],
        diff=mean[first] - mean[second],
        diff_low=diff_low,
        diff_high=diff_high,
        p=_p_values(values, pairs, both, samples, seed),
    )


def _means(
    values: Values, sides: Sequence[Side], samples: int, seed: int
) -> tuple[npt.NDArray[np.int64], Values, Values]:
    """n (s,), means (s,) and resampled means (samples, s) of every side."""
    n = np.zeros(len(sides), dtype=np.int64)
    mean = np.full(len(sides), np.nan)
    resampled = np.full((samples, len(sides)), np.nan)
    shared: list[int] = []
    alone: dict[bytes, list[int]] = {}
    for number, side in enumerate(sides):
        mask = _mask(side.mask)
        n[number] = mask.sum()
        if n[number]:
            mean[number] = values[mask, side.column].mean()
        if n[number] >= SPARSE:
            shared.append(number)
        elif n[number] > 1:
            alone.setdefault(side.mask, []).append(number)
    for key, numbers in alone.items():
        table = values[_mask(key)][:, [sides[number].column for number in numbers]]
        resampled[:, numbers] = resampled_means(table, samples, keyed_seed(seed, key.hex()))
    if shared:
        resampled[:, shared] = _shared_means(values, [sides[number] for number in shared], samples, seed)
    return n, mean, resampled


def _shared_means(values: Values, sides: Sequence[Side], samples: int, seed: int) -> Values:
    """Resampled sums over resampled numbers of examples: (samples, s)."""
    keys = list(dict.fromkeys(side.mask for side in sides))
    masks = np.column_stack([_mask(key) for key in keys]).astype(np.float64)
    of = [keys.index(side.mask) for side in sides]
    table = np.nan_to_num(values[:, [side.column for side in sides]]) * masks[:, of]
    joined = np.column_stack([table, masks])
    sums = np.concatenate([counts @ joined for counts in resamples(len(values), samples, seed)])
    return sums[:, : len(sides)] / sums[:, len(sides) :][:, of]


def _p_values(
    values: Values, pairs: Sequence[tuple[int, int]], masks: Sequence[bytes], samples: int, seed: int
) -> Values:
    p = np.full(len(pairs), np.nan)
    groups: dict[bytes, list[int]] = {}
    for number, key in enumerate(masks):
        if _mask(key).any():
            groups.setdefault(key, []).append(number)
    # absent differences are zeros, which no sign changes: large groups share the draws of all rows
    large = [number for key, numbers in groups.items() if _mask(key).sum() >= SPARSE for number in numbers]
    if large:
        rows = values[:, [pairs[number][0] for number in large]]
        p[large] = sign_flip_p(
            np.nan_to_num(rows - values[:, [pairs[number][1] for number in large]]), samples, seed
        )
    for key, numbers in groups.items():
        if numbers[0] not in large:
            rows = values[_mask(key)]
            first, second = ([pairs[number][end] for number in numbers] for end in (0, 1))
            p[numbers] = sign_flip_p(rows[:, first] - rows[:, second], samples, keyed_seed(seed, key.hex()))
    return p


def _bounds(resampled: Values, n: npt.NDArray[np.int64], confidence: float) -> tuple[Values, Values]:
    """Bounds (m,), NaN for columns of fewer than two examples."""
    low, high = np.full((2, len(n)), np.nan)
    several = n > 1
    if several.any():
        low[several], high[several] = bounds(resampled[:, several], confidence)
    return low, high


def _rooted(means: Values, root: Mask) -> Values:
    return np.sqrt(means, out=means.copy(), where=np.broadcast_to(root, means.shape))


def _mask(key: bytes) -> Mask:
    return np.frombuffer(key, dtype=np.bool_)
