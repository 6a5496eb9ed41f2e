"""What every metric means: the rows of metrics.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict

from models.evaluation.meteor import wordnet_synonyms
from models.evaluation.metrics import REWARDED

EXACT_AND_STEM: Final = "equal words and stems alone, because WordNet is not installed here"
WITH_WORDNET: Final = "equal words, stems and WordNet synonyms"


class Meaning(BaseModel):
    """One metric.

    needs: what a text must have for a value. derived: the metric whose mean it is taken from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str
    tasks: tuple[Literal["long", "short", "rating"], ...]
    better: Literal["higher", "lower", "neither"]
    unit: str
    needs: str | None = None
    derived: str | None = None
    description: str

    @property
    def rewardable(self) -> bool:
        """Whether a recipe may make Q of it."""
        return self.metric in REWARDED


@cache
def meanings() -> Mapping[str, Meaning]:
    """Every metric by name, in the order in which a reader wants to see them."""
    text = resources.files("models.evaluation").joinpath("metrics.yaml").read_text(encoding="utf-8")
    rows = [Meaning.model_validate(row) for row in yaml.safe_load(text)]
    return {row.metric: row for row in rows}


def meteor_variant() -> str:
    """Which METEOR this machine computes, in words."""
    return EXACT_AND_STEM if wordnet_synonyms() is None else WITH_WORDNET
