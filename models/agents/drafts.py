"""Which pairs of summaries the generator is shown, so that every differential reward can be computed.

R(z_a) = Q(G(x, z_a, z_b)) - Q(G(x, nothing, z_b)) with the other agent's greedy summary z_b fixed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

GREEDY: Final = 0
NOTHING_SHOWN: Final = -1


def shown_pairs(candidates: int) -> Iterator[tuple[int, int]]:
    """(style candidate, topic candidate) of every draft of an example with `candidates` sampled summaries."""
    yield NOTHING_SHOWN, GREEDY
    yield GREEDY, NOTHING_SHOWN
    yield GREEDY, GREEDY
    for candidate in range(1, candidates + 1):
        yield candidate, GREEDY
        yield GREEDY, candidate
