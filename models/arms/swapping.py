"""Swapped summaries: every example gets those of another one, each given away once.

A method that reads its evidence must lose by it; what is left is what any evidence gives. All givers and
takers are of the same dataset and task, so that what is swapped fits in kind and, taken together, is the
same texts. Ours; exchanging inputs at random is how the use of a feature is tested (Breiman 2001).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from scipy.optimize import linear_sum_assignment

from models.retrieval.chance import hashes, shares
from models.retrieval.corpus import ALWAYS, NEVER

LARGEST: Final = 2500  # examples matched with each other: 50 MB of costs, a second
SAME_TOPIC: Final = 10.0  # costs more than any chance, so it happens only where nothing else is left
FORBIDDEN: Final = 1e6


@dataclass(frozen=True)
class Giver:
    """An example with summaries. authors, latest: of the reviews behind the summaries."""

    example_id: str
    user: str
    topic: str
    group: Hashable  # dataset and task
    authors: Collection[str] = ()
    latest: int = ALWAYS  # microseconds, as in `models.retrieval.corpus`
    time: int = NEVER  # of the example; what is not earlier is not shown to it


def swapped(givers: Sequence[Giver], seed: int) -> list[int | None]:
    """For every example the place of the one whose summaries it gets, None where there is none to be had.

    Never its own user's, never summaries of a text by its own user (the target is one) or of a later text,
    another topic's where possible. Depends on the seed and the examples, not on their order.
    """
    order = sorted(range(len(givers)), key=lambda place: givers[place].example_id)
    ids = pl.Series([givers[place].example_id for place in order], dtype=pl.String)
    hashed = dict(zip(order, hashes(ids, seed), strict=True))
    groups: dict[Hashable, list[int]] = {}
    for place in sorted(order, key=lambda place: (hashed[place], givers[place].example_id)):
        groups.setdefault(givers[place].group, []).append(place)
    found: list[int | None] = [None] * len(givers)
    for places in groups.values():
        for part in np.array_split(np.array(places), -(-len(places) // LARGEST)):
            chosen = [givers[place] for place in part]
            costs = _costs(chosen, np.array([hashed[int(place)] for place in part]))
            takers, partners = linear_sum_assignment(costs)
            for taker, partner in zip(takers, partners, strict=True):
                if costs[taker, partner] < FORBIDDEN:
                    found[int(part[taker])] = int(part[partner])
    return found


def _costs(givers: Sequence[Giver], hashed: np.ndarray) -> np.ndarray:
    """(n, n) takers by givers."""
    user, topic = (np.array([getattr(one, name) for one in givers]) for name in ("user", "topic"))
    time, latest = (np.array([getattr(one, name) for one in givers], np.int64) for name in ("time", "latest"))
    # not symmetric: the pair (a, b) must not have the chance of (b, a)
    chance = shares(hashed[:, None] + np.uint64(3) * hashed[None, :])
    costs = chance + SAME_TOPIC * (topic[:, None] == topic[None, :])
    costs[(user[:, None] == user[None, :]) | (latest[None, :] >= time[:, None])] = FORBIDDEN
    takers: dict[str, list[int]] = {}
    for place, one in enumerate(givers):
        takers.setdefault(one.user, []).append(place)
    for place, one in enumerate(givers):
        for author in one.authors:
            costs[takers.get(author, []), place] = FORBIDDEN
    return costs
