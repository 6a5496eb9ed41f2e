"""Fixed batches: which prompts are written together, from which seed, under which key.

A batch is the unit of repeatability. Its content depends on the prompts alone and its seed on its place in
the run, so a run that was killed continues after its last finished batch and ends with the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from models.llm import Sampling

DECODING_VERSION: Final = 1  # raise it when the backend writes other texts from equal inputs


@dataclass(frozen=True)
class Batch:
    """Prompts that are written together; `places` are their positions in the list of requests."""

    index: int
    places: tuple[int, ...]
    prompts: tuple[str, ...]
    seed: int
    key: str


def plan_batches(
    requests: Sequence[tuple[str, str]],
    batch_size: int,
    *,
    stage: str,
    iteration: str,
    seed: int,
    sampling: Sampling,
    policy: str,
) -> list[Batch]:
    """Cut requests (id, prompt) into batches of prompts of like length; ties are broken by id.

    `policy` is the fingerprint of the weights that write. The key of a batch changes with anything that could
    change its texts.
    """
    order = batch_order(requests)
    batches = []
    for index, start in enumerate(range(0, len(order), batch_size)):
        places = tuple(order[start : start + batch_size])
        prompts = tuple(requests[place][1] for place in places)
        batch_seed = derive_seed(seed, iteration, stage, index)
        batches.append(
            Batch(index, places, prompts, batch_seed, batch_key(prompts, policy, sampling, batch_seed))
        )
    return batches


def batch_order(requests: Sequence[tuple[str, str]]) -> list[int]:
    """Places of requests (id, prompt) in the order in which they are cut into batches."""
    return sorted(range(len(requests)), key=lambda place: (len(requests[place][1]), requests[place][0]))


def derive_seed(seed: int, *place: object) -> int:
    """A seed of its own for every place in a run, below 2**63 as torch wants it."""
    text = "\x1f".join(str(part) for part in (seed, *place))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1


def batch_key(prompts: Sequence[str], policy: str, sampling: Sampling, seed: int) -> str:
    """Hash of all that decides the texts of a batch; greedy texts do not depend on the seed."""
    inputs = {
        "version": DECODING_VERSION,
        "prompts": list(prompts),
        "policy": policy,
        "sampling": asdict(sampling),
        "seed": seed if sampling.temperature > 0 else None,
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
