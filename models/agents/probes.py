"""What did an agent learn to rely on? Its evidence is changed in one way, everything else stays.

A gain that survives a change did not rest on what was changed; one that vanishes did.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

from models.agents.agents import AgentName, ReviewLine

Probe = Literal["as_is", "shuffled", "unmarked", "flipped", "other_user", "other_topic"]
PROBES: Final[dict[AgentName, tuple[Probe, ...]]] = {
    "style": ("as_is", "shuffled", "other_user"),  # its rows carry no marks and are about any topic
    "topic": ("as_is", "shuffled", "unmarked", "flipped", "other_user", "other_topic"),
}


def perturb(
    probe: Probe, rows: Sequence[Sequence[ReviewLine]], topics: Sequence[str], seed: int
) -> list[list[ReviewLine]]:
    """The rows of every example as `probe` shows them; `rows` and `topics` are in the order of the examples.

    as_is: unchanged. shuffled: the same rows in a drawn order. unmarked: no row marked as aligned. flipped:
    marked rows unmarked and the others marked. other_user: the rows of another example, of the same topic
    where there is one. other_topic: the rows of an example of another topic. An example that has no such
    partner keeps its rows. Draws depend on the seed and the place of the example alone.
    """
    return [
        _perturbed(probe, place, rows, topics, random.Random(f"{seed}:{probe}:{place}"))
        for place in range(len(rows))
    ]


def _perturbed(
    probe: Probe,
    place: int,
    rows: Sequence[Sequence[ReviewLine]],
    topics: Sequence[str],
    rng: random.Random,
) -> list[ReviewLine]:
    own = list(rows[place])
    if probe == "shuffled":
        rng.shuffle(own)
    elif probe == "unmarked":
        own = [replace(row, is_aligned=False) for row in own]
    elif probe == "flipped":
        own = [replace(row, is_aligned=not row.is_aligned) for row in own]
    elif probe in ("other_user", "other_topic"):
        others = [other for other in range(len(rows)) if other != place]
        same = [other for other in others if topics[other] == topics[place]]
        away = [other for other in others if topics[other] != topics[place]]
        pool = (same or others) if probe == "other_user" else away
        own = list(rows[rng.choice(pool)]) if pool else own
    return own
