"""The night begins at its time, once, and never beside an earlier one."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from pat_dagster import schedules
from pat_dagster.definitions import defs
from pat_dagster.jobs import FRESH, REFRESH_JOB, WATCH_JOB
from pat_dagster.night_tags import LED_BY_TAG, NIGHT_TAG, SENSOR, tags_of
from pat_dagster.operations import Operations
from pat_dagster.settings import Settings

BERLIN = ZoneInfo("Europe/Berlin")
TONIGHT = datetime.datetime(2026, 7, 1, 2, 0, tzinfo=BERLIN)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    quiet = {"telemetry": {"enabled": False}}
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=quiet) as made:
        yield made


def nightly(home: Path) -> dg.ScheduleDefinition:
    return next(one for one in schedules.schedules(Settings(home)) if one.name == "nightly")


def tick(instance: dg.DagsterInstance, at: datetime.datetime = TONIGHT) -> dg.ScheduleExecutionData:
    context = dg.build_schedule_context(
        instance=instance, scheduled_execution_time=at, repository_def=defs.get_repository_def()
    )
    return defs.resolve_schedule_def("nightly").evaluate_tick(context)


def test_the_settings_say_when(tmp_path: Path) -> None:
    assert nightly(tmp_path).cron_schedule == "0 2 * * *"
    assert nightly(tmp_path).execution_timezone == "UTC"
    (tmp_path / "settings.yaml").write_text("timezone: Europe/Berlin\nnightly_at: '23:30'\n")
    assert nightly(tmp_path).cron_schedule == "30 23 * * *"
    assert nightly(tmp_path).execution_timezone == "Europe/Berlin"


def test_a_home_without_settings_starts_nothing_by_itself(tmp_path: Path) -> None:
    assert {one.default_status for one in schedules.schedules(Settings(tmp_path))} == {
        dg.DefaultScheduleStatus.STOPPED
    }
    (tmp_path / "settings.yaml").write_text("timezone: UTC\n")
    assert {one.default_status for one in schedules.schedules(Settings(tmp_path))} == {
        dg.DefaultScheduleStatus.RUNNING
    }


def test_a_tick_asks_for_the_first_run_of_the_night(instance: dg.DagsterInstance) -> None:
    (request,) = tick(instance).run_requests or []
    assert request.run_key == "20260701T000000Z"
    assert request.tags[NIGHT_TAG] == request.run_key
    assert request.tags[LED_BY_TAG] == SENSOR
    assert request.tags["pat/refresh"] == "changed"


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
def test_no_night_beside_an_earlier_one(instance: dg.DagsterInstance, status: dg.DagsterRunStatus) -> None:
    create_run_for_test(instance, REFRESH_JOB, status=status, tags=tags_of("20260630T000000Z", SENSOR))
    seen = tick(instance)
    assert not seen.run_requests
    assert "20260630T000000Z is still at work" in (seen.skip_message or "")


def test_a_night_that_ended_or_a_run_of_the_day_is_in_nobodys_way(instance: dg.DagsterInstance) -> None:
    ended = tags_of("20260630T000000Z", SENSOR)
    create_run_for_test(instance, REFRESH_JOB, status=dg.DagsterRunStatus.FAILURE, tags=ended)
    create_run_for_test(instance, "pat", status=dg.DagsterRunStatus.STARTED)
    assert tick(instance).run_requests


@pytest.mark.parametrize(
    ("starts", "hours", "watched"), [("02:00", 26, "04:00"), ("23:00", 30, "05:00"), ("02:00", 24, "02:00")]
)
def test_the_morning_look_is_when_an_old_night_is_too_old(starts: str, hours: int, watched: str) -> None:
    operations = Operations.model_validate({"nightly_at": starts, "fresh_within_hours": hours})
    assert schedules.watched_at(operations).isoformat("minutes") == watched


def test_the_morning_look_is_one_check_and_no_other_job_makes_it() -> None:
    checks = {
        name: defs.resolve_job_def(name).asset_layer.asset_graph.asset_check_keys
        for name in (WATCH_JOB, REFRESH_JOB, "retrain", "pat", "publish", "evaluate")
    }
    assert checks.pop(WATCH_JOB) == {FRESH}
    assert not [name for name, keys in checks.items() if FRESH in keys]
