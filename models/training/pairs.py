"""Preference pairs as training takes them, and what is refused before any training starts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from models.errors import WorkError


@dataclass(frozen=True)
class PreferencePair:
    """One user message with a better and a worse reply, both written by the reference policy.

    `*_ended` says whether the reply ended by itself: the end token is trained only where it was written.
    """

    prompt: str
    chosen: str
    rejected: str
    chosen_ended: bool = True
    rejected_ended: bool = True


def check_pairs(pairs: Sequence[PreferencePair]) -> None:
    """Raise WorkError with the counts when there is no pair, or pairs that cannot teach anything."""
    if not pairs:
        raise WorkError(
            "0 preference pairs",
            step="training",
            remedy="more examples or candidates, or a smaller pairs.margin in the recipe",
        )
    equal = sum(pair.chosen == pair.rejected for pair in pairs)
    empty = sum(not pair.chosen.strip() or not pair.rejected.strip() for pair in pairs)
    blank = sum(not pair.prompt.strip() for pair in pairs)
    if equal or empty or blank:
        raise WorkError(
            f"of {len(pairs)} pairs {equal} have equal replies, {empty} an empty reply, {blank} no prompt",
            step="training",
            remedy="leave these rows out of preference.pairs; they carry no preference",
        )


def pairs_sha256(pairs: Sequence[PreferencePair]) -> str:
    """Hash of the pairs in their order."""
    digest = hashlib.sha256()
    for pair in pairs:
        digest.update(json.dumps(asdict(pair), sort_keys=True).encode() + b"\n")
    return digest.hexdigest()
