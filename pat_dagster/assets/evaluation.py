"""evaluation.predictions: what every arm writes for held-out examples."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from models import progress
from models.arms import Arm, arms, choose
from models.recipes import TASKS, Recipe
from pat_dagster import tables
from pat_dagster.arms.kept import call_rows, evidence_rows, text_rows
from pat_dagster.arms.written import Workplace, Written
from pat_dagster.assets.rollout import EVIDENCE
from pat_dagster.cases import CONTEXTS, VARIANTS, Case, load_cases, variant_of
from pat_dagster.rows import frame
from pat_dagster.table_assets import table_asset

PREDICTIONS, SHOWN, SECONDS = "evaluation.predictions", "evaluation.evidence", "ops.arm_seconds"
CALLS, RUNS = "evaluation.calls", "ops.text_runs"
ASKED = {
    "arms": dg.Field(
        dg.Array(str), default_value=[], description="names, patterns, groups; none: the recipe's"
    ),
    "tasks": dg.Field(dg.Array(str), default_value=[], description="none: all"),
    "max_examples": dg.Field(int, default_value=0, description="at most so many a dataset and task; 0: all"),
}


@table_asset(
    PREDICTIONS,
    deps=["policy.promotions", "policy.adapters", "rollout.summaries", VARIANTS, *EVIDENCE],
    partitioned=True,
    kinds=["transformers"],
    config=ASKED,
)
def predictions(context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe) -> None:
    """Texts of the arms asked for, each committed with its evidence; other arms stay as they are."""
    place = Workplace(con, recipe, context.partition_key, context.run.run_id)
    wanted = context.op_execution_context.op_config
    for table in (SHOWN, SECONDS, CALLS, RUNS):
        tables.ensure_table(con, table)
    from pat_dagster.arms.procedures import PROCEDURES  # imports scikit-learn: seconds for everybody else

    known: dict[str, list[Case]] = {}
    asked = choose(wanted["arms"] or recipe.evaluation.arms)
    for arm in progress.track(asked, "arms", total=len(asked), unit="arms"):
        contexts = contexts_of(arm)
        if str(contexts) not in known:
            known[str(contexts)] = load_cases(con, ["test"], contexts)
        cases = [case for case in known[str(contexts)] if case.task in arm.tasks]
        cases = _asked(cases, wanted["tasks"] or TASKS, wanted["max_examples"])
        written = PROCEDURES[arm.how](place, arm, cases) if cases else []
        keep(place, arm, cases, written)


@table_asset(SHOWN, deps=[PREDICTIONS], partitioned=True)
def evidence(context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe) -> None:
    """Written with the predictions, in the same transaction for every arm."""


@table_asset(CALLS, deps=[PREDICTIONS], partitioned=True)
def calls(context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe) -> None:
    """Written with the predictions, in the same transaction for every arm."""


@table_asset("mart.arms", deps=[PREDICTIONS])  # of the code that wrote them
def catalog(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """The rows of models/arms/arms.yaml."""
    return frame(
        "mart.arms",
        [
            {
                "arm": arm.name,
                "family": arm.family,
                "place": place,
                "tasks": ", ".join(arm.tasks),
                "needs_model": arm.needs_model,
                "reference_arm": arm.reference,
                "description": arm.description,
            }
            for place, arm in enumerate(arms().values(), start=1)
        ],
    )


def contexts_of(arm: Arm) -> dict[Any, str]:
    """What `load_cases` is asked for: nothing for an arm that reads no context."""
    if "contexts" not in arm.needs:
        return {}
    return CONTEXTS | {agent: variant_of(agent, name) for agent, name in arm.variants.items()}


def keep(place: Workplace, arm: Arm, cases: Sequence[Case], written: Sequence[Written | None]) -> None:
    """Replace the rows of one arm for these cases: texts, evidence, calls, seconds: together or not at all.

    Rows for examples that were not asked for stay, unless the example is no longer selected.
    """
    where = {"iteration": place.iteration, "arm": arm.name}
    answers = [(case, one) for case, one in zip(cases, written, strict=True) if one is not None]
    runs = [{"example_id": case.example_id, "run_id": place.run_id} for case, _ in answers]
    timed = pl.DataFrame(
        [(case.dataset, case.task, one.seconds) for case, one in answers],
        schema={"dataset": pl.String, "task": pl.String, "seconds": pl.Float64},
        orient="row",
    )
    seconds = timed.group_by("dataset", "task").agg(
        n=pl.len().cast(pl.Int64), seconds=pl.col("seconds").mean()
    )
    asked = [case.example_id for case in cases]
    with tables.transaction(place.con):
        _replace(place.con, PREDICTIONS, text_rows(answers), where, asked)
        _replace(place.con, SHOWN, evidence_rows(place.con, answers), where, asked)
        _replace(place.con, CALLS, call_rows(answers), where, asked)
        _replace(place.con, RUNS, runs, where, asked)
        tables.replace(place.con, SECONDS, seconds.sort("dataset", "task"), where)


def _replace(
    con: duckdb.DuckDBPyConnection,
    table: str,
    rows: Sequence[Mapping[str, object]],
    where: Mapping[str, object],
    asked: Sequence[str],
) -> None:
    selected = con.sql("select example_id from feature.examples where is_selected and split = 'test'").pl()
    others = pl.col("example_id").is_in(selected["example_id"].implode()) & ~pl.col("example_id").is_in(asked)
    kept = tables.read(con, table, where).filter(others).drop("iteration")
    new = frame(table, [{"arm": where["arm"], **row} for row in rows])
    tables.replace(con, table, pl.concat([kept, new]), where)


def _asked(cases: Sequence[Case], tasks: Sequence[str], most: int) -> list[Case]:
    """Cases of the tasks, at most `most` of each dataset and task, those that examples.sql selects first."""
    chosen = [case for case in cases if case.task in tasks]
    if not most:
        return chosen
    order = sorted(
        chosen, key=lambda case: (hashlib.md5(case.example_id.encode()).hexdigest(), case.example_id)
    )
    seen: Counter[tuple[str, str]] = Counter()
    kept: set[str] = set()
    for case in order:
        seen[case.dataset, case.task] += 1
        if seen[case.dataset, case.task] <= most:
            kept.add(case.example_id)
    return [case for case in chosen if case.example_id in kept]
