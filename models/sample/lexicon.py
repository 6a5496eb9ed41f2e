"""Words of the bundled sample, read from `lexicon.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml


@dataclass(frozen=True)
class Lexicon:
    """Lists of words and phrases; the file says what each is for."""

    kinds: list[str]
    aspects: list[str]
    units: list[str]
    good: list[str]
    bad: list[str]
    materials: list[str]
    personas: list[list[str]]
    titles_with_persona: list[str]
    titles_plain: list[str]
    opening_heads: list[str]
    opening_tails: list[str]
    closing_heads: list[str]
    closing_tails: list[str]
    leads: list[str]
    verbs: list[str]
    tails: list[str]
    fillers: list[str]
    who: list[str]
    when: list[str]
    syllables: list[str]


@cache
def lexicon() -> Lexicon:
    """The bundled lists, read once."""
    text = resources.files("models.sample").joinpath("lexicon.yaml").read_text(encoding="utf-8")
    return Lexicon(**yaml.safe_load(text))
