"""A run of `dagster dev` that is cancelled or killed from outside: it holds nothing, the next one works."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from pat_dagster import run_lock
from pat_dagster.partitions import ITERATIONS
from pat_dagster.settings import Settings
from tests import homes
from tests.crash.graphql import Client
from tests.dagster_dev import dagster_dev, wait

pytestmark = pytest.mark.slow

NEXT = "0001"
STEP = "rollout__summaries"  # the longest of job rollout


@pytest.fixture(scope="module")
def home(finished_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(homes.copy(finished_home, tmp_path_factory.mktemp("cancel") / "home"))
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        instance.add_dynamic_partitions(ITERATIONS.name or "", [NEXT])
    return settings


@pytest.fixture(scope="module")
def dagster(home: Settings) -> Iterator[Client]:
    with dagster_dev(home.home, home.home.parent / "dagster-dev.log") as address:
        yield Client(address)


def interrupted(client: Client, home: Settings) -> str:
    """A run of job rollout that holds the home and is in the middle of its longest step."""
    run = client.launch("rollout", NEXT)
    wait(lambda: client.at_work_on(run, STEP), f"step {STEP} of run {run}")
    wait(lambda: run_lock.holder(home) is not None, "the run to hold the home")
    return run


def assert_all_is_free(home: Settings) -> None:
    """The home, both stores, and every pool slot."""
    wait(lambda: run_lock.holder(home) is None, "the home to be free")
    with duckdb.connect(str(home.warehouse_path)) as con:
        assert con.sql("select count(*) from staging.reviews").fetchall()[0][0] > 0
    with (home.vectors_path / "writer.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with dg.DagsterInstance.from_config(str(home.dagster_home)) as instance:
        assert instance.event_log_storage.get_concurrency_run_ids() == set()


def test_a_run_that_was_cancelled(dagster: Client, home: Settings) -> None:
    run = interrupted(dagster, home)
    dagster.terminate(run)
    wait(lambda: dagster.status(run) == "CANCELED", f"run {run} to be cancelled")
    assert_all_is_free(home)


def test_a_run_that_was_killed(dagster: Client, home: Settings) -> None:
    run = interrupted(dagster, home)
    holder = run_lock.holder(home)
    assert holder is not None and holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    wait(lambda: dagster.status(run) == "FAILURE", f"run {run} to be marked as failed")
    assert_all_is_free(home)


def test_the_next_run_ends_well(dagster: Client, home: Settings) -> None:
    run = dagster.launch("rollout", NEXT)
    wait(lambda: dagster.status(run) in {"SUCCESS", "FAILURE"}, f"run {run} to end")
    assert dagster.status(run) == "SUCCESS"
    with duckdb.connect(str(home.warehouse_path), read_only=True) as con:
        rows = con.sql(
            "select iteration, count(*) from rollout.summaries group by all order by all"
        ).fetchall()
    assert [iteration for iteration, _ in rows] == ["0000", NEXT]
    assert rows[0][1] == rows[1][1]
