"""The chain of a night that sensors lead: one run after the other, each once, and no one's else."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pat_dagster.assets.night import metadata_of
from pat_dagster.definitions import defs
from pat_dagster.jobs import NIGHT
from pat_dagster.night_sensors import NEXT_JOBS, alert_of, go_on
from pat_dagster.night_tags import COMMAND, LED_BY_TAG, NIGHT_TAG, SENSOR, tags_of
from pat_dagster.nights import MOST_STEPS, Step

ID = "20260701T000000Z"
ROLLOUT = Step("rollout", "0004", "feature.examples changed")
OVER = Step(None, None, "nothing is left to do")


@pytest.fixture
def instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral()


def look(
    instance: dg.DagsterInstance,
    step: Step,
    *,
    led_by: str | None = SENSOR,
    then: Sequence[dg.AssetsDefinition] = (),
) -> dg.ExecuteInProcessResult:
    """A run of a night that ends with a look."""

    @dg.asset(key=NIGHT)
    def night() -> dg.MaterializeResult[Any]:
        return dg.MaterializeResult(metadata=metadata_of(step))

    tags = tags_of(ID, led_by) if led_by else {}
    return dg.materialize([night, *then], instance=instance, tags=tags, raise_on_error=False)


def test_nothing_happened_nothing_is_asked_for(instance: dg.DagsterInstance) -> None:
    assert "no run of a night has ended" in go_on(instance, None).skip_reason.skip_message  # type: ignore[union-attr]


def test_the_next_run_is_the_one_that_was_named_and_belongs_to_the_same_night(
    instance: dg.DagsterInstance,
) -> None:
    look(instance, ROLLOUT)
    first = go_on(instance, None)
    (request,) = first.run_requests or []
    assert (request.job_name, request.partition_key) == ("rollout", "0004")
    assert (request.tags[NIGHT_TAG], request.tags[LED_BY_TAG]) == (ID, SENSOR)
    assert [one.partition_keys for one in first.dynamic_partitions_requests or []] == [["0004"]]
    assert not go_on(instance, first.cursor).run_requests


def test_a_look_that_is_seen_twice_starts_one_run(instance: dg.DagsterInstance) -> None:
    look(instance, ROLLOUT)
    keys = {request.run_key for _ in range(2) for request in go_on(instance, None).run_requests or []}
    assert len(keys) == 1
    look(instance, ROLLOUT)  # the same step in the next run is another one
    assert len({request.run_key for request in go_on(instance, None).run_requests or []}) == 2


def test_a_night_that_is_over_says_so(instance: dg.DagsterInstance) -> None:
    look(instance, OVER)
    seen = go_on(instance, None)
    assert not seen.run_requests
    assert "is over: nothing is left" in seen.skip_reason.skip_message  # type: ignore[union-attr]


@pytest.mark.parametrize("led_by", [COMMAND, None])
def test_what_somebody_else_leads_is_left_alone(instance: dg.DagsterInstance, led_by: str | None) -> None:
    look(instance, ROLLOUT, led_by=led_by)
    assert not go_on(instance, None).run_requests


def test_a_run_that_failed_after_its_look_ends_the_night(instance: dg.DagsterInstance) -> None:
    @dg.asset(deps=[NIGHT])
    def fails() -> None:
        raise RuntimeError("disk full")

    look(instance, ROLLOUT, then=[fails])
    assert not go_on(instance, None).run_requests


def test_a_run_at_work_is_waited_for_and_not_forgotten(instance: dg.DagsterInstance) -> None:
    seen: list[dg.SensorResult] = []

    @dg.asset(deps=[NIGHT])
    def meanwhile(context: dg.AssetExecutionContext) -> None:
        seen.append(go_on(context.instance, None))

    look(instance, ROLLOUT, then=[meanwhile])
    assert not seen[0].run_requests
    assert go_on(instance, seen[0].cursor).run_requests


def test_a_night_does_not_go_on_for_ever(instance: dg.DagsterInstance) -> None:
    for _ in range(MOST_STEPS + 1):
        look(instance, ROLLOUT)
    seen = go_on(instance, None)
    assert not seen.run_requests
    assert "still there is something to do" in seen.skip_reason.skip_message  # type: ignore[union-attr]


def test_dagster_accepts_what_it_asks_for(tmp_path: Path) -> None:
    sensor = defs.resolve_sensor_def("go_on_at_night")
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides={"telemetry": {"enabled": False}}) as kept:
        look(kept, ROLLOUT)
        context = dg.SensorEvaluationContext(  # as the code server makes it; the partition is not there yet
            instance_ref=kept.get_ref(),
            last_tick_completion_time=None,
            last_run_key=None,
            cursor=None,
            log_key=None,
            repository_name=None,
            repository_def=defs.get_repository_def(),
        )
        tick = sensor.evaluate_tick(context)
    (request,) = tick.run_requests or []
    assert request.tags["dagster/partition"] == "0004"
    assert request.tags["pat/refresh"] == "changed"
    assert {target.job_name for target in sensor.targets} == NEXT_JOBS


def test_an_alert_names_the_first_failure(instance: dg.DagsterInstance) -> None:
    @dg.asset(key=["raw", "reviews"])
    def reviews() -> None:
        raise ValueError("five stars")

    done = dg.materialize([reviews], instance=instance, tags=tags_of(ID, SENSOR), raise_on_error=False)
    alert = alert_of(instance, done.dagster_run)
    assert (alert.place, alert.night) == ("raw.reviews", ID)
    assert "five stars" in alert.reason


def test_failures_are_told_from_the_first_day_on() -> None:
    sensor = defs.resolve_sensor_def("alert_on_failure")
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
