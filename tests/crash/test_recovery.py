"""Who may work on a home, what becomes of runs whose process is gone, homes of other versions."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from models.errors import InputError, WorkError
from pat_dagster import home, layout, leftovers, recovery, run_lock
from pat_dagster.definitions import defs
from pat_dagster.resources.warehouse import Warehouse
from pat_dagster.settings import Settings
from tests import homes

HOLD = """
import sys, time
from pathlib import Path
from pat_dagster import run_lock
from pat_dagster.settings import Settings
run_lock.take(Settings(Path(sys.argv[1])), "pat run")
print("held", flush=True)
time.sleep(600)
"""
DIE_IN_A_POOL = """
import os, sys
import dagster as dg

@dg.op(pool="warehouse")
def dies():
    os.kill(os.getpid(), 9)

@dg.job
def nightly():
    dies()

with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    instance.event_log_storage.set_concurrency_slots("warehouse", 1)
    nightly.execute_in_process(instance=instance)
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    for name in ("PAT_HOME", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "")  # put back after the test, whatever prepare sets
    found = Settings(tmp_path / "home")
    yield found
    run_lock.release(found)


def killed_run(settings: Settings) -> None:
    done = subprocess.run([sys.executable, "-c", DIE_IN_A_POOL, str(settings.dagster_home)], check=False)
    assert done.returncode == -signal.SIGKILL


