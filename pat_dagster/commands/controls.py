"""`pat controls`: evidence that the agents learn from their pairs."""

from __future__ import annotations

from typing import Annotated, Any

import polars as pl
import typer

from models.errors import InputError
from models.training.controls import LABELS, verdict
from pat_dagster import home as home_folder
from pat_dagster import tables
from pat_dagster.commands.options import Home, settings_of
from pat_dagster.console import say, text_table
from pat_dagster.resources.warehouse import open_database, recipe_in_force
from pat_dagster.settings import Settings

TABLE = "policy.controls"
SHOWN = ["agent", "seed", "labels", "n_train_pairs", "n_heldout_pairs", "train_accuracy", "heldout_accuracy"]


def controls(
    iteration: Annotated[str, typer.Option("--iteration", metavar="KEY", help="Whose pairs.")] = "0000",
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=100, help="Repetitions.")] = 3,
    agents: Annotated[
        str | None,
        typer.Option("--agents", metavar="NAMES", help="style,topic", show_default="those of the recipe"),
    ] = None,
    home: Home = None,
) -> None:
    """Train every agent on true and on shuffled pair labels and compare them on what neither saw.

    Needs a finished iteration. Each seed holds out a fifth of the pairs and trains twice; a run that was
    stopped continues after its last finished training. The rows stay in policy.controls.

    Examples:

      pat controls

      pat controls --iteration 0001 --seeds 5 --agents topic
    """
    settings = settings_of(home)
    home_folder.prepare(settings)
    names = _agents(settings, agents)
    _require_pairs(settings, iteration)

    from pat_dagster.jobs import CONTROLS, CONTROLS_JOB
    from pat_dagster.runner import run_job

    options = {"seeds": seeds, "agents": names}
    config = {"ops": {CONTROLS.to_python_identifier(): {"config": options}}}
    run_job(CONTROLS_JOB, iteration, config)
    with open_database(settings.warehouse_path, read_only=True) as con:
        rows = tables.read(con, TABLE, {"iteration": iteration})
    say(report(rows))


def report(rows: pl.DataFrame) -> str:
    """Every run, mean and spread over the seeds by kind of labels, and per agent what that amounts to."""
    runs = [
        [*(row[name] for name in SHOWN), _interval(row), row["mean_summary_words"], row["mean_draft_words"]]
        for row in rows.sort("agent", "seed", "labels").iter_rows(named=True)
    ]
    headers = [*SHOWN, "gain in Q (interval)", "summary words", "draft words"]
    parts = ["", text_table([name.replace("_", " ") for name in headers], runs)]
    for (agent,), found in rows.group_by("agent", maintain_order=True):
        parts.append(f"\n{agent}")
        for labels in LABELS:
            of_kind = found.filter(labels=labels)
            parts.append(
                f"  {labels:<9} gain in Q {_spread(of_kind['mean_gain'])}, "
                f"held-out accuracy {_spread(of_kind['heldout_accuracy'], sign='')}"
            )
        judged = verdict(found.to_dicts())
        claim = "supported" if judged.supported else "not supported"
        parts.append(f"  learning from the labels is {claim}: {judged.reason}")
    return "\n".join(parts)


def _agents(settings: Settings, given: str | None) -> list[str]:
    known = list(recipe_in_force(settings).agents.names)
    names = [name.strip() for name in given.split(",")] if given is not None else known
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(
            f"--agents names {', '.join(unknown) or 'nobody'}", remedy=f"choose of {', '.join(known)}"
        )
    return list(dict.fromkeys(names))


def _require_pairs(settings: Settings, iteration: str) -> None:
    """Before minutes of work; and a mistyped iteration must not become a partition."""
    with open_database(settings.warehouse_path, read_only=True) as con:
        there = bool(tables.column_types(con, "preference.pairs"))
        pairs = tables.read(con, "preference.pairs") if there else pl.DataFrame({"iteration": []})
    found = pairs["iteration"].unique().sort().to_list()
    if iteration not in found:
        raise InputError(
            f"iteration {iteration} has no preference pairs",
            remedy=f"choose of {', '.join(found)}" if found else "run `pat run` first",
        )


def _interval(row: dict[str, Any]) -> str | None:
    if row["mean_gain"] is None:
        return None
    return f"{row['mean_gain']:+.4f} ({row['ci_low']:+.4f} to {row['ci_high']:+.4f})"


def _spread(values: pl.Series, sign: str = "+") -> str:
    """Mean, least and greatest value; gains carry their sign, shares do not."""
    known = values.drop_nulls().to_list()
    if not known:
        return "unknown"
    mean, low, high = (format(one, f"{sign}.4f") for one in (sum(known) / len(known), min(known), max(known)))
    return f"{mean} ({low} to {high})"
