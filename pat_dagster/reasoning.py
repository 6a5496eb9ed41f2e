"""Dual reasoning: rounds in which each agent reads its evidence and the other's summary of the round before.

Round 1 shows an agent its own evidence alone; `rounds: 1` in the recipe ends it there. Everything is greedy
except the candidates of the last round, which the rollout samples from `Reasoning.prompts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from models.agents import AGENTS
from models.agents.agents import AgentName
from models.llm import Completion
from pat_dagster.cases import Case
from pat_dagster.policies import Policy
from pat_dagster.writing import Writer

NOT_ASKED: Final = Completion("", 0, 0, "stop")  # there was no evidence to summarize
OTHER: Final[dict[AgentName, AgentName]] = {"style": "topic", "topic": "style"}

Known = Mapping[tuple[str, AgentName, int], Completion]  # (example, agent, round) -> reply written before


@dataclass(frozen=True)
class Round:
    """What each agent that is switched on was asked, and what it wrote, in the order of the cases."""

    prompts: dict[AgentName, list[str | None]] = field(default_factory=dict)
    replies: dict[AgentName, list[Completion]] = field(default_factory=dict)
    texts: dict[AgentName, list[str | None]] = field(default_factory=dict)


def reason(
    writer: Writer,
    stage: str,
    cases: Sequence[Case],
    policies: Mapping[AgentName, Policy],
    known: Known | None = None,
    *,
    all_rounds: bool = False,
) -> list[Round]:
    """Greedy summaries of every round; one that is None shows the generator and the other agent nothing.

    `known` holds replies that need not be written again: those of the first round, which see nobody else's
    summary, or of `all_rounds` where every agent is the one that wrote them. Their tokens and seconds are
    those that they once took.
    """
    rounds: list[Round] = []
    for number in range(1, writer.recipe.agents.rounds + 1):
        before = rounds[-1].texts if rounds else {}
        now = Round()
        for agent in writer.recipe.agents.names:
            others = before.get(OTHER[agent]) or [None] * len(cases)
            prompts = [case.prompt(agent, other) for case, other in zip(cases, others, strict=True)]
            now.prompts[agent] = prompts
            keys = [(case.example_id, agent, number) for case in cases]
            if known and (number == 1 or all_rounds) and all(key in known for key in keys):
                replies = [known[key] for key in keys]
            else:
                replies = write_asked(writer, stage_of(stage, agent, number), prompts, policies[agent])
            now.replies[agent] = replies
            now.texts[agent] = [AGENTS[agent].format_output(reply.text).text for reply in replies]
        rounds.append(now)
    return rounds


def stage_of(stage: str, agent: AgentName, number: int) -> str:
    """What the greedy replies of one agent and round are written for."""
    return f"{stage}/{agent}/round{number}"


def write_asked(
    writer: Writer,
    stage: str,
    prompts: Sequence[str | None],
    policy: Policy | None = None,
    most_tokens: int | None = None,
) -> list[Completion]:
    """The greedy reply to every prompt, in order; where there is no prompt nobody is asked.

    policy: None is the base model. most_tokens: the recipe's limit of a summary, unless given.
    """
    asked = [prompt for prompt in prompts if prompt is not None]
    limit = most_tokens or writer.recipe.generation.max_summary_tokens
    written = iter(writer.write_greedy(stage, asked, limit, policy))
    return [NOT_ASKED if prompt is None else next(written) for prompt in prompts]


def behind(rounds: Sequence[Round], place: int) -> set[AgentName]:
    """Agents whose evidence stands behind the last summaries of one case: those shown, and those heard of.

    A summary that could be read in an earlier round shaped what the other agent wrote after it, even where
    the agent's own last one could not be read.
    """
    reached = {agent for agent, texts in rounds[-1].texts.items() if texts[place] is not None}
    found = set(reached)
    for before in reversed(rounds[:-1]):
        heard = {OTHER[agent] for agent in reached} & set(before.texts)
        reached = {agent for agent in heard if before.texts[agent][place] is not None}
        found |= reached
    return found


def shown(last: Round, count: int) -> list[tuple[str | None, str | None]]:
    """(style summary, topic summary) of every case for the generator; None for an agent that is off."""
    nothing: list[str | None] = [None] * count
    pairs = zip(last.texts.get("style", nothing), last.texts.get("topic", nothing), strict=True)
    return list(pairs)
