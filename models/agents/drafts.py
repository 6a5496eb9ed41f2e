"""Which pairs of summaries the generator is shown, so that every differential reward can be computed.

R(z_a) = Q(G(x, z_a, z_b)) - Q(G(x, nothing, z_b)) with the other agent's greedy summary z_b fixed. Where the
other agent is switched off, z_b is nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from models.agents.agents import AgentName

GREEDY: Final = 0
NOTHING_SHOWN: Final = -1


def shown_pairs(
    candidates: int, agents: Sequence[AgentName] = ("style", "topic")
) -> Iterator[tuple[int, int]]:
    """(style candidate, topic candidate) of every draft of an example with `candidates` sampled summaries."""
    style = GREEDY if "style" in agents else NOTHING_SHOWN
    topic = GREEDY if "topic" in agents else NOTHING_SHOWN
    pairs = [(NOTHING_SHOWN, topic), (style, NOTHING_SHOWN), (style, topic)]
    for candidate in range(1, candidates + 1):
        pairs += [(candidate, topic)] if "style" in agents else []
        pairs += [(style, candidate)] if "topic" in agents else []
    yield from dict.fromkeys(pairs)  # with an agent switched off two of the first three are the same
