"""Runs: who is at work, how the last one ended, what a killed one left on the disk."""

from __future__ import annotations

from collections.abc import Iterator

from pat_dagster import run_lock
from pat_dagster.doctor.databases import describe_process
from pat_dagster.doctor.findings import Finding, named
from pat_dagster.leftovers import half_written
from pat_dagster.settings import Settings

TAKES_UP = "the same command again takes up where it was"


def run_lock_state(settings: Settings) -> Iterator[Finding]:
    """Whether somebody is at work on the home."""
    holder = run_lock.holder(settings)
    if holder is None:
        yield Finding("OK", "run lock", "free")
        return
    who = "another process" if holder.pid is None else describe_process(holder.pid)
    remedy = "wait for it to end, or stop it; analytics.duckdb can be read meanwhile"
    yield Finding("WARN", "run lock", f"{holder.what} since {holder.since} UTC: {who}", remedy)


def last_run(settings: Settings) -> Iterator[Finding]:
    """The newest Dagster run: finished, failed, at work or cut off; and runs before it that were cut off."""
    if not (settings.dagster_home / "history").exists():
        yield Finding("OK", "last run", "none yet")
        return
    import dagster as dg  # a second that the other checks do not need

    from pat_dagster.recovery import cut_off_runs

    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        records = instance.get_run_records(limit=1)
        cut_off = {one.run.run_id: one for one in cut_off_runs(instance, settings)}
        if not records:
            yield Finding("OK", "last run", "none yet")
            return
        run, when = records[0].dagster_run, f"{records[0].create_timestamp:%Y-%m-%d %H:%M} UTC"
        stats = instance.get_run_stats(run.run_id)
    key = f" of {run.tags['dagster/partition']}" if "dagster/partition" in run.tags else ""
    what = f"{run.job_name}{key}, {when}"
    status = run.status.value.lower()
    done = f"{stats.steps_succeeded} steps done"
    if one := cut_off.pop(run.run_id, None):
        at = f" at {one.step}" if one.step else ""
        detail = f"{what}: half-finished, cut off{at}; {done}, process {one.pid} is gone"
        yield Finding("WARN", "last run", detail, TAKES_UP)
    elif run.status is dg.DagsterRunStatus.SUCCESS:
        yield Finding("OK", "last run", f"{what}, {status}")
    elif run.is_finished:
        detail = f"{what}: half-finished, {status}; {done}"
        yield Finding("WARN", "last run", detail, f"{TAKES_UP}; `make ui` shows the step that failed")
    else:
        yield Finding("WARN", "last run", f"{what}: {status}, {done}", "wait for it to end")
    if cut_off:
        detail = f"{len(cut_off)} earlier runs count as running, but their processes are gone"
        yield Finding("WARN", "earlier runs", detail, "the next `pat run` marks them as failed")


def leftovers(settings: Settings) -> Iterator[Finding]:
    """Half-written files of runs that were killed; harmless, but they take room."""
    if run_lock.holder(settings) is not None:
        return  # somebody may be writing them
    found = half_written(settings)
    if found:
        names = named([str(path.relative_to(settings.home)) for path in found])
        detail = f"{len(found)} half-written by a run that was killed: {names}"
        yield Finding("WARN", "leftovers", detail, "the next `pat run` removes them")
