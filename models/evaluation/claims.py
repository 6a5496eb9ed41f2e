"""The claims of models/evaluation/claims.yaml: what a reader wants to know, as tests between arms."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Annotated, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.arms.catalog import arms

BEFORE: Final = "before"
# what an arm was before the first training; other arms have no earlier self
UNTRAINED: Final = {"pat": "pat_untrained", "pat_swapped": "pat_untrained_swapped"}


class Test(BaseModel):
    """`arm` is better than `against`, on average over the examples that all arms of the test answered.

    against: another arm, `before` (the same arm one iteration earlier), or None for the value 0. less: an arm
    taken off both iterations. bucket: of history. tasks: () for every task that the arms can answer.
    """

    __test__ = False  # pytest takes the name for one of its own

    model_config = ConfigDict(frozen=True, extra="forbid")

    arm: str
    against: str | None = None
    less: str | None = None
    metric: str = "q"
    bucket: str = "all"
    tasks: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _arms_exist(self) -> Test:
        named = [name for name in (self.arm, self.against, self.less) if name not in (None, BEFORE)]
        if strangers := sorted({str(name) for name in named} - set(arms())):
            raise ValueError(f"no arms {strangers}")
        if self.against == BEFORE and not {self.arm, self.less or self.arm} <= set(UNTRAINED):
            raise ValueError(f"{self.arm} less {self.less} has no earlier self")
        if self.less and self.against != BEFORE:
            raise ValueError(
                f"{self.less} would be taken off both sides of one iteration, which changes nothing"
            )
        return self

    def fits(self, task: str) -> bool:
        """Whether every arm of the test can answer the task."""
        named = [name for name in (self.arm, self.against, self.less) if name not in (None, BEFORE)]
        able = all(task in arms()[str(name)].tasks for name in named)
        return able and (not self.tasks or task in self.tasks)


class Claim(BaseModel):
    """A sentence that holds where all of its tests hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    claim: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    statement: str
    tests: Annotated[tuple[Test, ...], Field(min_length=1)]


@cache
def claims() -> tuple[Claim, ...]:
    """Every claim, in the order of the file."""
    text = resources.files("models.evaluation").joinpath("claims.yaml").read_text(encoding="utf-8")
    found = tuple(Claim.model_validate(row) for row in yaml.safe_load(text))
    names = [claim.claim for claim in found]
    if len(set(names)) < len(names):
        raise ValueError("claims.yaml: a claim stands there twice")
    return found
