"""evaluation.predictions and the leaderboard: what every arm writes for held-out examples."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg
import duckdb
import polars as pl

from models.agents import AGENTS
from models.agents.agents import AgentName
from models.agents.batches import derive_seed
from models.evaluation.leaderboard import leaderboard as rank_arms
from models.recipes import Recipe
from pat_dagster import tables
from pat_dagster.assets.rollout import EVIDENCE, write_drafts
from pat_dagster.assets.scoring import CONTEXTS_OF_ARMS, RANDOM_DONORS
from pat_dagster.cases import Case, load_cases
from pat_dagster.policies import BASE, Policy, policies_in_use
from pat_dagster.reasoning import shown
from pat_dagster.rows import frame
from pat_dagster.table_assets import table_asset
from pat_dagster.trying import last_round
from pat_dagster.writing import Writer

Summaries = Sequence[tuple[str | None, str | None]]  # (style, topic) of every case


@table_asset(
    "evaluation.predictions",
    deps=["policy.promotions", "policy.adapters", "rollout.summaries", RANDOM_DONORS, *EVIDENCE],
    partitioned=True,
    kinds=["transformers"],
)
def predictions(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Texts of the arms without summaries, untrained, trained and falsified, and of the copying floor."""
    iteration = context.partition_key
    writer = Writer.open(con, recipe, iteration)
    cases = load_cases(con, ["test"])
    misled = load_cases(con, ["test"], CONTEXTS_OF_ARMS["pat_random_donors"])
    promoted = policies_in_use(con, iteration, after=True)
    arms: dict[str, Summaries] = {
        "none": [(None, None)] * len(cases),
        "pat_untrained": _summaries(writer, "pat_untrained", cases, dict.fromkeys(AGENTS, BASE)),
        "pat": _summaries(writer, "pat", cases, promoted),
    }
    if recipe.agents.style:
        arms["pat_random_donors"] = _summaries(writer, "pat_random_donors", misled, promoted, fresh=["style"])
    rows = neighbor_rows(cases)
    for arm, summaries in arms.items():
        plan = [(case, style, topic) for case, (style, topic) in zip(cases, summaries, strict=True)]
        for (case, style, topic), (text, completion) in zip(
            plan, write_drafts(writer, f"evaluation/{arm}", plan), strict=True
        ):
            rows.append(
                {
                    "arm": arm,
                    "example_id": case.example_id,
                    "text": text,
                    "style_summary": style,
                    "topic_summary": topic,
                    "prompt_tokens": completion.prompt_tokens,
                    "completion_tokens": completion.completion_tokens,
                }
            )
    return frame("evaluation.predictions", rows)


@table_asset("mart.leaderboard", deps=["evaluation.scores", "feature.examples"], partitioned=True)
def leaderboard(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Means and paired differences of all arms, with bootstrap intervals."""
    values = tables.read(con, "evaluation.scores", {"iteration": context.partition_key})
    return rank_arms(
        values.drop("iteration"),
        tables.read(con, "feature.examples"),
        samples=recipe.evaluation.bootstrap_samples,
        confidence=recipe.evaluation.confidence,
        seed=derive_seed(recipe.seed, context.partition_key, "leaderboard"),
    )


def neighbor_rows(cases: Sequence[Case]) -> list[dict[str, object]]:
    """The floor without any model: what the first topic review says, or nothing where there is none."""
    return [
        {
            "arm": "neighbor_review",
            "example_id": case.example_id,
            "text": _copied(case),
            "style_summary": None,
            "topic_summary": None,
            "prompt_tokens": 0,
            "completion_tokens": 0,
        }
        for case in cases
    ]


def _copied(case: Case) -> str:
    if not case.reviews["topic"]:
        return ""
    first = case.reviews["topic"][0]
    rating = "" if first.rating is None else format(first.rating, "g")
    return {"long": first.text, "short": first.title, "rating": rating}[case.task]


def _summaries(
    writer: Writer,
    arm: str,
    cases: Sequence[Case],
    policies: dict[AgentName, Policy],
    fresh: Sequence[AgentName] = (),
) -> Summaries:
    """Last summaries by `policies`; agents in `fresh` read other evidence than in the rollout."""
    in_use = policies_in_use(writer.con, writer.iteration, after=False)
    return shown(last_round(writer, f"evaluation/{arm}", cases, policies, in_use, fresh), len(cases))
