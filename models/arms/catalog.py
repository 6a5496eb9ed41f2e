"""The arms as rows of configuration: what each is, what it needs, and what it is compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.errors import InputError
from models.evaluation.metrics import METRICS_BY_TASK

Family = Literal["floor", "ceiling", "baseline", "pat", "ablation", "falsification"]
Need = Literal["model", "policies", "contexts", "vectors"]

ALL_ARMS: Final = "all"
FLOORS: Final = "floors"  # every arm that needs no language model, the ceilings among them
GROUPS: Final[Mapping[str, Family]] = {
    "ceilings": "ceiling",
    "baselines": "baseline",
    "ablations": "ablation",
    "falsifications": "falsification",
}


class Arm(BaseModel):
    """One way to answer an example.

    how: the function or procedure that answers. needs: what must be there beforehand: `model` (the recipe's
    base model), `policies` (trained or not), `contexts` (what retrieval hands to the agents), `vectors`.
    variants: agent -> variant of its context (`context.variant_reviews`) instead of the usual one.
    reference: the arm it is compared with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    family: Family
    how: str
    tasks: tuple[str, ...]
    needs: tuple[Need, ...] = ()
    reference: str | None = None
    variants: Mapping[Literal["style", "topic"], str] = {}
    options: Mapping[str, Any] = {}
    description: str

    @property
    def needs_model(self) -> bool:
        """Whether a language model writes for it."""
        return "model" in self.needs

    @model_validator(mode="after")
    def _is_possible(self) -> Arm:
        if strangers := sorted(set(self.tasks) - set(METRICS_BY_TASK)):
            raise ValueError(f"{self.name}: no tasks {strangers}")
        if self.family in ("floor", "ceiling") and self.needs_model:
            raise ValueError(f"{self.name}: a {self.family} needs no language model")
        if self.family not in ("floor", "ceiling") and not self.needs_model:
            raise ValueError(f"{self.name}: without a language model it is a floor or a ceiling")
        return self


@cache
def arms() -> Mapping[str, Arm]:
    """Every arm by name, in the order in which a reader wants to see them."""
    rows = yaml.safe_load(resources.files("models.arms").joinpath("arms.yaml").read_text(encoding="utf-8"))
    found: dict[str, Arm] = {}
    for row in rows:
        arm = Arm.model_validate(row)
        if arm.name in found:
            raise ValueError(f"arms.yaml: {arm.name} stands there twice")
        found[arm.name] = arm
    if lost := sorted({arm.reference for arm in found.values() if arm.reference} - set(found)):
        raise ValueError(f"arms.yaml: references {lost} are no arms")
    return found


def choose(wanted: Iterable[str]) -> list[Arm]:
    """The arms that `wanted` names, each once, in the order of `arms()`.

    A name may be an arm, a pattern (`pgraphrag_*`), a group or `all`. Groups: `floors` (every arm that needs
    no language model), `ceilings`, `baselines`, `ablations`, `falsifications`. InputError names a stranger.
    """
    chosen: set[str] = set()
    for name in wanted:
        fitting = [arm.name for arm in arms().values() if _is_meant(arm, name)]
        if not fitting:
            groups = ", ".join([FLOORS, *GROUPS, ALL_ARMS])
            raise InputError(
                f"no arm {name!r}",
                remedy=f"name one of {', '.join(arms())}, a pattern such as 'pgraphrag_*', or {groups}",
            )
        chosen.update(fitting)
    return [arm for arm in arms().values() if arm.name in chosen]


def _is_meant(arm: Arm, name: str) -> bool:
    if name == ALL_ARMS:
        return True
    if name == FLOORS:
        return not arm.needs_model
    if name in GROUPS:
        return arm.family == GROUPS[name]
    return fnmatchcase(arm.name, name)
