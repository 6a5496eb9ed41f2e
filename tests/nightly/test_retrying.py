"""What passes by itself is tried again at night, with longer and longer waits; what does not is not."""

from __future__ import annotations

import errno
import os
import urllib.error
from email.message import Message
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from models.errors import BusyError, InputError, WorkError
from pat_dagster.console import Reporter
from pat_dagster.night_tags import COMMAND, tags_of
from pat_dagster.operations import Operations
from pat_dagster.resources.warehouse import Warehouse
from pat_dagster.retrying import LONGEST, passes, retried, seconds_before, when_free

NIGHT = tags_of("20260101T020000Z", COMMAND)


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def http(status: int) -> Exception:
    return urllib.error.HTTPError("http://x", status, "", Message(), None)


class Response:
    def __init__(self, status: int) -> None:
        self.status_code = status


class Answered(Exception):
    def __init__(self, status: int) -> None:
        super().__init__("from a server")
        self.response = Response(status)


@pytest.mark.parametrize(
    "error",
    [
        BusyError("held"),
        caused(WorkError("cannot be opened"), BusyError("held")),
        OSError(errno.EIO, "I/O"),
        caused(WorkError("staging.reviews"), duckdb.IOException(f"read: {os.strerror(errno.EIO)}")),
        RuntimeError(f"lance error: LanceError(IO): {os.strerror(errno.ESTALE)}"),
        ConnectionResetError(),
        TimeoutError(),
        http(503),
        http(429),
        Answered(502),
    ],
    ids=repr,
)
def test_what_passes(error: Exception) -> None:
    assert passes(error)


@pytest.mark.parametrize(
    "error",
    [
        InputError("rating is 'five'"),
        caused(WorkError("x"), InputError("y")),
        caused(InputError("no such file"), OSError(errno.EIO, "I/O")),
        WorkError("no pairs"),
        OSError(errno.ENOSPC, "full"),
        caused(WorkError("raw.reviews"), duckdb.IOException(f"write: {os.strerror(errno.ENOSPC)}")),
        duckdb.IOException("The file exists, but it is not a valid DuckDB database file!"),
        FileNotFoundError(errno.ENOENT, "gone"),
        http(404),
        http(401),
        Answered(400),
        KeyError("a defect"),
        ValueError(f"a text that says {os.strerror(errno.EIO)}"),
    ],
    ids=repr,
)
def test_what_does_not(error: Exception) -> None:
    assert not passes(error)


def test_a_circle_of_causes_ends() -> None:
    one, other = ValueError("1"), ValueError("2")
    one.__cause__, other.__cause__ = other, one
    assert not passes(one)


def test_waits_double_and_end() -> None:
    operations = Operations(retries=4, retry_seconds=30)
    assert [seconds_before(n, operations) for n in range(1, 6)] == [30, 60, 120, 240, None]
    assert seconds_before(1, Operations(retries=0)) is None
    assert seconds_before(20, Operations(retries=20)) == LONGEST


def test_outside_of_a_run_nothing_is_tried_again() -> None:
    with pytest.raises(BusyError), retried(Operations()):
        raise BusyError("held")


def run(
    home: Path, fails: int, error: Exception, tags: dict[str, str], retries: int = 2
) -> tuple[dg.ExecuteInProcessResult, int]:
    """A run of one asset that fails so often; the result, and how often it was tried."""
    (home / "settings.yaml").write_text(f"retries: {retries}\nretry_seconds: 0\n")
    tried: list[int] = []

    @dg.asset
    def table(warehouse: Warehouse) -> dg.MaterializeResult[Any]:
        with warehouse.connect():
            tried.append(1)
            if len(tried) <= fails:
                raise error
        return dg.MaterializeResult()

    done = dg.materialize(
        [table], resources={"warehouse": Warehouse(home=str(home))}, tags=tags, raise_on_error=False
    )
    return done, len(tried)


def test_at_night_a_table_is_tried_until_it_works(tmp_path: Path) -> None:
    done, tried = run(tmp_path, 2, BusyError("held"), NIGHT)
    assert (done.success, tried) == (True, 3)


def test_and_not_for_ever(tmp_path: Path) -> None:
    done, tried = run(tmp_path, 99, BusyError("held"), NIGHT)
    assert (done.success, tried) == (False, 3)
    (failure,) = done.get_step_failure_events()
    assert failure.step_failure_data.error.cause.cls_name == "BusyError"  # what was wrong is still said


def test_wrong_input_is_not_tried_again(tmp_path: Path) -> None:
    assert run(tmp_path, 1, InputError("rating is 'five'"), NIGHT)[1] == 1


def test_by_day_somebody_is_there_to_decide(tmp_path: Path) -> None:
    assert run(tmp_path, 1, BusyError("held"), {})[1] == 1


def test_a_warehouse_that_another_process_holds_is_waited_for(tmp_path: Path) -> None:
    from pat_dagster import run_lock
    from pat_dagster.settings import Settings

    tried: list[str] = []
    really = run_lock.take

    def take(settings: Settings, what: str) -> bool:
        tried.append(what)
        if len(tried) < 3:
            raise BusyError("process 7 is at work on this home")
        return really(settings, what)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_lock, "take", take)
        done, _ = run(tmp_path, 0, BusyError("held"), NIGHT)
    assert done.success
    assert len(tried) == 3


def test_a_night_begins_when_the_home_is_free() -> None:
    left = [BusyError("process 7 is at work on this home"), BusyError("process 7 is at work on this home")]
    told: list[str] = []
    waited: list[float] = []

    def work() -> None:
        if left:
            raise left.pop()

    when_free(work, Operations(retry_seconds=30), told.append, waited.append)
    assert waited == [30, 60]
    assert told[0] == "process 7 is at work on this home; again in 30 s"


def test_and_not_at_all_when_it_never_is() -> None:
    def work() -> None:
        raise BusyError("held")

    waited: list[float] = []
    with pytest.raises(BusyError):
        when_free(work, Operations(retries=2, retry_seconds=1), str, waited.append)
    assert waited == [1, 2]


def test_a_wait_is_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "settings.yaml").write_text("retries: 1\nretry_seconds: 0\n")
    tried: list[int] = []
    run_id = "00000000-0000-0000-0000-000000000001"

    @dg.asset(key=["raw", "reviews"])
    def table(warehouse: Warehouse) -> dg.MaterializeResult[Any]:
        with warehouse.connect():
            tried.append(1)
            if len(tried) == 1:
                raise OSError(errno.EIO, "the disk does not answer")
        return dg.MaterializeResult()

    instance = dg.DagsterInstance.ephemeral()
    instance.add_event_listener(run_id, Reporter())
    defs = dg.Definitions(
        [table],
        jobs=[dg.define_asset_job("job", dg.AssetSelection.all())],
        resources={"warehouse": Warehouse(home=str(tmp_path))},
        executor=dg.in_process_executor,
    )
    job = defs.resolve_job_def("job")
    assert job.execute_in_process(instance=instance, tags=NIGHT, run_id=run_id).success
    out = capfd.readouterr().out
    assert "again in 0 s: raw.reviews: OSError: [Errno 5] the disk does not answer" in out
