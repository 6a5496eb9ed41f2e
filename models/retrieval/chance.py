"""Chance without a state: numbers that depend on a seed and on ids, never on texts, order or other rows."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl

_STEPS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))  # SplitMix64 (Steele et al. 2014)


def hashes(ids: pl.Series, seed: int) -> np.ndarray:
    """(n,) uint64, one per id."""
    digests = [hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8] for name in ids]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def shares(hashed: np.ndarray) -> np.ndarray:
    """Numbers in [0, 1) of any shape from uint64 numbers, such as the xor of two hashes."""
    mixed = hashed
    for shift, factor in _STEPS:
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)) / 2.0**53)  # 53 bits are exact
