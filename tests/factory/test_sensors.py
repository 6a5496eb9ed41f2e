"""The retraining trigger: starts what is worth it, once, says why not otherwise, opens no warehouse."""

from typing import Any

import dagster as dg
import duckdb
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context

from pat_dagster.definitions import defs
from pat_dagster.jobs import READINESS, RETRAIN_JOB
from pat_dagster.ledger import ROWS
from pat_dagster.night_tags import SENSOR, tags_of
from pat_dagster.partitions import ITERATIONS
from pat_dagster.sensors import ADAPTERS, retrain_when_ready
from tests.factory.conftest import Little

READY = {"agent": "style", "is_ready": True, "reason": "enough", "pairs_version": "a" * 64}
POOR = {"agent": "topic", "is_ready": False, "reason": "3 pairs: too few", "pairs_version": "b" * 64}


@pytest.fixture
def instance() -> dg.DagsterInstance:
    made = dg.DagsterInstance.ephemeral()
    made.add_dynamic_partitions("iteration", ["0000", "0001"])
    return made


def look(instance: dg.DagsterInstance, cursor: str | None = None) -> Any:
    context = dg.build_sensor_context(instance=instance, cursor=cursor, definitions=defs)
    return retrain_when_ready(context)


def readiness(*rows: dict[str, Any]) -> dg.AssetsDefinition:
    @dg.asset(key=READINESS, partitions_def=ITERATIONS)
    def made() -> dg.MaterializeResult[Any]:
        return dg.MaterializeResult(metadata={ROWS: dg.MetadataValue.json(list(rows))})

    return made


@dg.asset(key=ADAPTERS, deps=[READINESS], partitions_def=ITERATIONS)
def adapters() -> None: ...


def materialize(instance: dg.DagsterInstance, *assets: dg.AssetsDefinition, iteration: str = "0000") -> None:
    assert dg.materialize(assets, instance=instance, partition_key=iteration).success


def test_nothing_new_is_nothing_to_do(instance: dg.DagsterInstance) -> None:
    assert "has not been written" in look(instance).skip_reason.skip_message


def test_a_ready_iteration_is_retrained_once_for_the_same_pairs(instance: dg.DagsterInstance) -> None:
    materialize(instance, readiness(READY, POOR))
    first = look(instance)
    assert [request.partition_key for request in first.run_requests] == ["0000"]
    assert "has not been written" in look(instance, first.cursor).skip_reason.skip_message
    materialize(instance, readiness(READY, POOR))
    again = look(instance, first.cursor)
    assert again.run_requests[0].run_key == first.run_requests[0].run_key  # which Dagster starts once
    materialize(instance, readiness(READY | {"pairs_version": "c" * 64}, POOR))
    other = look(instance, again.cursor)
    assert other.run_requests[0].run_key != first.run_requests[0].run_key


def test_the_same_pairs_in_another_iteration_are_another_training(instance: dg.DagsterInstance) -> None:
    for iteration in ("0000", "0001"):
        materialize(instance, readiness(READY), iteration=iteration)
    requests = look(instance).run_requests
    assert [request.partition_key for request in requests] == ["0000", "0001"]
    assert len({request.run_key for request in requests}) == 2


def test_an_iteration_that_is_not_ready_says_its_numbers(instance: dg.DagsterInstance) -> None:
    materialize(instance, readiness(POOR))
    seen = look(instance)
    assert seen.run_requests in (None, [])
    assert seen.skip_reason.skip_message == "0000: topic: 3 pairs: too few"


def test_what_its_own_run_trained_is_left_alone(instance: dg.DagsterInstance) -> None:
    materialize(instance, readiness(READY), adapters)
    assert "trained on already" in look(instance).skip_reason.skip_message
    materialize(instance, readiness(READY))  # rolled out again, not trained again
    assert look(instance).run_requests


def test_a_run_at_work_is_waited_for_and_not_forgotten(instance: dg.DagsterInstance) -> None:
    seen: list[Any] = []

    @dg.asset(deps=[READINESS], partitions_def=ITERATIONS)
    def meanwhile(context: dg.AssetExecutionContext) -> None:
        seen.append(look(context.instance))

    materialize(instance, readiness(READY), meanwhile)
    assert "still at work" in seen[0].skip_reason.skip_message
    assert look(instance, seen[0].cursor).run_requests


def test_numbers_come_from_metadata_while_a_job_holds_the_warehouse(little: Little) -> None:
    assert little.run().success
    with duckdb.connect(little.warehouse.home + "/warehouse.duckdb"):
        seen = look(little.instance)
    message = seen.skip_reason.skip_message
    assert message.startswith("0000: style: ") and "at least 16 are needed: too few" in message


def test_what_it_starts_is_a_job_of_this_project() -> None:
    sensor = defs.resolve_sensor_def("retrain_when_ready")
    assert sensor.job_name == RETRAIN_JOB
    assert sensor.default_status is dg.DefaultSensorStatus.STOPPED
    started = defs.resolve_job_def(RETRAIN_JOB).asset_layer.selected_asset_keys
    paths = {key.path[0] for key in started}
    assert paths == {"policy", "evaluation", "request", "context", "mart", "published", "night"}


def test_a_night_goes_on_by_itself(instance: dg.DagsterInstance) -> None:
    made = readiness(READY)
    tags = tags_of("20260701T000000Z", SENSOR)
    assert dg.materialize([made], instance=instance, partition_key="0000", tags=tags).success
    seen = look(instance)
    assert not seen.run_requests
    assert "goes on by itself" in seen.skip_reason.skip_message


def test_dagster_accepts_what_it_asks_for(instance: dg.DagsterInstance) -> None:
    materialize(instance, readiness(READY))
    context = dg.build_sensor_context(instance=instance, definitions=defs)
    with partition_loading_context(dynamic_partitions_store=instance):  # as the daemon evaluates a tick
        tick = defs.resolve_sensor_def("retrain_when_ready").evaluate_tick(context)
    (request,) = tick.run_requests
    assert request.partition_key == request.tags["dagster/partition"] == "0000"
    assert tick.cursor
