"""Users who were forgotten: a keyed hash tells that an id is one of theirs, nothing tells their ids.

The key (the salt) is random and lies in one file of a home, away from the hashes: a published table of hashes
cannot be tried against a list of names.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

REASON: Final = "its user was forgotten; nothing of it is kept but its place in the file"
UNREADABLE: Final = "cannot be read, nor whose it is; not kept, because users of this dataset were forgotten"


@dataclass(frozen=True)
class Forgotten:
    """Who was forgotten, as hashes of ids with their dataset in front. datasets: those of these users."""

    salt: bytes
    hashes: frozenset[str]
    datasets: frozenset[str]

    def holds(self, user_id: str) -> bool:
        """Whether `user_id`, with its dataset in front, is one of them."""
        return bool(self.hashes) and salted(self.salt, user_id) in self.hashes

    def concerns(self, dataset: str) -> bool:
        """Whether anybody of `dataset` was forgotten."""
        return dataset in self.datasets


NOBODY: Final = Forgotten(b"", frozenset(), frozenset())


def salted(salt: bytes, user_id: str) -> str:
    """HMAC-SHA-256 of an id, in hex."""
    return hmac.digest(salt, user_id.encode("utf-8", "surrogatepass"), "sha256").hex()


def forgotten(salt: bytes, hashes: Collection[tuple[str, str]]) -> Forgotten:
    """From (dataset, hash) of every forgotten user."""
    return Forgotten(salt, frozenset(one for _, one in hashes), frozenset(name for name, _ in hashes))
