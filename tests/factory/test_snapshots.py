"""Nothing new changes no published byte; what was published before can be read, as long as it is kept."""

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from models.errors import InputError
from pat_dagster import snapshots, tables
from pat_dagster.publish import Published, publish
from pat_dagster.sql_files import load_files
from tests.factory.test_publish import fill

START = datetime(2026, 11, 21, 2, 0, 0)


def night(folder: Path, day: int, **options: object) -> Published:
    """Publish as on the `day`-th day."""
    warehouse, analytics = folder / "warehouse.duckdb", folder / "analytics.duckdb"
    return publish(warehouse, analytics, now=START + timedelta(days=day), **options)  # type: ignore[arg-type]


def steps(path: Path) -> list[int]:
    with duckdb.connect(str(path), read_only=True) as con:
        return [
            step for (step,) in con.execute("select step from policy.training_log order by all").fetchall()
        ]


def write(folder: Path, table: str, row: dict[str, object]) -> None:
    with duckdb.connect(str(folder / "warehouse.duckdb")) as con:
        tables.write(con, table, pl.DataFrame([row]))


def checked(bad_rows: int) -> dict[str, object]:
    row = {
        "table_name": "mart.arms",
        "check_name": "c",
        "severity": "warn",
        "blocking": False,
        "passed": True,
    }
    return row | {"bad_rows": bad_rows, "run_id": "r", "checked_at": START, "inputs_sha256": None}


def test_nothing_new_changes_no_byte_and_no_file(tmp_path: Path) -> None:
    fill(tmp_path / "warehouse.duckdb", 1)
    analytics = tmp_path / "analytics.duckdb"
    assert night(tmp_path, 1).changed
    before, inode = analytics.read_bytes(), analytics.stat().st_ino
    write(tmp_path, "ops.check_results", checked(0))  # a night leaves its own records
    fill(tmp_path / "warehouse.duckdb", 1)  # and writes equal rows again
    done = night(tmp_path, 2)
    assert (done.changed, done.snapshot) == (False, None)
    assert (analytics.read_bytes(), analytics.stat().st_ino) == (before, inode)
    assert done.rows["policy.training_log"] == 1
    assert list(snapshots.dated(tmp_path / "snapshots")) == []


def test_always_swaps_what_has_not_changed(tmp_path: Path) -> None:
    fill(tmp_path / "warehouse.duckdb", 1)
    night(tmp_path, 1)
    write(tmp_path, "ops.check_results", checked(7))
    assert night(tmp_path, 2, always=True).changed
    with duckdb.connect(str(tmp_path / "analytics.duckdb"), read_only=True) as con:
        assert con.execute("select bad_rows from ops.check_results").fetchall() == [(7,)]


def test_a_comment_that_changed_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "warehouse.duckdb", 1)
    night(tmp_path, 1)
    monkeypatch.setitem(load_files()["policy.training_log"].columns, "step", "another word for it")
    assert night(tmp_path, 2).changed
    with duckdb.connect(str(tmp_path / "analytics.duckdb"), read_only=True) as con:
        found = con.execute("select comment from duckdb_columns() where column_name = 'step'").fetchall()
    assert found == [("another word for it",)]


def test_every_change_keeps_the_file_before_it_and_old_ones_go(tmp_path: Path) -> None:
    for day in range(1, 7):
        fill(tmp_path / "warehouse.duckdb", day)
        night(tmp_path, day, keep=3)
    kept = snapshots.dated(tmp_path / "snapshots")
    assert list(kept) == ["20261124T020000Z", "20261125T020000Z", "20261126T020000Z"]
    assert [steps(path) for path in kept.values()] == [[3], [4], [5]]
    assert steps(tmp_path / "analytics.duckdb") == [6]
    assert steps(tmp_path / "snapshots" / "latest.duckdb") == [6]


def test_none_kept_means_none(tmp_path: Path) -> None:
    for day in (1, 2):
        fill(tmp_path / "warehouse.duckdb", day)
        assert night(tmp_path, day, keep=0).snapshot is None
    assert snapshots.dated(tmp_path / "snapshots") == {}


