"""evaluation.* and the leaderboard: what every arm writes for held-out examples, and how good it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dagster as dg
import duckdb
import polars as pl

from models import progress
from models.agents import AGENTS
from models.agents.agents import AgentName
from models.agents.batches import derive_seed
from models.evaluation import METRICS
from models.evaluation.leaderboard import leaderboard as rank_arms
from models.recipes import Recipe
from pat_dagster import tables
from pat_dagster.assets.rollout import EVIDENCE, summary_texts, write_drafts, write_summaries
from pat_dagster.cases import Case, load_cases
from pat_dagster.policies import BASE, Policy, policies_in_use
from pat_dagster.rows import frame
from pat_dagster.table_assets import table_asset
from pat_dagster.writing import Writer

Summaries = Mapping[AgentName, Sequence[str | None]]


@table_asset(
    "evaluation.predictions",
    deps=["policy.promotions", "policy.adapters", "rollout.summaries", *EVIDENCE],
    partitioned=True,
    kinds=["transformers"],
)
def predictions(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Texts of the arms `none`, `pat_untrained`, `pat` and the floor `neighbor_review` for test examples."""
    iteration = context.partition_key
    writer = Writer.open(con, recipe, iteration)
    cases = load_cases(con, ["test"])
    promoted = policies_in_use(con, iteration, after=True)
    arms: dict[str, Summaries] = {
        "none": {agent: [None] * len(cases) for agent in AGENTS},
        "pat_untrained": {agent: _summaries(writer, agent, cases, BASE) for agent in AGENTS},
        "pat": {agent: _summaries(writer, agent, cases, policy) for agent, policy in promoted.items()},
    }
    rows = neighbor_rows(cases)
    for arm, shown in arms.items():
        plan = list(zip((case.input for case in cases), shown["style"], shown["topic"], strict=True))
        for case, (_, style, topic), (text, completion) in zip(
            cases, plan, write_drafts(writer, f"evaluation/{arm}", plan), strict=True
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


@table_asset("evaluation.scores", deps=["evaluation.predictions", "feature.examples"], partitioned=True)
def scores(context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe) -> pl.DataFrame:
    """Every metric of every text."""
    written = tables.read(con, "evaluation.predictions", {"iteration": context.partition_key})
    targets = tables.read(con, "feature.examples").select("example_id", "target")
    both = written.join(targets, on="example_id", how="left", validate="m:1").sort("arm", "example_id")
    texts, expected = both["text"].to_list(), both["target"].to_list()
    parts = [
        both.select(
            "arm",
            "example_id",
            metric=pl.lit(name),
            value=pl.Series(metric(texts, expected), dtype=pl.Float64),
        )
        for name, metric in progress.track(METRICS.items(), "scores", total=len(METRICS), unit="metrics")
    ]
    return pl.concat(parts)


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
    """The floor without any model: the text of the first topic review, or nothing where there is none."""
    return [
        {
            "arm": "neighbor_review",
            "example_id": case.example_id,
            "text": case.reviews["topic"][0].text if case.reviews["topic"] else "",
            "style_summary": None,
            "topic_summary": None,
            "prompt_tokens": 0,
            "completion_tokens": 0,
        }
        for case in cases
    ]


def _summaries(writer: Writer, agent: AgentName, cases: Sequence[Case], policy: Policy) -> list[str | None]:
    """Greedy summaries by `policy`: those of the rollout where it was the policy in use, else new ones."""
    in_use = policies_in_use(writer.con, writer.iteration, after=False)[agent]
    if policy == in_use:
        texts = summary_texts(writer.con, writer.iteration)
        return [texts.get((case.example_id, agent, 0)) for case in cases]
    written = write_summaries(writer, f"evaluation/{agent}/{policy.policy_id}", agent, cases, policy)
    return [AGENTS[agent].format_output(one.text).text for one in written]
