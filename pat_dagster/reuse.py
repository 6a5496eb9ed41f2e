"""Whether a table is still what its inputs make of it: decided by the ledger, before anything is computed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pat_dagster.recipe_parts import as_json

# Run tag. Without it, as when somebody clicks Materialize, whatever was asked for is computed.
TAG: Final = "pat/refresh"
CHANGED: Final = "changed"  # tables whose inputs are those of last time are left as they are
EVERYTHING: Final = "everything"
ANEW: Final = "anew"  # everything, and what was learned from a corpus is learned anew
ONLY_CHANGED: Final[Mapping[str, str]] = {TAG: CHANGED}


@dataclass(frozen=True, order=True)
class Version:
    """One partition of an upstream table, and what is in it by the ledger."""

    table: str
    iteration: str | None
    content_sha256: str
    is_finished: bool = True  # False while it is written again, or was by a run that was cut off


@dataclass(frozen=True)
class Inputs:
    """Everything that decides what a table says, but for the recipe."""

    code_version: str
    libraries: str
    upstream: Sequence[Version]
    config: str  # JSON

    @property
    def unfinished(self) -> list[str]:
        """Upstream tables of which nobody can say what they hold, sorted."""
        return sorted({one.table for one in self.upstream if not one.is_finished})

    def sha256(self, recipe_values: Mapping[str, Any]) -> str | None:
        """Equal inputs, equal hashes; None where they are unknown. recipe_values: part -> its value."""
        if self.unfinished:
            return None
        upstream = [[one.table, one.iteration or "", one.content_sha256] for one in self.upstream]
        told = [self.code_version, self.libraries, sorted(upstream), self.config, recipe_values]
        return hashlib.sha256(as_json(told).encode()).hexdigest()


@dataclass(frozen=True)
class Written:
    """How a table or partition was written last: a row of the ledger."""

    run_id: str
    code_version: str
    rows: int
    content_sha256: str
    upstream_versions: str  # JSON
    recipe_parts: tuple[str, ...]
    config: str | None
    inputs_sha256: str | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Written:
        """From a row of ops.materializations."""
        parts = row["recipe_parts"]
        return cls(
            row["run_id"],
            row["code_version"],
            row["rows"],
            row["content_sha256"],
            row["upstream_versions"],
            tuple(parts.split(",")) if parts else (),
            row["config"],
            row["inputs_sha256"],
        )


def only_changed(tags: Mapping[str, str]) -> bool:
    """Whether a run leaves alone what is still what its inputs make of it."""
    return tags.get(TAG) == CHANGED


def reason_to_write(
    last: Written | None,
    inputs: Inputs,
    upstream_versions: str,
    recipe_values: Mapping[str, Any],
) -> str | None:
    """Why a table has to be computed, in words; None where its inputs are those of last time.

    upstream_versions: as the ledger would record it now. recipe_values: of the parts read last time.
    """
    if last is None:
        return "it was never written"
    if last.inputs_sha256 is None:
        return "it was not finished, or written by an older version"
    if inputs.unfinished:
        return f"not finished: {', '.join(inputs.unfinished)}"
    if last.inputs_sha256 == inputs.sha256(recipe_values):
        return None
    if last.code_version != inputs.code_version:
        return "its code changed"
    before, now = json.loads(last.upstream_versions), json.loads(upstream_versions)
    changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    if changed:
        return f"changed: {', '.join(changed)}"
    if last.config != inputs.config:
        return "other things are asked for"
    return "the recipe, a library or an earlier iteration changed"
