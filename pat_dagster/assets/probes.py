"""evaluation.probes: what a trained agent relies on.

Not part of the nightly job: it writes some thousand texts.
"""

from __future__ import annotations

from dataclasses import replace

import dagster as dg
import duckdb
import numpy as np
import polars as pl

from models.agents.agents import AgentName
from models.agents.batches import derive_seed
from models.agents.probes import PROBES, Probe, perturb
from models.evaluation.bootstrap import paired_bootstrap
from models.recipes import Recipe
from pat_dagster import tables
from pat_dagster.assets.rollout import EVIDENCE
from pat_dagster.cases import Case, load_cases
from pat_dagster.policies import Policy, open_policy, policies_in_use
from pat_dagster.reasoning import reason
from pat_dagster.rows import frame
from pat_dagster.table_assets import table_asset
from pat_dagster.trying import drafted
from pat_dagster.writing import Writer


@table_asset(
    "evaluation.probes",
    deps=["policy.adapters", "policy_in_use", *EVIDENCE],
    partitioned=True,
    kinds=["transformers"],
)
def probes(context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe) -> pl.DataFrame:
    """Every probe of every trained candidate, dataset by dataset."""
    iteration = context.partition_key
    writer = Writer.open(con, recipe, iteration)
    cases = load_cases(con, ["validation"])
    places = tables.read(con, "feature.examples").select("example_id", "dataset", "topic_id")
    known = {row["example_id"]: row for row in places.iter_rows(named=True)}
    before = policies_in_use(con, iteration, after=False)
    trained = tables.read(con, "policy.adapters", {"iteration": iteration, "status": "trained"}).sort("agent")
    rows: list[dict[str, object]] = []
    for row in trained.iter_rows(named=True):
        agent: AgentName = row["agent"]
        after = before | {agent: open_policy(row["policy_id"], row["path"], row["sha256"])}
        for dataset in sorted({known[case.example_id]["dataset"] for case in cases}):
            chosen = [case for case in cases if known[case.example_id]["dataset"] == dataset]
            topics = [known[case.example_id]["topic_id"] for case in chosen]
            for probe in PROBES[agent]:
                changed = _changed(
                    chosen, agent, probe, topics, derive_seed(recipe.seed, iteration, "probes")
                )
                stage = f"probes/{dataset}/{agent}/{probe}"
                old = _qualities(writer, f"{stage}/before", changed, before)
                new = _qualities(writer, f"{stage}/after", changed, after)
                gain = paired_bootstrap(
                    new,
                    old,
                    recipe.evaluation.bootstrap_samples,
                    recipe.evaluation.confidence,
                    derive_seed(recipe.seed, iteration, "probes", dataset, agent),
                )
                rows.append(
                    {
                        "dataset": dataset,
                        "agent": agent,
                        "probe": probe,
                        "policy_id": row["policy_id"],
                        "n": len(chosen),
                        "quality_before": float(np.mean(old)),
                        "quality_after": float(np.mean(new)),
                        "gain": gain.mean,
                        "gain_ci_low": gain.low,
                        "gain_ci_high": gain.high,
                    }
                )
    return frame("evaluation.probes", rows)


def _changed(cases: list[Case], agent: AgentName, probe: Probe, topics: list[str], seed: int) -> list[Case]:
    """The cases with the evidence of one agent changed; what they are scored against stays."""
    shown_rows = perturb(probe, [case.reviews[agent] for case in cases], topics, seed)
    return [
        replace(case, reviews=case.reviews | {agent: rows})
        for case, rows in zip(cases, shown_rows, strict=True)
    ]


def _qualities(
    writer: Writer, stage: str, cases: list[Case], policies: dict[AgentName, Policy]
) -> list[float]:
    """Nothing of the rollout is used again: it read other evidence."""
    return drafted(writer, stage, cases, reason(writer, stage, cases, policies)[-1]).quality
