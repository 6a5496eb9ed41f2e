"""Policies tried on held-out examples: what they write greedily, and how good the drafts become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.agents.agents import AgentName
from pat_dagster.assets.rollout import greedy_texts, write_drafts
from pat_dagster.assets.scoring import case_quality
from pat_dagster.cases import Case, load_cases
from pat_dagster.policies import Policy, policies_in_use
from pat_dagster.reasoning import Round, reason, shown
from pat_dagster.writing import Writer


@dataclass(frozen=True)
class Tried:
    """One text per case, in order: drafts with their quality Q, and each agent's last greedy summaries."""

    quality: list[float]
    drafts: list[str]
    summaries: Mapping[AgentName, Sequence[str | None]]


@dataclass(frozen=True)
class Tryout:
    """The validation examples of an iteration and the policies in use, which candidates have to beat."""

    writer: Writer
    cases: list[Case]
    in_use: dict[AgentName, Policy]

    @classmethod
    def open(cls, writer: Writer) -> Tryout:
        """The validation examples and the policies that wrote the rollouts of the writer's iteration."""
        cases = load_cases(writer.con, ["validation"])
        return cls(writer, cases, policies_in_use(writer.con, writer.iteration, after=False))

    def run(self, stage: str, candidates: Mapping[AgentName, Policy]) -> Tried:
        """The `candidates` beside the other agents' policies in use; summaries of the rollout are reused."""
        policies = self.in_use | dict(candidates)
        last = last_round(self.writer, stage, self.cases, policies, self.in_use)
        return drafted(self.writer, stage, self.cases, last)


def last_round(
    writer: Writer,
    stage: str,
    cases: Sequence[Case],
    policies: Mapping[AgentName, Policy],
    in_use: Mapping[AgentName, Policy],
    fresh: Sequence[AgentName] = (),
) -> Round:
    """Last greedy summaries by `policies`; what the rollout wrote by the same policy is used again.

    in_use: the policies of the rollout. fresh: agents whose evidence is not the rollout's. A summary of the
    first round depends on the evidence and the policy alone, later ones on everybody's.
    """
    agents = writer.recipe.agents.names
    same = [agent for agent in agents if policies[agent] == in_use[agent] and agent not in fresh]
    known = {
        key: text for agent in same for key, text in greedy_texts(writer.con, writer.iteration, agent).items()
    }
    return reason(writer, stage, cases, policies, known, all_rounds=len(same) == len(agents))[-1]


def drafted(writer: Writer, stage: str, cases: Sequence[Case], last: Round) -> Tried:
    """The drafts that follow from the summaries of a round, judged against the targets of the cases."""
    plan = [(case, *pair) for case, pair in zip(cases, shown(last, len(cases)), strict=True)]
    drafts = [text for text, _ in write_drafts(writer, f"{stage}/drafts", plan)]
    return Tried(case_quality(cases, drafts, writer.recipe), drafts, last.texts)
