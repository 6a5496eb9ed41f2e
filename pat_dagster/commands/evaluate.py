"""`pat evaluate`: chosen arms on held-out examples, without training anything."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from models.arms import Arm, choose
from models.errors import InputError
from models.recipes import TASKS, Task, load_recipe
from pat_dagster import home as home_folder
from pat_dagster import tables
from pat_dagster.commands.options import (
    Columns,
    Data,
    Dataset,
    FormatOption,
    Home,
    Split,
    settings_of,
    source_specs,
)
from pat_dagster.console import say
from pat_dagster.forgetting.ledger import lost_rows
from pat_dagster.resources.warehouse import open_database
from pat_dagster.settings import Settings

EXAMPLES, CONTEXTS = "feature.examples", ["context.style_reviews", "context.topic_reviews"]
ROLLED_OUT = ["rollout.summaries", "rollout.drafts"]
ANSWERED = ["request.answers", "context.request_reviews"]
FIRST_ITERATION = "0000"


def evaluate(
    arms: Annotated[
        str,
        typer.Option(
            "--arms",
            metavar="NAMES",
            help="Arms, patterns or groups, with commas: floors (all without a language model), ceilings, "
            "baselines, ablations, falsifications, all.",
            show_default="the recipe's",
        ),
    ] = "",
    tasks: Annotated[
        str, typer.Option("--tasks", metavar="NAMES", help="long, short, rating; with commas.")
    ] = ",".join(TASKS),
    max_examples: Annotated[
        int | None,
        typer.Option(
            "--max-examples",
            min=1,
            metavar="N",
            help="At most N test examples of each dataset and task; more than the recipe's are added to it.",
            show_default="the recipe's",
        ),
    ] = None,
    iteration: Annotated[
        str | None,
        typer.Option("--iteration", metavar="KEY", help="Whose policies.", show_default="the last one"),
    ] = None,
    data: Data = None,
    format: FormatOption = None,
    dataset: Dataset = None,
    split: Split = None,
    columns: Columns = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            "--recipe",
            metavar="NAME",
            help="A bundled recipe or a .yaml file.",
            show_default="the home's, or mini",
        ),
    ] = None,
    home: Home = None,
) -> None:
    """Let arms answer the test examples, score them, and compare: the leaderboard with its verdicts.

    Only what is asked for is run: floors never load a language model, and read reviews as they are. Arms that
    were evaluated before stay on the leaderboard. A stopped command continues where it was.

    Examples:

      pat evaluate --arms floors

      pat evaluate --arms 'pgraphrag_*,lamp_bm25' --tasks long --max-examples 50

      pat evaluate --arms floors --tasks long,short --data dev.json --format pgraphrag --split test
    """
    asked = choose([name.strip() for name in arms.split(",")]) if arms else None
    chosen = tasks_of(tasks)
    specs = source_specs(data, format, dataset, split, columns)
    settings = settings_of(home)
    known = settings.recipe_path.exists()
    plan = load_recipe(recipe or (settings.recipe_path if known else "mini"))
    plan = plan.with_test_examples(chosen, max_examples) if max_examples else plan
    changed = not known or plan != load_recipe(settings.recipe_path)
    home_folder.prepare(settings)
    asked = choose(plan.evaluation.arms) if asked is None else asked

    from pat_dagster.report import leaderboard_report, next_steps, verdicts_report

    started = time.monotonic()
    with home_folder.registered(settings, specs) as sources:
        key = iteration or _last_iteration(settings)
        _require_policies(settings, asked, key)
        again = bool(specs) or changed
        asked, left_out = _without_contexts(settings, asked, arms, again=again)
        plan.save(settings.recipe_path)
        say(f"home {settings.home}   recipe {plan.name}   iteration {key}   {len(asked)} arms")
        for arm in left_out:
            say(f"{arm.name} left out: its contexts are not there; `pat run`, or naming it, makes them")
        _prepare(settings, asked, again=again)
        _make_room(settings)
        _run(asked, chosen, max_examples, key)
    say(f"\ndone in {time.monotonic() - started:.0f} s")
    names = [arm.name for arm in asked]
    say(leaderboard_report(settings, sources, iteration=key, shown=names, tasks=chosen))
    say(verdicts_report(settings, key))
    say(next_steps(settings))


def tasks_of(text: str) -> list[Task]:
    """Tasks named with commas, in their usual order; InputError names a stranger."""
    named = {name.strip() for name in text.split(",")}
    if strangers := sorted(named - set(TASKS)):
        raise InputError(
            f"--tasks names {', '.join(strangers) or 'nothing'}", remedy=f"choose of {', '.join(TASKS)}"
        )
    return [task for task in TASKS if task in named]


def _last_iteration(settings: Settings) -> str:
    """The last iteration that was promoted or evaluated; the first one where there is none."""
    found: list[str] = []
    if settings.warehouse_path.exists():
        with open_database(settings.warehouse_path, read_only=True) as con:
            for table in ("policy.promotions", "evaluation.predictions"):
                if tables.column_types(con, table):
                    found += tables.read(con, table)["iteration"].unique().to_list()
    return max(found, default=FIRST_ITERATION)


def _require_policies(settings: Settings, asked: Sequence[Arm], iteration: str) -> None:
    """Before minutes of work; and a mistyped iteration must not become a partition."""
    needing = [arm.name for arm in asked if "policies" in arm.needs]
    rolled: list[str] = []
    if settings.warehouse_path.exists():
        with open_database(settings.warehouse_path, read_only=True) as con:
            if tables.column_types(con, "rollout.summaries"):
                rolled = tables.read(con, "rollout.summaries")["iteration"].unique().sort().to_list()
    if iteration not in rolled and (needing or iteration != FIRST_ITERATION):
        raise InputError(
            f"iteration {iteration} was not run"
            + (f", and {needing[0]} needs its policies" if needing else ""),
            remedy=f"choose of {', '.join(rolled)}"
            if rolled
            else "`pat run` first, or ask for --arms floors",
        )


def _without_contexts(
    settings: Settings, asked: Sequence[Arm], named: str, *, again: bool
) -> tuple[list[Arm], list[Arm]]:
    """(arms to run, arms left out): a group of floors must not embed every review for one of them."""
    others_need_them = any("contexts" in arm.needs for arm in asked if arm.needs_model)
    if others_need_them or (not again and not _missing(settings, CONTEXTS)):
        return list(asked), []
    names = {name.strip() for name in named.split(",")}
    left_out = [arm for arm in asked if "contexts" in arm.needs and arm.name not in names]
    return [arm for arm in asked if arm not in left_out], left_out


def _missing(settings: Settings, wanted: Sequence[str]) -> list[str]:
    """Tables that were never materialized, or lost rows since."""
    if not settings.warehouse_path.exists():
        return list(wanted)
    with open_database(settings.warehouse_path, read_only=True) as con:
        lost = lost_rows(con)
        return [name for name in wanted if name in lost or not tables.column_types(con, name)]


def _prepare(settings: Settings, asked: Sequence[Arm], *, again: bool) -> None:
    """Materialize what the arms read and is not there, or all of it `again` when its inputs changed."""
    from pat_dagster.runner import run_up_to

    needs = {need for arm in asked for need in arm.needs}
    wanted = [EXAMPLES, *(CONTEXTS if needs & {"contexts", "vectors"} else [])]
    if again or _missing(settings, wanted):
        run_up_to(*wanted)


def _make_room(settings: Settings) -> None:
    """Empty tables where results look, and nothing was rolled out or answered yet."""
    with open_database(settings.warehouse_path) as con:
        for table in (*ROLLED_OUT, *ANSWERED):
            tables.ensure_table(con, table)


def _run(asked: Sequence[Arm], tasks: Sequence[str], max_examples: int | None, iteration: str) -> None:
    from pat_dagster.jobs import EVALUATE_JOB
    from pat_dagster.runner import run_job

    config = {"arms": [arm.name for arm in asked], "tasks": list(tasks), "max_examples": max_examples or 0}
    ops: dict[str, Any] = {"evaluation__predictions": {"config": config}}
    ops["context__variant_reviews"] = {"config": {"arms": config["arms"]}}
    run_job(EVALUATE_JOB, iteration, {"ops": ops})
