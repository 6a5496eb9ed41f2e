"""When things happen by themselves: the night, and in the morning a look at whether there was one.

Both are off until the home has a `settings.yaml`, or somebody turns them on in the UI: opening the UI on a
home must not start hours of work by itself.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import dagster as dg

from pat_dagster.jobs import REFRESH_JOB, WATCH_JOB
from pat_dagster.night_tags import NIGHT_TAG, SENSOR, night_id, tags_of
from pat_dagster.operations import Operations, load_operations
from pat_dagster.settings import Settings

AT_WORK = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
DAY = 24  # hours


def schedules(settings: Settings) -> Sequence[dg.ScheduleDefinition]:
    """The schedules of one home, at the times that its settings say."""
    operations = load_operations(settings.operations_path)
    status = (
        dg.DefaultScheduleStatus.RUNNING
        if settings.operations_path.exists()
        else dg.DefaultScheduleStatus.STOPPED
    )
    return [_nightly(operations, status), _watch(operations, status)]


def _nightly(operations: Operations, status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    @dg.schedule(
        name="nightly",
        job_name=REFRESH_JOB,
        cron_schedule=cron(operations.nightly_at),
        execution_timezone=operations.timezone,
        default_status=status,
        description="begins a night: new files in, what changed renewed; go_on_at_night starts what follows",
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return begin(context.instance, context.scheduled_execution_time)

    return nightly


def _watch(operations: Operations, status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name="watch",
        job_name=WATCH_JOB,
        cron_schedule=cron(watched_at(operations)),
        execution_timezone=operations.timezone,
        default_status=status,
        description="in the morning: was there a night, and did it end",
    )


def begin(instance: dg.DagsterInstance, at: datetime.datetime) -> dg.RunRequest | dg.SkipReason:
    """The first run of the night that is due, once; none while an earlier night is still at work."""
    night = night_id(at)
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=AT_WORK)):
        if NIGHT_TAG in run.tags and run.tags[NIGHT_TAG] != night:
            return dg.SkipReason(f"night {run.tags[NIGHT_TAG]} is still at work: run {run.run_id[:8]}")
    return dg.RunRequest(run_key=night, tags=tags_of(night, SENSOR))


def watched_at(operations: Operations) -> datetime.time:
    """When tables of the night before are too old if nothing happened: so many hours after it began."""
    hours = operations.fresh_within_hours % DAY
    start = datetime.datetime.combine(datetime.date.min, operations.nightly_at)
    return (start + datetime.timedelta(hours=hours)).time()


def cron(at: datetime.time) -> str:
    """Every day at that time."""
    return f"{at.minute} {at.hour} * * *"
