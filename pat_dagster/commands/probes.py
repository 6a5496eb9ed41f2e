"""`pat probes`: what the trained agents rely on."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import typer

from models.agents.probes import PROBES
from models.errors import InputError
from pat_dagster import home as home_folder
from pat_dagster import tables
from pat_dagster.commands.options import Home, settings_of
from pat_dagster.console import say, text_table
from pat_dagster.resources.warehouse import open_database

TABLE, ADAPTERS = "evaluation.probes", "policy.adapters"


def probes(
    iteration: Annotated[str, typer.Option("--iteration", metavar="KEY", help="Whose candidates.")] = "0000",
    home: Home = None,
) -> None:
    """Change the evidence of a trained agent in one way and measure again what training gained.

    A gain that survives a change did not rest on what was changed. Needs a finished iteration; writes some
    thousand texts and continues where it was stopped. The rows stay in evaluation.probes.

    Examples:

      pat probes

      pat probes --iteration 0001
    """
    settings = settings_of(home)
    home_folder.prepare(settings)
    with open_database(settings.warehouse_path, read_only=True) as con:
        there = bool(tables.column_types(con, ADAPTERS))
        made = tables.read(con, ADAPTERS, {"status": "trained"}) if there else pl.DataFrame({"iteration": []})
    trained = made["iteration"].unique().sort().to_list()
    if iteration not in trained:
        raise InputError(
            f"iteration {iteration} has trained nothing",
            remedy=f"choose of {', '.join(trained)}" if trained else "run `pat run` first",
        )
    from pat_dagster.jobs import PROBES_JOB
    from pat_dagster.runner import run_job

    run_job(PROBES_JOB, iteration)
    with open_database(settings.warehouse_path, read_only=True) as con:
        rows = tables.read(con, TABLE, {"iteration": iteration})
    say(report(rows))


def report(rows: pl.DataFrame) -> str:
    """One line per dataset, agent and probe, in the order of `PROBES`, with what is left of the gain."""
    headers = ["dataset", "agent", "evidence", "n", "Q before", "Q after", "gain (interval)", "left"]
    whole = {(row["dataset"], row["agent"]): row["gain"] for row in rows.filter(probe="as_is").to_dicts()}
    order = {(agent, probe): place for agent, all_ in PROBES.items() for place, probe in enumerate(all_)}
    lines = []
    for row in sorted(
        rows.to_dicts(), key=lambda row: (row["dataset"], row["agent"], order[row["agent"], row["probe"]])
    ):
        gain = whole[row["dataset"], row["agent"]]
        lines.append(
            [
                row["dataset"],
                row["agent"],
                row["probe"].replace("_", " "),
                row["n"],
                f"{row['quality_before']:.3f}",
                f"{row['quality_after']:.3f}",
                f"{row['gain']:+.4f} ({row['gain_ci_low']:+.4f} to {row['gain_ci_high']:+.4f})",
                f"{row['gain'] / gain:.0%}" if gain > 0 else "",
            ]
        )
    return f"\n{text_table(headers, lines)}"
