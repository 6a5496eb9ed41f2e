"""Does a text show the planted habits of its user? Truth of the bundled sample, for evaluation alone."""

from __future__ import annotations

import re
from typing import Final

from models.sample.world import World
from models.sample.writing import User

TRAITS: Final = ("opening", "closing", "register", "casing", "punctuation")

_TRAILING_MARKS: Final = re.compile(r"[^\w\s]+$")


def planted_traits(text: str, user: User, world: World) -> dict[str, bool]:
    """Trait -> whether `text` shows it as `user` would; an empty text shows none.

    opening and closing: the user's own phrases stand first and last. register: a lead or verb of their
    community occurs. casing: lower, sentence or shouted edges. punctuation: its marks end the text.
    """
    flat = text.strip()
    if not flat:
        return dict.fromkeys(TRAITS, False)
    community = world.communities[user.community]
    lower = flat.lower()
    found = _TRAILING_MARKS.search(flat)
    marks = found.group() if found else ""
    body = lower[: len(lower) - len(marks)].rstrip()
    return {
        "opening": lower.startswith(user.opening),
        "closing": body.endswith(user.closing),
        "register": any(phrase in lower for phrase in (*community.leads, *community.verbs)),
        "casing": casing_of(flat) == community.casing,
        "punctuation": marks == community.marks.strip(),
    }


def casing_of(text: str) -> str:
    """`lower`, `shout` (the first two words in capitals) or `sentence`, as the sample's communities write."""
    if not any(letter.isupper() for letter in text):
        return "lower"
    first = " ".join(text.split()[:2])
    return "shout" if first.isupper() and len(first) > 2 else "sentence"
