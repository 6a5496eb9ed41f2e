"""The arm `none` and every arm that is PAT, whole or with one thing changed."""

from __future__ import annotations

from collections.abc import Sequence

from models.agents import AGENTS
from models.agents.agents import AgentName
from models.arms import Arm
from pat_dagster.arms.written import Role, Workplace, Written, spent
from pat_dagster.assets.rollout import write_drafts
from pat_dagster.cases import Case
from pat_dagster.policies import BASE, policies_in_use
from pat_dagster.reasoning import shown
from pat_dagster.trying import last_round
from pat_dagster.writing import Writer

Summaries = Sequence[tuple[str | None, str | None]]  # (style, topic) of every case


def none(place: Workplace, arm: Arm, cases: Sequence[Case]) -> list[Written]:
    """The generator with the input alone."""
    return drafted(place.writer, arm, cases, [(None, None)] * len(cases))


def pat(place: Workplace, arm: Arm, cases: Sequence[Case]) -> list[Written]:
    """Summaries by the policies that the arm names, and the drafts that follow."""
    writer = place.writer
    in_use = policies_in_use(place.con, place.iteration, after=False)
    policies = (
        dict.fromkeys(AGENTS, BASE)
        if arm.options.get("policies") == "base"
        else policies_in_use(place.con, place.iteration, after=True)
    )
    fresh: list[AgentName] = list(arm.variants)
    last = last_round(writer, f"evaluation/{arm.name}", cases, policies, in_use, fresh)
    return drafted(writer, arm, cases, shown(last, len(cases)))


def drafted(writer: Writer, arm: Arm, cases: Sequence[Case], summaries: Summaries) -> list[Written]:
    """The generator's texts for (style, topic) summaries, one pair a case."""
    plan = [(case, style, topic) for case, (style, topic) in zip(cases, summaries, strict=True)]
    written = write_drafts(writer, f"evaluation/{arm.name}", plan)
    return [
        Written(
            text,
            style,
            topic,
            shown=_shown(case, style, topic),
            **spent([call]),
        )
        for (case, style, topic), (text, call) in zip(plan, written, strict=True)
    ]


def _shown(case: Case, style: str | None, topic: str | None) -> dict[Role, list[str]]:
    """The reviews of the agents whose summaries the generator was shown."""
    told: dict[AgentName, str | None] = {"style": style, "topic": topic}
    return {
        agent: [review.review_id for review in case.reviews[agent]]
        for agent, summary in told.items()
        if summary is not None
    }
