"""policy.controls: does an agent learn from its pairs, or from being trained? A job of its own; minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import dagster as dg
import duckdb
import numpy as np
import polars as pl

from models.agents.agents import AgentName
from models.agents.batches import derive_seed
from models.evaluation.bootstrap import paired_bootstrap
from models.recipes import Recipe
from models.training.controls import LABELS, Labels, flips, share_positive, split_pairs, swapped
from pat_dagster.assets.rollout import EVIDENCE
from pat_dagster.assets.training import load_pairs, origin, training_seed
from pat_dagster.policies import Policy
from pat_dagster.rows import frame
from pat_dagster.settings import Settings
from pat_dagster.table_assets import table_asset
from pat_dagster.trying import Tried, Tryout
from pat_dagster.writing import Writer

FOLDER = "controls"  # below the policies; no policy is called so
SEEDS = 3


@table_asset(
    "policy.controls",
    deps=["preference.pairs", "rollout.summaries", "policy_in_use", *EVIDENCE],
    partitioned=True,
    kinds=["transformers"],
    config={
        "seeds": dg.Field(int, default_value=SEEDS, description="repetitions of every training"),
        "agents": dg.Field([str], is_required=False, description="default: those of the recipe"),
    },
)
def controls(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Trainings on true and on shuffled labels; each finished one is reused when the job is started again."""
    options = context.op_execution_context.op_config
    agents = cast(list[AgentName], options.get("agents") or list(recipe.agents.names))
    tryout = Tryout.open(Writer.open(con, recipe, context.partition_key))
    before = tryout.run("trials/in_use", {})
    rows = [row for agent in agents for row in _control(tryout, before, agent, range(options["seeds"]))]
    return frame("policy.controls", rows)


def _control(tryout: Tryout, before: Tried, agent: AgentName, seeds: range) -> list[dict[str, object]]:
    """All rows of one agent."""
    from models.training.margins import margins, reply_log_probs  # imports torch

    writer, parent = tryout.writer, tryout.in_use[agent]
    recipe = writer.recipe
    by_example = load_pairs(writer.con, writer.iteration, agent)
    ids, pairs = list(by_example), list(by_example.values())
    held_to = parent.adapter if recipe.training.reference == "previous" else None
    longest = recipe.training.max_length
    split_pairs(ids, 0)  # too few pairs are an error before any work is done
    reference = reply_log_probs(recipe.base_model, held_to, pairs, longest)
    rows: list[dict[str, object]] = []
    for seed in seeds:
        drawn = derive_seed(recipe.seed, writer.iteration, FOLDER, agent, seed)
        split = split_pairs(ids, drawn)
        for labels in LABELS:
            swap = flips(ids, labels, drawn)
            chosen = [swapped(pairs[place]) if swap[place] else pairs[place] for place in split.train]
            stage = f"{FOLDER}/{agent}/{seed}/{labels}"
            adapter, sha256 = _train(writer, agent, parent, chosen, seed, labels, stage)
            found = margins(reply_log_probs(recipe.base_model, adapter, pairs, longest), reference)
            as_labeled = np.where(swap, -found, found)
            tried = tryout.run(stage, {agent: Policy(stage, adapter)})
            rows.append(
                {
                    "agent": agent,
                    "seed": seed,
                    "labels": labels,
                    "n_train_pairs": len(split.train),
                    "n_heldout_pairs": len(split.heldout),
                    "train_accuracy": share_positive(as_labeled[split.train].tolist()),
                    "heldout_accuracy": share_positive(found[split.heldout].tolist()),
                    **_gain(tryout, before, tried, drawn),
                    "mean_summary_words": _mean_words(tried.summaries[agent]),
                    "mean_draft_words": _mean_words(tried.drafts),
                    "mean_draft_words_in_use": _mean_words(before.drafts),
                    "sha256": sha256,
                }
            )
    return rows


def _train(
    writer: Writer,
    agent: AgentName,
    parent: Policy,
    pairs: list[Any],
    seed: int,
    labels: Labels,
    stage: str,
) -> tuple[Path, str]:
    from models.training.dpo import train_dpo

    recipe = writer.recipe
    folder = Settings.from_env().policies_path / FOLDER / writer.iteration / f"{agent}-{seed}-{labels}"
    trained = train_dpo(
        recipe.base_model,
        parent.adapter,
        pairs,
        recipe.training,
        training_seed(recipe, writer.iteration, FOLDER, agent, seed),  # the same for both kinds of labels
        folder,
        origin=origin(writer.con, recipe, writer.iteration) | {"control": {"seed": seed, "labels": labels}},
        description=stage,
    )
    return folder, trained.sha256


def _gain(tryout: Tryout, before: Tried, tried: Tried, seed: int) -> dict[str, object]:
    if not tryout.cases:
        return {"n_examples": 0, "mean_gain": None, "ci_low": None, "ci_high": None}
    settings = tryout.writer.recipe.evaluation
    gain = paired_bootstrap(
        tried.quality, before.quality, settings.bootstrap_samples, settings.confidence, seed
    )
    return {
        "n_examples": len(tryout.cases),
        "mean_gain": gain.mean,
        "ci_low": gain.low,
        "ci_high": gain.high,
    }


def _mean_words(texts: Any) -> float | None:
    counts = [len((text or "").split()) for text in texts]
    return float(np.mean(counts)) if counts else None
