"""Policies tried on held-out examples: what they write greedily, and how good the drafts become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.agents.agents import AgentName
from models.llm import Completion
from pat_dagster.assets.rollout import greedy_replies, write_drafts
from pat_dagster.assets.scoring import case_quality
from pat_dagster.cases import Case, load_cases
from pat_dagster.policies import Policy, policies_in_use
from pat_dagster.reasoning import Round, reason, shown, stage_of, write_asked
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
) -> Round:
    """Last greedy summaries by `policies`; what the rollout wrote by the same policy is used again.

    in_use: the policies of the rollout.
    """
    return rounds_of(writer, stage, cases, policies, in_use)[-1]


def rounds_of(
    writer: Writer,
    stage: str,
    cases: Sequence[Case],
    policies: Mapping[AgentName, Policy],
    in_use: Mapping[AgentName, Policy],
    fresh: Sequence[AgentName] = (),
    shared: str | None = None,
) -> list[Round]:
    """Greedy summaries of every round by `policies`, the replies of the rollout used again where they fit.

    A reply of the first round depends on the evidence and the policy alone, later ones on everybody's. fresh:
    agents whose evidence is not the rollout's. shared: stage for which the other agents' first round is
    written, so that whoever names the same one writes it once.
    """
    agents = writer.recipe.agents.names
    usual = [agent for agent in agents if agent not in fresh]
    same = [agent for agent in usual if policies[agent] == in_use[agent]]
    known: dict[tuple[str, AgentName, int], Completion] = {}
    for agent in same:
        known |= greedy_replies(writer.con, writer.iteration, agent)
    for agent in usual if shared else ():
        keys = [(case.example_id, agent, 1) for case in cases]
        if not all(key in known for key in keys):
            prompts = [case.prompt(agent) for case in cases]
            replies = write_asked(writer, stage_of(str(shared), agent, 1), prompts, policies[agent])
            known |= dict(zip(keys, replies, strict=True))
    return reason(writer, stage, cases, policies, known, all_rounds=len(same) == len(agents))


def drafted(writer: Writer, stage: str, cases: Sequence[Case], last: Round) -> Tried:
    """The drafts that follow from the summaries of a round, judged against the targets of the cases."""
    plan = [(case, *pair) for case, pair in zip(cases, shown(last, len(cases)), strict=True)]
    drafts = [text for text, _ in write_drafts(writer, f"{stage}/drafts", plan)]
    return Tried(case_quality(cases, drafts, writer.recipe), drafts, last.texts)
