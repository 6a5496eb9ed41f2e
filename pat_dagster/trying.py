"""Policies tried on held-out examples: what they write greedily, and how good the drafts become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.agents.agents import AgentName
from pat_dagster.assets.rollout import greedy_texts, write_drafts
from pat_dagster.assets.scoring import case_quality
from pat_dagster.cases import Case, load_cases
from pat_dagster.policies import Policy, policies_in_use
from pat_dagster.reasoning import reason, shown
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
        writer, policies = self.writer, self.in_use | dict(candidates)
        agents = writer.recipe.agents.names
        same = [agent for agent in agents if policies[agent] == self.in_use[agent]]
        known = {
            key: text
            for agent in same
            for key, text in greedy_texts(writer.con, writer.iteration, agent).items()
        }
        rounds = reason(writer, stage, self.cases, policies, known, all_rounds=len(same) == len(agents))
        pairs = shown(rounds[-1], len(self.cases))
        plan = [(case, *pair) for case, pair in zip(self.cases, pairs, strict=True)]
        drafts = [text for text, _ in write_drafts(writer, f"{stage}/drafts", plan)]
        return Tried(case_quality(self.cases, drafts, writer.recipe), drafts, rounds[-1].texts)
