"""`pat nightly`: the night in the foreground."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from models.errors import InputError, PatError
from models.sources import registry
from pat_dagster import home as home_folder
from pat_dagster.alerts import Alert, tell
from pat_dagster.commands.options import Home, settings_of
from pat_dagster.console import say
from pat_dagster.operations import load_operations
from pat_dagster.resources.warehouse import open_database
from pat_dagster.retrying import when_free
from pat_dagster.settings import Settings


def nightly(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what the night would do now, and why.")
    ] = False,
    home: Home = None,
) -> None:
    """New files in, what changed renewed, the next iteration where evidence changed, requests answered.

    What the schedule of the Dagster UI does at night, here and now in one process: for cron, or to see it.
    Files come from the sources of the home and from the landing folders of its settings.yaml:

      timezone: Europe/Berlin

      nightly_at: '02:00'

      reviews: [{folder: /data/in, dataset: shop, pattern: '*.jsonl'}]

      requests: [{folder: /data/asked, dataset: shop}]

    A night with nothing new changes no byte of analytics.duckdb; one that was stopped goes on in the next.
    What fails is told in the log, and posted as JSON to the URL in PAT_ALERT_WEBHOOK where it is set.

    Examples:

      pat nightly --dry-run

      pat nightly

      pat sql --warehouse "from raw.sources"      which files are in use, and which are left out and why

      pat sql --warehouse "from ops.nights"       what each night did, and why
    """
    settings = settings_of(home)
    _require_sources(settings)
    if dry_run:
        for line in _foreseen(settings):
            say(line)
        return
    _night(settings)


def _require_sources(settings: Settings) -> None:
    """A night in a new folder would find nothing to read, after the folder was made."""
    if not load_operations(settings.operations_path).reviews and not registry.load(settings.sources_path):
        raise InputError(
            "this home has no source and no landing folder",
            file=settings.operations_path,
            remedy="`pat run` registers sources; `pat nightly --help` shows how settings.yaml names folders",
        )


def _foreseen(settings: Settings) -> list[str]:
    from pat_dagster.foreseeing import foresee, look
    from pat_dagster.nights import Standing
    from pat_dagster.standing import read_standing

    if not settings.warehouse_path.exists():
        return foresee(look(settings, None), Standing())
    with open_database(settings.warehouse_path, read_only=True) as con:
        return foresee(look(settings, con), read_standing(con))


def _night(settings: Settings) -> None:
    """A whole night; what ends it early is told before it is raised."""
    from pat_dagster.night_tags import night_id
    from pat_dagster.nightly import FIRST, run_night
    from pat_dagster.nights import Step

    started, night = time.monotonic(), night_id(datetime.now(UTC))
    at_work: Step = FIRST

    def announce(step: Step) -> None:
        nonlocal at_work
        at_work = step
        where = f" {step.iteration}" if step.iteration else ""
        say(f"\n== {step.job}{where}: {step.reason}")

    say(f"home {settings.home}   night {night}")
    try:
        when_free(lambda: home_folder.prepare(settings), load_operations(settings.operations_path), say)
        done = run_night(night, announce)
    except PatError as error:
        job, place = str(at_work.job), error.where or "night"
        alert = Alert("failure", job, "", place, error.reason, at_work.iteration, night)
        tell(alert, logging.getLogger("pat.nightly"))
        raise
    say(f"\nnight {night} done in {time.monotonic() - started:.0f} s: {len(done)} runs")