def test_one_process_at_a_time_and_a_killed_one_holds_nothing(settings: Settings) -> None:
    command = [sys.executable, "-c", HOLD, str(settings.home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        found = run_lock.holder(settings)
        assert found is not None and (found.pid, found.what) == (other.pid, "pat run")
        with pytest.raises(WorkError, match=f"process {other.pid}"):
            run_lock.take(settings, "pat ingest")
        os.kill(other.pid, signal.SIGKILL)
    assert run_lock.holder(settings) is None
    assert run_lock.take(settings, "pat ingest")
    assert not run_lock.take(settings, "a run of it")  # part of the first
    run_lock.release(settings)
    assert run_lock.holder(settings) is None


def test_a_second_command_says_who_is_at_work_and_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    run_lock.take(settings, "pat nightly")
    done = homes.pat(settings.home, *homes.run_arguments(tmp_path))
    assert done.returncode == 1
    assert f"process {os.getpid()} (pat nightly" in done.stderr and "remedy" in done.stderr
    assert not settings.recipe_path.exists()


def test_a_run_of_dagster_holds_the_home_until_it_ends(settings: Settings) -> None:
    seen: list[bool] = []

    @dg.asset
    def looks(warehouse: Warehouse) -> None:
        with warehouse.connect():
            pass
        seen.append(run_lock.is_held_here(settings))

    @dg.asset(deps=[looks])
    def fails(warehouse: Warehouse) -> None:
        seen.append(run_lock.is_held_here(settings))
        raise WorkError("on purpose")

    resources = {"warehouse": Warehouse(home=str(settings.home))}
    done = dg.materialize([looks, fails], resources=resources, raise_on_error=False)
    assert not done.success and seen == [True, True]
    assert not run_lock.is_held_here(settings)
    run_lock.take(settings, "pat run")  # a command goes on holding it after its runs
    dg.materialize([looks], resources=resources)
    assert run_lock.is_held_here(settings)


def test_a_killed_run_is_marked_and_its_pool_slots_are_free(settings: Settings) -> None:
    home.prepare(settings)
    killed_run(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        (run,) = instance.get_runs()
        pool = instance.event_log_storage.get_concurrency_info("warehouse")
        assert run.status is dg.DagsterRunStatus.STARTED and pool.active_slot_count == 1
        (found,) = recovery.clean_up(instance, settings)
        assert found.step == "dies" and "is gone" in str(found)
        (run,) = instance.get_runs()
        pool = instance.event_log_storage.get_concurrency_info("warehouse")
        assert run.status is dg.DagsterRunStatus.FAILURE and pool.active_slot_count == 0
        assert recovery.clean_up(instance, settings) == []


def test_a_killed_run_that_was_being_cancelled_ends_as_cancelled(settings: Settings) -> None:
    home.prepare(settings)
    killed_run(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        instance.report_run_canceling(instance.get_runs()[0])
        recovery.clean_up(instance, settings)
        assert instance.get_runs()[0].status is dg.DagsterRunStatus.CANCELED


def test_a_run_whose_process_lives_is_left_alone(settings: Settings) -> None:
    @dg.op
    def looks(context) -> list[str]:  # Dagster cannot read an annotation that is a string
        return [str(one) for one in recovery.clean_up(context.instance, settings)]

    @dg.job
    def job() -> None:
        looks()

    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance).output_for_node("looks") == []


def test_the_sensor_moves_the_queue(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    home.prepare(settings)
    monkeypatch.setenv("PAT_HOME", str(settings.home))
    killed_run(settings)
    sensor = defs.resolve_sensor_def("clean_up_after_kills")
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        for said in ("was cut off at dies", "no run was cut off"):
            result = sensor.evaluate_tick(dg.build_sensor_context(instance=instance))
            assert said in str(result.skip_message)


def test_a_new_home_frees_what_cancelled_runs_hold(settings: Settings) -> None:
    home.prepare(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_settings["free_slots_after_run_end_seconds"] > 0
        assert instance.run_monitoring_cancel_timeout_seconds > 0
    assert json.loads((settings.home / layout.NAME).read_text(encoding="utf-8"))["layout"] == layout.LAYOUT
    assert layout.bring_up_to_date(settings) == []


def test_an_older_home_is_upgraded_and_keeps_what_somebody_wrote(settings: Settings) -> None:
    settings.dagster_home.mkdir(parents=True)
    config = settings.dagster_home / "dagster.yaml"
    config.write_text("# mine\ntelemetry:\n  enabled: true\n", encoding="utf-8")
    (done,) = layout.bring_up_to_date(settings)
    assert "run_monitoring" in done
    text = config.read_text(encoding="utf-8")
    assert text.startswith("# mine\n") and yaml.safe_load(text)["telemetry"]["enabled"]
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        assert instance.run_monitoring_enabled


def test_a_database_of_an_older_dagster_is_upgraded(settings: Settings) -> None:
    home.prepare(settings)
    killed_run(settings)
    for name in layout.DATABASES:
        with sqlite3.connect(settings.dagster_home / name) as con:
            con.execute("update alembic_version set version_num = '7e2f3204cf8e'")
    (settings.home / layout.NAME).write_text('{"layout": 2, "dagster": "1.9.0"}', encoding="utf-8")
    assert set(layout.revisions(settings).values()) == {"older"}
    assert layout.bring_up_to_date(settings)
    assert set(layout.revisions(settings).values()) == {"same"}


@pytest.mark.parametrize("newer", ["layout", "dagster"])
def test_a_home_of_a_newer_version_is_refused(settings: Settings, newer: str) -> None:
    home.prepare(settings)
    killed_run(settings)
    known = {"layout": layout.LAYOUT, "dagster": "99.0"}
    if newer == "layout":
        known["layout"] = layout.LAYOUT + 1
    else:
        with sqlite3.connect(settings.dagster_home / layout.DATABASES[0]) as con:
            con.execute("update alembic_version set version_num = 'ffffffffffff'")
    (settings.home / layout.NAME).write_text(json.dumps(known), encoding="utf-8")
    with pytest.raises(InputError, match="newer"):
        home.prepare(settings)


def test_half_written_files_go_when_the_next_command_begins(settings: Settings) -> None:
    home.prepare(settings)
    kept = settings.policies_path / "style-0000" / "adapter_model.safetensors"
    left = [
        settings.home / ".analytics.duckdb.draft",
        settings.home / ".recipe.yaml.partial",
        settings.policies_path / ".style-0001.k3x" / "adapter_model.safetensors",
        settings.home / "encoders" / ".style-ab.json.partial",
    ]
    for path in (kept, *left):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    assert len(leftovers.half_written(settings)) == len(left)
    home.prepare(settings)
    assert kept.exists() and leftovers.half_written(settings) == []
    assert not any(path.exists() for path in left)
