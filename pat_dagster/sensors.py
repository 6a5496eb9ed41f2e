"""The retraining trigger: pairs that are worth training on start job `retrain` for their iteration.

The sensor reads the numbers of `preference.readiness` from Dagster's own metadata and never opens the
warehouse: DuckDB lets one process in, and even a look would turn away a run that starts at that moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from pat_dagster.jobs import READINESS, RETRAIN_JOB
from pat_dagster.ledger import ROWS
from pat_dagster.night_tags import is_night
from pat_dagster.table_assets import asset_key

ADAPTERS = asset_key("policy.adapters")
SECONDS_BETWEEN = 30  # a tick is a few reads of Dagster's own database
MOST_EVENTS = 1000  # of one tick; the cursor takes the rest to the next


@dataclass(frozen=True)
class Seen:
    """What one materialization of preference.readiness asks for: a run, to wait, or nothing; and why."""

    reason: str
    request: dg.RunRequest | None = None
    wait: bool = False


@dg.sensor(
    job_name=RETRAIN_JOB,
    minimum_interval_seconds=SECONDS_BETWEEN,
    # Off until somebody turns it on in the UI, which the home remembers: opening the UI must not start
    # minutes of training by itself, nor hold the warehouse against a `pat run` that is typed at that moment.
    default_status=dg.DefaultSensorStatus.STOPPED,
    description=(
        "starts job retrain for an iteration whose pairs are many enough and far enough apart, once for the "
        "same pairs; an iteration that was trained in the run that wrote its pairs (job pat) is left alone"
    ),
)
def retrain_when_ready(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Looks at every materialization of preference.readiness since the cursor, the newest per iteration."""
    after = int(context.cursor) if context.cursor else None
    records = context.instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=READINESS, after_storage_id=after), limit=MOST_EVENTS, ascending=True
    ).records
    newest = {record.partition_key or "": record for record in records}
    seen = {iteration: _look(context.instance, record) for iteration, record in sorted(newest.items())}
    waiting = [newest[iteration].storage_id for iteration, found in seen.items() if found.wait]
    handled = [record.storage_id for record in records if not waiting or record.storage_id < min(waiting)]
    cursor = str(handled[-1]) if handled else context.cursor
    requests = [found.request for found in seen.values() if found.request is not None]
    if requests:
        return dg.SensorResult(run_requests=requests, cursor=cursor)
    reasons = [f"{iteration}: {found.reason}" for iteration, found in seen.items()]
    nothing_new = "preference.readiness has not been written since the last look"
    return dg.SensorResult(skip_reason=dg.SkipReason("\n".join(reasons) or nothing_new), cursor=cursor)


def _look(instance: dg.DagsterInstance, record: dg.EventLogRecord) -> Seen:
    iteration = record.partition_key
    materialization = record.asset_materialization
    if iteration is None or materialization is None or ROWS not in materialization.metadata:
        return Seen("no numbers in its metadata; materialize preference/readiness again")
    run = instance.get_run_by_id(record.run_id) if record.run_id else None
    if run is not None and is_night(run.tags):
        return Seen("a night goes on by itself")
    if run is not None and not run.is_finished:
        return Seen(f"run {run.run_id[:8]} is still at work and may train by itself", wait=True)
    trained = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=ADAPTERS, asset_partitions=[iteration]), limit=1
    ).records
    if trained and trained[0].storage_id > record.storage_id:
        return Seen("these pairs have been trained on already")
    rows: Any = materialization.metadata[ROWS].value
    if not any(row["is_ready"] for row in rows):
        reasons = "; ".join(f"{row['agent']}: {row['reason']}" for row in rows)
        return Seen(reasons or "no agent rolled out anything")
    request = dg.RunRequest(run_key=pairs_key(iteration, rows), partition_key=iteration)
    return Seen("ready", request=request)


def pairs_key(iteration: str, rows: Sequence[dict[str, Any]]) -> str:
    """The same for the same pairs of an iteration: Dagster starts one run per key, ever."""
    versions = [f"{row['agent']}:{row['pairs_version'][:16]}" for row in rows]
    return " ".join([iteration, *sorted(versions)])
