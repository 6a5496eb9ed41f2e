"""A warehouse on which a whole iteration takes seconds: made-up examples and contexts, a random model."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from models.arms import choose
from models.recipes import Recipe, load_recipe
from pat_dagster import tables
from pat_dagster.assets import evaluation, leaderboard, rollout, scoring, training
from pat_dagster.cases import CONTEXTS
from pat_dagster.partitions import ITERATIONS
from pat_dagster.resources.warehouse import Warehouse
from pat_dagster.settings import Settings
from pat_dagster.sql_assets import sql_assets
from pat_dagster.table_assets import asset_key

CANDIDATES = 2
ROUNDS = 2
SPLITS = {"train": 6, "validation": 4, "test": 4}
ROLLOUT = [rollout.summaries, rollout.drafts, scoring.draft_scores]
ARMS = [
    "none",
    "random_topic_review",
    "neighbor_review",
    "pat",
    "pat_untrained",
    "pat_one_round",
    "pat_without_style",
    "pat_random_donors",
    "pat_opposed_reviewers",
    "pat_swapped",
]
VARIANTS = {
    agent: {arm.variants[agent] for arm in choose(ARMS) if agent in arm.variants} for agent in CONTEXTS
}
TESTS = f"e{SPLITS['train'] + SPLITS['validation']:02d}"  # the first one
WHOLE = {"base_model", "reward", "examples"}  # parts of the recipe that are replaced, not merged
POLICY = [training.adapters, training.training_log, training.trials, training.promotions]
EVALUATION = [
    evaluation.predictions,
    evaluation.evidence,
    evaluation.calls,
    scoring.scores,
    leaderboard.leaderboard,
]
QUERIES = {"rollout.rewards", "preference.pairs", "preference.readiness", "policy.iterations"}
MEASURED = "seconds"  # on the machine that wrote: never twice the same
CHECKED = [
    "rollout.summaries",
    "rollout.drafts",
    "rollout.draft_scores",
    "rollout.rewards",
    "preference.pairs",
    "policy.adapters",
    "policy.training_log",
    "policy.trials",
    "policy.promotions",
    "evaluation.predictions",
    "evaluation.evidence",
    "evaluation.scores",
    "mart.leaderboard",
    "ops.completions",
]


def small_recipe(base_model: str) -> Recipe:
    """Small, greedy for pairs, and certain to promote: the decision itself has tests of its own."""
    mini = load_recipe("mini")
    parts = {
        "base_model": base_model,
        "generation": {
            "candidates": CANDIDATES,
            "batch_size": 3,
            "max_summary_tokens": 8,
            "max_draft_tokens": 24,
        },
        "reward": {"long": {"rouge1": 1.0}},
        "examples": {"long": {"train": 6, "validation": 4, "test": 4}},
        "agents": {"rounds": ROUNDS},
        "pairs": {"margin": 1e-6, "minimum": 2},
        "training": {"lora_r": 2, "lora_alpha": 4, "epochs": 1, "batch_size": 4},
        "promotion": {"min_gain": -1.0},
        "evaluation": {"bootstrap_samples": 50, "arms": ARMS},
    }
    merged = mini.model_dump()
    for name, part in parts.items():
        merged[name] = part if name in WHOLE else {**merged[name], **part}
    return Recipe.model_validate(merged)


def build_home(home: Path, recipe: Recipe) -> Warehouse:
    """A home whose warehouse holds examples and contexts; the last test example has no evidence."""
    settings = Settings(home)
    recipe.save(settings.recipe_path)
    n = sum(SPLITS.values())
    splits = [split for split, size in SPLITS.items() for _ in range(size)]
    words = "the a e i o s t n battery screen slow great box value".split()  # noqa: SIM905
    frames = {}
    frames["examples"] = pl.DataFrame(
        {
            "example_id": [f"e{i:02d}" for i in range(n)],
            "dataset": "d",
            "task": "long",
            "split": splits,
            "user_id": [f"u{i}" for i in range(n)],
            "topic_id": [f"t{i % 3}" for i in range(n)],
            "target_review_id": [f"of e{i:02d}" for i in range(n)],
            "posted_at": pl.Series([None] * n, dtype=pl.Datetime("us")),
            "target_rating": pl.Series([None] * n, dtype=pl.Float64),
            "history_size": [0, 1] * (n // 2),
            "user_is_flagged": False,
            "target_is_shared": False,
            "input": [f"{words[i]} {words[-i]}" for i in range(n)],
            "target": " ".join(words),
            "history_bucket": ["0", "1"] * (n // 2),
            "is_selected": True,
        }
    )
    frames["reviews"] = pl.DataFrame(
        {
            "review_id": [f"r{i}" for i in range(5)],
            "dataset": "d",
            "user_id": [f"donor{i}" for i in range(5)],
            "topic_id": [f"t{i % 3}" for i in range(5)],
            "posted_at": pl.Series([None] * 5, dtype=pl.Datetime("us")),
            "is_shared_text": False,
            "title": [f"title {word}" for word in words[-5:]],
            "text": [f"I say {word}; {i} times." for i, word in enumerate(words[-5:])],
            "rating": [1.0, 2.0, 3.0, 4.0, None],
        }
    )
    shown = pl.DataFrame(
        [(f"e{i:02d}", k + 1, "donor", f"r{(i + k) % 5}") for i in range(n - 1) for k in range(2)],
        schema=["example_id", "rank", "donor_id", "review_id"],
        orient="row",
    )
    con = duckdb.connect(str(settings.warehouse_path))
    for schema in ("feature", "staging"):
        con.execute(f"create schema {schema}")
    con.register("examples", frames["examples"])
    con.register("some_reviews", frames["reviews"])
    con.execute("create table feature.examples as from examples")
    con.execute("create table staging.reviews as from some_reviews")
    tables.write(con, "context.style_reviews", shown.with_columns(similarity=pl.lit(0.5)))
    usual = shown.filter(pl.col("example_id") >= TESTS)
    for agent, names in VARIANTS.items():
        for name in names:
            where = {"variant": name, "agent": agent}
            changed = usual.with_columns(is_aligned=False, rank=pl.lit(3, pl.Int32) - pl.col("rank"))
            tables.write(con, "context.variant_reviews", changed, where)
    topic = {"alignment": 0.1, "is_aligned": True, "relevance": 0.2, "source": "exact", "distance": 0.0}
    tables.write(con, "context.topic_reviews", shown.with_columns(**{k: pl.lit(v) for k, v in topic.items()}))
    con.close()
    return Warehouse(home=str(home))


def run(home: Path, iteration: str = "0000", *, expect: bool = True) -> bool:
    """Materialize the iteration on the home's own Dagster instance."""
    queries = [asset for asset in sql_assets() if ".".join(asset.key.path) in QUERIES]
    (home / "dagster").mkdir(exist_ok=True)
    with (
        pytest.MonkeyPatch.context() as patch,
        dg.DagsterInstance.local_temp(str(home / "dagster")) as instance,
    ):
        patch.setenv("PAT_HOME", str(home))
        instance.add_dynamic_partitions(str(ITERATIONS.name), [iteration])
        result = dg.materialize(
            [*ROLLOUT, *queries, *POLICY, *EVALUATION],
            instance=instance,
            partition_key=iteration,
            resources={"warehouse": Warehouse(home=str(home))},
            raise_on_error=expect,
        )
        if result.success:
            reported = [event.asset_key for event in result.get_asset_materialization_events()]
            assert asset_key("policy_in_use") in reported
    return result.success


def contents(home: Path) -> dict[str, pl.DataFrame]:
    con = duckdb.connect(str(Settings(home).warehouse_path))
    try:
        return {table: tables.read(con, table) for table in CHECKED}
    finally:
        con.close()
