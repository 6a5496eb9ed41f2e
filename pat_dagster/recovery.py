"""Runs whose process is gone: marked as failed, their pool slots freed.

A process that is killed tells Dagster nothing. Its run would count as running for good: with one run at a
time, no other one would ever leave the queue. Dagster's run monitoring does not help, the default launcher
cannot look after the processes of runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg
import psutil

from pat_dagster import run_lock
from pat_dagster.settings import Settings

AT_WORK = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
OWN_EVENTS = {dg.DagsterEventType.RUN_START, dg.DagsterEventType.STEP_START}  # others write about a run too
CLOCKS = 2.0  # seconds by which the kernel's clock of process starts may be off
SECONDS_BETWEEN = 60  # a tick without a run is one read of Dagster's database


@dataclass(frozen=True)
class CutOff:
    """A run that counts as running, and the process that is gone; its last step that began."""

    run: dg.DagsterRun
    pid: int
    step: str | None

    def __str__(self) -> str:
        where = f" at {self.step}" if self.step else ""
        return (
            f"run {self.run.run_id[:8]} ({self.run.job_name}) was cut off{where}: process {self.pid} is gone"
        )


def cut_off_runs(instance: dg.DagsterInstance, settings: Settings) -> list[CutOff]:
    """Runs that count as running but are not: their process is gone, and no other one holds the home."""
    if run_lock.holder(settings) is not None and not run_lock.is_held_here(settings):
        return []  # the process may be of another machine or container, where we cannot see it
    runs = instance.get_runs(filters=dg.RunsFilter(statuses=AT_WORK))
    found = (_look(instance, run) for run in runs)
    return [one for one in found if one is not None]


def clean_up(instance: dg.DagsterInstance, settings: Settings) -> list[CutOff]:
    """Mark the runs that were cut off as failed and free their pool slots; returns them."""
    found = cut_off_runs(instance, settings)
    for one in found:
        remedy = "the same command, or a new run, takes up where it was"
        if one.run.status is dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(one.run, f"{one}; it was being cancelled")
        else:
            instance.report_run_failed(one.run, f"{one}; {remedy}")
        free_slots(instance, one.run.run_id)
    return found


def free_slots(instance: dg.DagsterInstance, run_id: str) -> None:
    """Give back every pool slot that a run holds or waits for."""
    if instance.event_log_storage.supports_global_concurrency_limits:
        instance.event_log_storage.free_concurrency_slots_for_run(run_id)


@dg.sensor(
    name="clean_up_after_kills",
    minimum_interval_seconds=SECONDS_BETWEEN,
    default_status=dg.DefaultSensorStatus.RUNNING,  # starts nothing, and without it the queue can stand still
    description="marks runs whose process was killed as failed and frees their slots: the queue moves on",
)
def clean_up_after_kills(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """What `pat run` does when it starts, for runs that wait in the queue."""
    found = clean_up(context.instance, Settings.from_env())
    return dg.SkipReason("\n".join(map(str, found)) or "no run was cut off")


def _look(instance: dg.DagsterInstance, run: dg.DagsterRun) -> CutOff | None:
    """The run as cut off, if the process that wrote its last events is gone."""
    events = list(instance.all_logs(run.run_id, of_type=OWN_EVENTS))
    last = events[-1].dagster_event if events else None
    if last is None or last.pid is None or _lives(last.pid, events[-1].timestamp):
        return None
    return CutOff(run, last.pid, _step(events))


def _lives(pid: int, wrote_at: float) -> bool:
    """Whether the process that wrote something at that time lives; ids are given anew after a while."""
    try:
        process = psutil.Process(pid)
        return bool(process.create_time() < wrote_at + CLOCKS and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _step(events: Sequence[dg.EventLogEntry]) -> str | None:
    key = events[-1].step_key
    return key.replace("__", ".") if key else None
