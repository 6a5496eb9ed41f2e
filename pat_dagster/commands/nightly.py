"""`pat nightly`: the night in the foreground."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from pat_dagster import home as home_folder
from pat_dagster.commands.options import Home, settings_of
from pat_dagster.console import say


def nightly(home: Home = None) -> None:
    """Refresh what changed, run the next iteration where the evidence changed, answer requests, publish.

    What the schedule does at night, here and now, in one process.

    Examples:

      pat nightly
    """
    settings = settings_of(home)
    home_folder.prepare(settings)

    from pat_dagster.night_tags import night_id
    from pat_dagster.nightly import run_night
    from pat_dagster.nights import Step

    started = time.monotonic()

    def announce(step: Step) -> None:
        where = f" {step.iteration}" if step.iteration else ""
        say(f"\n== {step.job}{where}: {step.reason}")

    done = run_night(night_id(datetime.now(UTC)), announce)
    say(f"\nnight done in {time.monotonic() - started:.0f} s, {len(done)} runs")
