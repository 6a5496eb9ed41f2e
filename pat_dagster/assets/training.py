"""policy.*: one adapter per agent from its pairs, tried on validation examples, promoted or not."""

from __future__ import annotations

import json
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from models.agents.agents import AgentName
from models.agents.batches import derive_seed
from models.errors import PatError
from models.recipes import Recipe
from models.training.adapters import read_log
from models.training.pairs import PreferencePair
from models.training.promotion import decide
from pat_dagster import tables
from pat_dagster.assets.rollout import EVIDENCE
from pat_dagster.plots import training_curves
from pat_dagster.policies import Policy, open_policy, policies_in_use, policy_id
from pat_dagster.recorded import POLICY_IN_USE
from pat_dagster.rows import frame
from pat_dagster.settings import Settings
from pat_dagster.table_assets import asset_key, table_asset
from pat_dagster.trying import Tryout
from pat_dagster.writing import Writer

TRAINED_ON = ("preference.pairs", "rollout.summaries")  # which pairs, and the prompts they answered
NOTHING_ROLLED_OUT = "no example was rolled out in this iteration"


def lost_adapters(con: duckdb.DuckDBPyConnection, iteration: str | None) -> str | None:
    """Which policy of the iteration has lost its weights; None if none has."""
    for row in _trained(con, str(iteration)):
        try:
            open_policy(row["policy_id"], row["path"], row["sha256"])
        except PatError as error:
            return str(error)
    return None