def test_an_iteration_keeps_its_last_published_file(tmp_path: Path) -> None:
    def log(iteration: str, step: int) -> None:
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as con:
            row = {"agent": "style", "step": step, "metric": "loss", "value": 0.5}
            tables.write(con, "policy.training_log", pl.DataFrame([row]), {"iteration": iteration})

    for day, (iteration, step) in enumerate([("0000", 1), ("0000", 2), ("0001", 3), ("0002", 4)], start=1):
        log(iteration, step)
        assert night(tmp_path, day, keep=0).iteration == iteration
    folder = tmp_path / "snapshots"
    assert {key: steps(path) for key, path in snapshots.iterations(folder).items()} == {
        "0000": [2],
        "0001": [2, 3],
        "0002": [2, 3, 4],
    }
    newest = folder / "iteration-0002.duckdb"
    assert newest.samefile(tmp_path / "analytics.duckdb")  # one file, two names: it costs no disk


@pytest.mark.parametrize(
    ("step", "seen"), [("keep_dated", 1), ("keep_iteration", 2), ("point_latest", 2), ("retain", 2)]
)
def test_a_publish_killed_at_any_step_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, seen: int
) -> None:
    folder = tmp_path / "snapshots"
    for day in (1, 2):
        fill(tmp_path / "warehouse.duckdb", day)
        night(tmp_path, day, keep=1)
    fill(tmp_path / "warehouse.duckdb", 3)

    def stop(*_: object) -> None:
        raise RuntimeError("killed here")

    monkeypatch.setattr(snapshots, step, stop)
    with pytest.raises(RuntimeError, match="killed here"):
        night(tmp_path, 3, keep=1)
    assert steps(tmp_path / "analytics.duckdb") == steps(folder / "latest.duckdb") == [seen + 1]
    monkeypatch.undo()
    assert night(tmp_path, 4, keep=1).changed == (step == "keep_dated")
    assert steps(tmp_path / "analytics.duckdb") == steps(snapshots.find(folder, "0000")) == [3]
    assert [steps(path) for path in snapshots.dated(folder).values()] == [[2]]
    assert [*tmp_path.glob(".*"), *folder.glob(".*")] == []


def test_a_damaged_published_file_is_replaced(tmp_path: Path) -> None:
    fill(tmp_path / "warehouse.duckdb", 1)
    night(tmp_path, 1)
    (tmp_path / "analytics.duckdb").unlink()
    (tmp_path / "analytics.duckdb").write_bytes(b"no database" * 1000)
    assert night(tmp_path, 2).changed
    assert steps(tmp_path / "analytics.duckdb") == [1]


def test_a_table_of_an_older_layout_is_published_with_its_new_columns_empty(tmp_path: Path) -> None:
    fill(tmp_path / "warehouse.duckdb", 1)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as con:
        con.execute("alter table policy.promotions drop column reason")
    night(tmp_path, 1)
    with duckdb.connect(str(tmp_path / "analytics.duckdb"), read_only=True) as con:
        assert con.execute("select n, reason from policy.promotions").fetchall() == [(1, None)]


@pytest.mark.parametrize(
    ("at", "name"),
    [
        ("0000", "iteration-0000"),
        ("0", "iteration-0000"),
        ("20261122", "analytics-20261122T020000Z"),
        ("2026-11-23", "analytics-20261123T020000Z"),
        ("2026-11-23T01:30", "analytics-20261122T020000Z"),
        ("20261231T000000Z", "analytics-20261123T020000Z"),
    ],
)
def test_snapshots_are_found_by_iteration_and_by_time(tmp_path: Path, at: str, name: str) -> None:
    for day in (1, 2, 3):
        fill(tmp_path / "warehouse.duckdb", day)
        night(tmp_path, day)
    assert snapshots.find(tmp_path / "snapshots", at).stem == name


@pytest.mark.parametrize("at", ["0007", "20251122", "yesterday", "../warehouse", "2026", ""])
def test_a_snapshot_that_is_not_there_names_those_that_are(tmp_path: Path, at: str) -> None:
    for day in (1, 2):
        fill(tmp_path / "warehouse.duckdb", day)
        night(tmp_path, day)
    with pytest.raises(InputError, match="iteration 0000, or time 20261122T020000Z"):
        snapshots.find(tmp_path / "snapshots", at)
