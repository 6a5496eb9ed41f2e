"""A night led by schedule and sensor, without the daemon: ticks are evaluated and their runs executed here.

A program of its own, because a process has one Dagster home: python chain.py HOME, prints one line per tick.
"""

from __future__ import annotations

import datetime
import os
import sys
from pathlib import Path
from typing import Any

import dagster as dg

from pat_dagster.home import prepare, set_process_environment
from pat_dagster.settings import Settings

MOST_TICKS = 8


def lead(home: Path) -> None:
    """Every run of a night, as the daemon would start them."""
    set_process_environment()
    prepare(Settings(home))
    from pat_dagster.definitions import defs
    from pat_dagster.runner import execute

    with dg.DagsterInstance.get() as instance:
        at = datetime.datetime(2026, 7, 1, 2, tzinfo=datetime.UTC)
        (request,) = schedule_tick(defs, instance, at)
        job = defs.resolve_schedule_def("nightly").job_name
        cursor: str | None = None
        for _ in range(MOST_TICKS):
            print("run", job, request.partition_key or "-", flush=True)
            execute(defs, instance, job, partition=request.partition_key, tags=request.tags)
            requests, cursor, skipped = sensor_tick(defs, instance, cursor)
            if not requests:
                print("end", skipped, flush=True)
                return
            (request,) = requests
            job = request.job_name


def schedule_tick(defs: dg.Definitions, instance: dg.DagsterInstance, at: datetime.datetime) -> Any:
    context = dg.build_schedule_context(
        instance=instance, scheduled_execution_time=at, repository_def=defs.get_repository_def()
    )
    return defs.resolve_schedule_def("nightly").evaluate_tick(context).run_requests


def sensor_tick(defs: dg.Definitions, instance: dg.DagsterInstance, cursor: str | None) -> Any:
    context = dg.SensorEvaluationContext(
        instance_ref=instance.get_ref(),
        last_tick_completion_time=None,
        last_run_key=None,
        cursor=cursor,
        log_key=None,
        repository_name=None,
        repository_def=defs.get_repository_def(),
    )
    tick = defs.resolve_sensor_def("go_on_at_night").evaluate_tick(context)
    return tick.run_requests, tick.cursor, tick.skip_message


if __name__ == "__main__":
    lead(Path(sys.argv[1]))
    sys.stdout.flush()
    os._exit(0)  # DuckDB's binding reports its types as leaks otherwise
