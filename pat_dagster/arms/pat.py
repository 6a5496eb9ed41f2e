"""The arm `none` and every arm that is PAT, whole or with one thing changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb
import polars as pl

from models.agents import AGENTS
from models.agents.agents import AgentName
from models.agents.batches import derive_seed
from models.arms import Arm
from models.arms.swapping import Giver, swapped
from models.recipes import Recipe
from models.retrieval.corpus import ALWAYS, NEVER
from pat_dagster.arms.told import Told, drafts
from pat_dagster.arms.written import USUAL, Call, Role, Workplace, Written
from pat_dagster.assets.rollout import NO_EVIDENCE
from pat_dagster.cases import EXAMPLES, REVIEWS, Case
from pat_dagster.policies import BASE, Policy, policies_in_use
from pat_dagster.reasoning import Round, behind, shown
from pat_dagster.trying import rounds_of


@dataclass(frozen=True)
class Summarized:
    """What the generator is shown for one case; `source` is the case whose evidence was summarized.

    read: the agents whose evidence stands behind them. calls: what the agents wrote on the way, all rounds.
    """

    source: Case
    style: str | None = None
    topic: str | None = None
    read: Collection[AgentName] = ()
    calls: Sequence[Call] = ()

    @property
    def told(self) -> Told:
        """As the generator is told, with the reviews of the agents behind what it is shown."""
        shown: dict[Role, list[str]] = {
            agent: [review.review_id for review in self.source.reviews[agent]]
            for agent in AGENTS
            if agent in self.read
        }
        return Told(self.style, self.topic, shown, tuple(self.calls))


def none(place: Workplace, arm: Arm, cases: Sequence[Case]) -> list[Written]:
    """The generator with the input alone."""
    return drafts(place, arm, cases, [Told()] * len(cases))


def pat(place: Workplace, arm: Arm, cases: Sequence[Case]) -> list[Written]:
    """Summaries by the policies that the arm names, and the drafts that follow.

    Options: policies: base (the agents as shipped), agents (those that work), rounds (of reasoning), swapped
    (summaries of another example). What arms have in common is written in the stages of `pat`, once.
    """
    writer = replace(place.writer, recipe=changed(place.recipe, arm))
    in_use = policies_in_use(place.con, place.iteration, after=False)
    is_base = arm.options.get("policies") == "base"
    policies = (
        dict.fromkeys(AGENTS, BASE) if is_base else policies_in_use(place.con, place.iteration, after=True)
    )
    usual = "evaluation/pat_untrained" if is_base else "evaluation/pat"
    is_swapped = bool(arm.options.get("swapped"))
    stage = usual if is_swapped else f"evaluation/{arm.name}"
    rounds = rounds_of(writer, stage, cases, policies, in_use, list(arm.variants), usual)
    summaries = summarized(cases, rounds, policies, arm.variants)
    if is_swapped:
        summaries = swap(place, summaries)
    return drafts(place, arm, cases, [one.told for one in summaries])


def changed(recipe: Recipe, arm: Arm) -> Recipe:
    """The recipe with the agents and rounds of the arm; an agent alone hears nobody: one round does."""
    working = [agent for agent in recipe.agents.names if agent in arm.options.get("agents", AGENTS)]
    rounds = min(recipe.agents.rounds, arm.options.get("rounds", recipe.agents.rounds))
    agents = recipe.agents.model_copy(
        update={**{agent: agent in working for agent in AGENTS}, "rounds": rounds if len(working) > 1 else 1}
    )
    return recipe.model_copy(update={"agents": agents})


def summarized(
    cases: Sequence[Case],
    rounds: Sequence[Round],
    policies: Mapping[AgentName, Policy],
    variants: Mapping[AgentName, str] | None = None,
) -> list[Summarized]:
    """The summaries of the last round of every case, with the calls of all rounds.

    policies: those that wrote them. variants: of the contexts that they read, by agent.
    """
    pairs = shown(rounds[-1], len(cases))
    contexts = dict.fromkeys(AGENTS, USUAL) | dict(variants or {})
    return [
        Summarized(
            case,
            style,
            topic,
            behind(rounds, place),
            [
                _call(case, agent, number, one, place, policies[agent], contexts[agent])
                for number, one in enumerate(rounds, start=1)
                for agent in one.replies
            ],
        )
        for place, (case, (style, topic)) in enumerate(zip(cases, pairs, strict=True))
    ]


def _call(
    case: Case, agent: AgentName, number: int, of: Round, place: int, policy: Policy, context: str
) -> Call:
    reply, prompt = of.replies[agent][place], of.prompts[agent][place]
    read = AGENTS[agent].format_output(reply.text)
    return Call(
        agent,
        f"round{number}",
        prompt,
        reply,
        None if prompt is None else read.text,
        NO_EVIDENCE if prompt is None else read.error,
        policy.policy_id,
        case.example_id,
        context,
    )


def swap(place: Workplace, summaries: Sequence[Summarized]) -> list[Summarized]:
    """Every case with the summaries of another one, or with none where no other's may be shown to it."""
    cases = [one.source for one in summaries]
    behind = _reviews_behind(place.con, cases)
    asked = _times(place.con, EXAMPLES, NEVER)
    givers = [
        Giver(
            case.example_id,
            case.user_id,
            case.topic_id,
            (case.dataset, case.task),
            authors={author for author, _ in reviews},
            latest=max((time for _, time in reviews), default=ALWAYS),
            time=asked[case.example_id],
        )
        for case, reviews in zip(cases, behind, strict=True)
    ]
    partners = swapped(givers, derive_seed(place.recipe.seed, "arms", "swapped"))
    return [
        Summarized(one.source) if partner is None else summaries[partner]
        for one, partner in zip(summaries, partners, strict=True)
    ]


def _reviews_behind(con: duckdb.DuckDBPyConnection, cases: Sequence[Case]) -> list[list[tuple[str, int]]]:
    """(author, time) of every review that the agents of each case were shown, whether or not their summary is
    used: the other agent heard of it.
    """
    author = dict(con.table(REVIEWS).select("review_id", "user_id").fetchall())
    time = _times(con, REVIEWS, ALWAYS)
    return [
        [
            (author[review.review_id], time[review.review_id])
            for rows in case.reviews.values()
            for review in rows
        ]
        for case in cases
    ]


def _times(con: duckdb.DuckDBPyConnection, table: str, missing: int) -> dict[str, int]:
    """Microseconds by the first column, the id, as in `models.retrieval.corpus`."""
    key = {EXAMPLES: "example_id", REVIEWS: "review_id"}[table]
    rows = con.table(table).select(key, "posted_at").pl()
    time = rows["posted_at"].cast(pl.Datetime("us")).dt.epoch("us").fill_null(missing)
    return dict(zip(rows[key], time, strict=True))
