"""The attacks of attacks.yaml, and where each of them can stand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from models.sources.records import MAX_ID, MAX_TITLE

Place = Literal["text", "title", "id", "file"]
NAME_BYTES = 200  # of a file name; file systems take 255


@dataclass(frozen=True)
class Attack:
    """One hostile text; `damage` says what would happen if it worked."""

    name: str
    family: str
    value: str
    damage: str
    rejected: bool  # no table can hold it: its record is kept with the reason

    def fits(self, place: Place) -> bool:
        """Whether it can stand there at all; what is rejected everywhere fits nowhere but a rejected row."""
        if self.rejected:
            return False
        if place == "id":
            return len(self.value) <= MAX_ID
        if place == "title":
            return len(self.value) <= MAX_TITLE
        if place == "file":
            return "/" not in self.value and 0 < len(self.value.encode()) <= NAME_BYTES
        return True


def load() -> list[Attack]:
    """All attacks, in the order of the file."""
    entries = yaml.safe_load(Path(__file__).with_name("attacks.yaml").read_text(encoding="utf-8"))
    return [
        Attack(
            name=entry["name"],
            family=entry["family"],
            value=entry["value"] * entry.get("repeat", 1) + entry.get("end", ""),
            damage=entry["damage"],
            rejected=entry.get("rejected", False),
        )
        for entry in entries
    ]


ATTACKS = load()
BY_NAME = {attack.name: attack for attack in ATTACKS}
ACCEPTED = [attack for attack in ATTACKS if not attack.rejected]


def of(place: Place) -> list[Attack]:
    """Those that can stand there."""
    return [attack for attack in ATTACKS if attack.fits(place)]
