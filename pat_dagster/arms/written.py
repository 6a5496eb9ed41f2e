"""What a procedure gets and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias, TypedDict

import duckdb

from models.arms import Arm
from models.arms.pool import Pool
from models.llm import Completion
from models.recipes import Recipe
from pat_dagster.cases import Case
from pat_dagster.policies import BASE_ID
from pat_dagster.writing import Writer

Role = Literal["style", "topic", "generator", "quote"]
USUAL = "usual"  # the context tables, not a variant of them


@dataclass(frozen=True)
class Workplace:
    """An open warehouse in which arms of one iteration answer; the model is loaded when first needed."""

    con: duckdb.DuckDBPyConnection
    recipe: Recipe
    iteration: str
    run_id: str = ""  # Dagster's, of the run that writes

    @cached_property
    def pools(self) -> dict[tuple[str, ...], Pool]:
        """What may be quoted, by dataset, task and examples: several arms ask for the same."""
        return {}

    @cached_property
    def writer(self) -> Writer:
        """The recipe's base model at work on this iteration."""
        return Writer.open(self.con, self.recipe, self.iteration)


@dataclass(frozen=True)
class Call:
    """One question to a language model and how its reply was read, on the way to one text.

    role: who was asked, or the agent that an arm's own step stands for. text: the reply as read, None where
    it could not be read or nobody was asked; `error` says why. source: the example whose evidence was read,
    None for the text's own. context: `USUAL` or the variant that chose the evidence, None where the arm does.
    """

    role: Role
    step: str
    prompt: str | None  # None where there was nothing to read
    reply: Completion
    text: str | None
    error: str | None = None
    policy_id: str = BASE_ID
    source: str | None = None
    context: str | None = None


@dataclass(frozen=True)
class Written:
    """One arm's answer to one example.

    style, topic: what the generator was shown, None for nothing. shown: role -> ids of the reviews behind the
    text, best first. Tokens and seconds are those of all calls for this example, the agents' too.
    """

    text: str
    style: str | None = None
    topic: str | None = None
    shown: Mapping[Role, Sequence[str]] = field(default_factory=dict)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    calls: Sequence[Call] = ()  # in order


Procedure: TypeAlias = Callable[[Workplace, Arm, Sequence[Case]], Sequence[Written | None]]
"""(workplace, arm, cases of any dataset and task that it can answer) -> one answer a case, in order.

None: the arm does not exist for this example, as another text by somebody who wrote one alone.
"""


class Spent(TypedDict):
    """What the calls for one text took."""

    prompt_tokens: int
    completion_tokens: int
    seconds: float


def spent(calls: Sequence[Call]) -> Spent:
    """Tokens and seconds of the calls that one text took, as arguments of `Written`."""
    return {
        "prompt_tokens": sum(call.reply.prompt_tokens for call in calls),
        "completion_tokens": sum(call.reply.completion_tokens for call in calls),
        "seconds": sum(call.reply.seconds for call in calls),
    }
