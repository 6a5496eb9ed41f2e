"""Holm's correction for many tests (Holm 1979): the chance of any false alarm stays below alpha."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values in the order given, 0..1: those at most alpha may be called real, all at once.

    The smallest of m is multiplied by m, the next by m - 1 and so on, and none is less than one before it.
    Needs no independence of the tests. Raises ValueError for a value outside 0..1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p-values lie between 0 and 1: {list(p_values)}")
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(raised, 1)
    return adjusted.tolist()
