"""What follows the first run of a night: the next one, or an alert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from pat_dagster.alerts import Alert, tell
from pat_dagster.assets.night import step_of
from pat_dagster.jobs import (
    ANSWER_JOB,
    ASSESS_JOB,
    JOBS,
    NIGHT,
    PUBLISH_JOB,
    RESULTS_JOB,
    RETRAIN_JOB,
    ROLLOUT_JOB,
)
from pat_dagster.night_tags import COMMAND, LED_BY_TAG, NIGHT_TAG, PARTITION_TAG, SENSOR, tags_of
from pat_dagster.nights import MOST_STEPS, Step
from pat_dagster.partitions import ITERATIONS
from pat_dagster.runner import first_failure
from pat_dagster.settings import Settings

NEXT_JOBS = {ROLLOUT_JOB, RETRAIN_JOB, ASSESS_JOB, RESULTS_JOB, ANSWER_JOB, PUBLISH_JOB}
SECONDS_BETWEEN = 30  # a tick is a few reads of Dagster's own database
MOST_EVENTS = 100  # of one tick; the cursor takes the rest to the next


@dataclass(frozen=True)
class Seen:
    """What one look of a night asks for: a run, to wait for its own run to end, or nothing; and why."""

    reason: str
    step: Step | None = None
    night: str = ""
    key: str = ""
    wait: bool = False


def sensors(settings: Settings) -> Sequence[dg.SensorDefinition]:
    """The sensors of one home."""
    on = settings.operations_path.exists()
    status = dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED

    @dg.sensor(
        name="go_on_at_night",
        jobs=[job for job in JOBS if job.name in NEXT_JOBS],
        minimum_interval_seconds=SECONDS_BETWEEN,
        default_status=status,
        description="starts the next run of a night, the one that the look at the end of the last one named",
    )
    def go_on_at_night(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        return go_on(context.instance, context.cursor)

    return [go_on_at_night, alert_on_failure]


def go_on(instance: dg.DagsterInstance, cursor: str | None) -> dg.SensorResult:
    """Looks at every look since the cursor."""
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=NIGHT, after_storage_id=int(cursor) if cursor else None),
        limit=MOST_EVENTS,
        ascending=True,
    ).records
    requests, reasons, partitions = [], [], []
    for record in records:
        seen = _look(instance, record)
        if seen.wait:
            reasons.append(seen.reason)
            break
        cursor = str(record.storage_id)
        reasons.append(seen.reason)
        if seen.step is not None:
            requests.append(_request(seen))
            partitions += [seen.step.iteration] if seen.step.iteration else []
    if not requests:
        reason = dg.SkipReason("\n".join(reasons) or "no run of a night has ended since the last look")
        return dg.SensorResult(skip_reason=reason, cursor=cursor)
    added = [ITERATIONS.build_add_request(sorted(set(partitions)))] if partitions else []
    return dg.SensorResult(run_requests=requests, dynamic_partitions_requests=added, cursor=cursor)


def _request(seen: Seen) -> dg.RunRequest:
    assert seen.step is not None
    return dg.RunRequest(
        run_key=seen.key,
        job_name=seen.step.job,
        partition_key=seen.step.iteration,
        tags=tags_of(seen.night, SENSOR),
    )


def _look(instance: dg.DagsterInstance, record: dg.EventLogRecord) -> Seen:
    run = instance.get_run_by_id(record.run_id) if record.run_id else None
    if run is None or record.asset_materialization is None:
        return Seen("a look without a run")
    name = f"run {run.run_id[:8]} ({run.job_name})"
    night = run.tags.get(NIGHT_TAG, "")
    if run.tags.get(LED_BY_TAG) != SENSOR:
        return Seen(f"{name} is not of a night, or of one that `pat nightly` leads")
    if not run.is_finished:
        return Seen(f"{name} is still at work", wait=True)
    if not run.is_success:
        return Seen(f"{name} failed: the next night goes on from there")
    before = instance.get_runs_count(dg.RunsFilter(tags={NIGHT_TAG: night}))
    if before > MOST_STEPS:
        return Seen(f"night {night} has had {before} runs, and still there is something to do")
    step = step_of(record.asset_materialization)
    if step.job is None:
        return Seen(f"night {night} is over: {step.reason}")
    return Seen(step.reason, step, night, key=f"{night} after {run.run_id}")


@dg.run_failure_sensor(
    name="alert_on_failure",
    default_status=dg.DefaultSensorStatus.RUNNING,  # starts nothing
    description="tells of every failed run: a line in the log, a POST to PAT_ALERT_WEBHOOK where it is set",
)
def alert_on_failure(context: dg.RunFailureSensorContext) -> None:
    """Nights that `pat nightly` leads tell by themselves."""
    run = context.dagster_run
    if run.tags.get(LED_BY_TAG) != COMMAND:
        tell(alert_of(context.instance, run), context.log)


def alert_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Alert:
    """What failed first in a run."""
    events = [entry.dagster_event for entry in instance.all_logs(run.run_id) if entry.dagster_event]
    failure = first_failure(events)
    return Alert(
        "failure",
        run.job_name,
        run.run_id,
        failure.place,
        failure.reason,
        iteration=run.tags.get(PARTITION_TAG),
        night=run.tags.get(NIGHT_TAG),
    )