@table_asset(
    "policy.adapters",
    deps=["preference.readiness", "preference.pairs", "rollout.summaries", POLICY_IN_USE],
    partitioned=True,
    kinds=["transformers"],
    lost=lost_adapters,
)
def adapters(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Train one adapter per agent, continuing the policy that wrote the candidates."""
    policies = policies_in_use(con, context.partition_key, after=False)
    rows = [
        train_agent(con, recipe, context.partition_key, agent, policies[agent])
        for agent in recipe.agents.names
    ]
    return frame("policy.adapters", rows)


@table_asset("policy.training_log", deps=["policy.adapters"], partitioned=True)
def training_log(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """What the trainers logged, from the manifests beside the weights."""
    folder = Settings.from_env().policies_path
    rows = [
        {"agent": row["agent"], **entry}
        for row in _trained(con, context.partition_key)
        for entry in read_log(folder / row["path"])
    ]
    log = frame("policy.training_log", rows)
    context.add_output_metadata({"curves": dg.MetadataValue.md(training_curves(log))})
    return log


@table_asset(
    "policy.trials",
    deps=["policy.adapters", "rollout.summaries", POLICY_IN_USE, *EVIDENCE],
    partitioned=True,
    kinds=["transformers"],
)
def trials(context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe) -> pl.DataFrame:
    """Candidate of one agent beside the other agent's policy in use, against both in use."""
    iteration = context.partition_key
    trained = _trained(con, iteration)
    rows: list[dict[str, object]] = []
    if not trained:
        return frame("policy.trials", rows)
    tryout = Tryout.open(Writer.open(con, recipe, iteration))
    before = tryout.run("trials/in_use", {}).quality
    for row in trained:
        agent: AgentName = row["agent"]
        candidate = open_policy(row["policy_id"], row["path"], row["sha256"])
        after = tryout.run(f"trials/{agent}", {agent: candidate}).quality
        rows += [
            {"agent": agent, "example_id": case.example_id, "quality_in_use": old, "quality_candidate": new}
            for case, old, new in zip(tryout.cases, before, after, strict=True)
        ]
    return frame("policy.trials", rows)


@table_asset("policy.promotions", deps=["policy.trials", "policy.adapters"], partitioned=True)
def promotions(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Promote what is better beyond doubt; the next iteration learns of it through `policy_in_use`."""
    iteration = context.partition_key
    rows: list[dict[str, object]] = []
    trained = _trained(con, iteration)
    for row in trained:
        tried = tables.read(con, "policy.trials", {"iteration": iteration, "agent": row["agent"]})
        tried = tried.sort("example_id")
        decision = decide(
            tried["quality_in_use"].to_list(),
            tried["quality_candidate"].to_list(),
            min_gain=recipe.promotion.min_gain,
            samples=recipe.evaluation.bootstrap_samples,
            confidence=recipe.evaluation.confidence,
            seed=derive_seed(recipe.seed, iteration, "promotion", row["agent"]),
            candidates=len(trained),
        )
        rows.append({"agent": row["agent"], "policy_id": row["policy_id"], **vars(decision)})
    decided = frame("policy.promotions", rows)
    # written here already, because the policies in use are read from it
    tables.write(con, "policy.promotions", decided, {"iteration": iteration})
    after = policies_in_use(con, iteration, after=True)
    context.log_event(
        dg.AssetMaterialization(
            asset_key=asset_key(POLICY_IN_USE),
            description=f"after iteration {iteration}",
            metadata={agent: policy.policy_id for agent, policy in after.items()},
        )
    )
    return decided


def train_agent(
    con: duckdb.DuckDBPyConnection, recipe: Recipe, iteration: str, agent: AgentName, policy: Policy
) -> dict[str, object]:
    """The row of policy.adapters for one agent: a trained adapter, or the reason why there is none."""
    pairs = list(load_pairs(con, iteration, agent).values())
    name = policy_id(agent, iteration)
    found = tables.read(con, "preference.readiness", {"iteration": iteration, "agent": agent}).to_dicts()
    ready = found[0] if found else {"is_ready": False, "reason": NOTHING_ROLLED_OUT, "pairs_version": None}
    row: dict[str, object] = {
        "policy_id": name,
        "agent": agent,
        "parent_policy_id": policy.policy_id if policy.adapter else None,
        "base_model": recipe.base_model,
        "path": None,
        "sha256": None,
        "n_pairs": len(pairs),
        "data_version": ready["pairs_version"],
        "status": "skipped",
        "reason": ready["reason"],
        "metrics": "{}",
    }
    if not ready["is_ready"]:
        return row
    from models.training.dpo import train_dpo  # imports torch and TRL: seconds that nobody else should wait

    trained = train_dpo(
        recipe.base_model,
        policy.adapter,
        pairs,
        recipe.training,
        training_seed(recipe, iteration, "training", agent),
        Settings.from_env().policies_path / name,
        origin=origin(con, recipe, iteration),
        description=f"training/{agent}",
    )
    return row | {
        "path": name,
        "sha256": trained.sha256,
        "status": "trained",
        "reason": "",
        "metrics": json.dumps(trained.metrics, sort_keys=True),
    }


def training_seed(recipe: Recipe, *place: object) -> int:
    """A seed for one training; trainers seed numpy, which takes 32 bits."""
    return derive_seed(recipe.seed, *place) % 2**31


def origin(con: duckdb.DuckDBPyConnection, recipe: Recipe, iteration: str) -> dict[str, object]:
    """What stands in a manifest beside the weights: the recipe and the content hashes of the data."""
    data = {name: tables.fingerprint(con, name, iteration)[0] for name in TRAINED_ON}
    return {"recipe": recipe.model_dump(mode="json"), "iteration": iteration, "data_version": data}


def load_pairs(con: duckdb.DuckDBPyConnection, iteration: str, agent: AgentName) -> dict[str, PreferencePair]:
    """Preference pairs of one agent by example, sorted: prompt and both replies as they were written."""
    pairs = tables.read(con, "preference.pairs", {"iteration": iteration, "agent": agent}).sort("example_id")
    written = tables.read(con, "rollout.summaries", {"iteration": iteration, "agent": agent})
    last = written.filter(pl.col("round") == pl.col("round").max())
    by_candidate = {(row["example_id"], row["candidate"]): row for row in last.iter_rows(named=True)}
    found = {}
    for row in pairs.iter_rows(named=True):
        chosen = by_candidate[row["example_id"], row["chosen_candidate"]]
        rejected = by_candidate[row["example_id"], row["rejected_candidate"]]
        found[row["example_id"]] = PreferencePair(
            chosen["prompt"],
            chosen["raw_text"],
            rejected["raw_text"],
            chosen["finish_reason"] == "stop",
            rejected["finish_reason"] == "stop",
        )
    return found


def _trained(con: duckdb.DuckDBPyConnection, iteration: str) -> list[dict[str, Any]]:
    rows = tables.read(con, "policy.adapters", {"iteration": iteration, "status": "trained"})
    return rows.sort("agent").to_dicts()
