"""Readers of the published file are never in the way and never see half of it."""

import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from models.errors import WorkError
from pat_dagster import tables
from pat_dagster.publish import publish

READER = """
import sys, duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
for _ in sys.stdin:
    print(*con.execute("select (select max(step) from policy.training_log), "
                       "(select max(n) from policy.promotions)").fetchall()[0], flush=True)
"""


class Reader:
    """Another process that has the file open."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-c", READER, str(path)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(file=self._process.stdin, flush=True)
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        self._process.communicate(timeout=60)
        assert self._process.returncode == 0


def fill(path: Path, number: int) -> None:
    """Two tables that hold the same number: a reader who sees two numbers sees half a publish."""
    con = duckdb.connect(str(path))
    try:
        log = {"iteration": "0000", "agent": "style", "step": number, "metric": "loss", "value": 0.0}
        tables.write(con, "policy.training_log", pl.DataFrame([log]))
        decision = {"iteration": "0000", "agent": "style", "policy_id": "p", "n": number, "mean_gain": None}
        decision |= {"ci_low": None, "ci_high": None, "confidence": 0.95, "promoted": False, "reason": "r"}
        tables.write(con, "policy.promotions", pl.DataFrame([decision]))
    finally:
        con.close()


def test_readers_keep_what_they_opened_and_others_get_the_new_file(tmp_path: Path) -> None:
    warehouse, analytics = tmp_path / "warehouse.duckdb", tmp_path / "analytics.duckdb"
    fill(warehouse, 1)
    publish(warehouse, analytics)
    readers = [Reader(analytics)]
    assert readers[0].ask() == "1 1"
    for number in (2, 3):
        fill(warehouse, number)
        publish(warehouse, analytics)
        readers.append(Reader(analytics))
        assert [reader.ask() for reader in readers] == [f"{n} {n}" for n in range(1, number + 1)]
    for reader in readers:
        reader.close()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["analytics.duckdb", "snapshots", "warehouse.duckdb"]


def test_a_failed_publish_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse, analytics = tmp_path / "warehouse.duckdb", tmp_path / "analytics.duckdb"
    fill(warehouse, 1)
    publish(warehouse, analytics)
    before = analytics.read_bytes()
    fill(warehouse, 2)

    def stop(*_: object) -> None:
        raise RuntimeError("killed here")

    monkeypatch.setattr(tables, "comment", stop)
    with pytest.raises(RuntimeError, match="killed here"):
        publish(warehouse, analytics)
    assert analytics.read_bytes() == before
    monkeypatch.undo()
    publish(warehouse, analytics)  # the leftovers of the failed one are not in the way
    assert analytics.read_bytes() != before


def test_no_warehouse_no_publish(tmp_path: Path) -> None:
    with pytest.raises(WorkError, match="does not exist"):
        publish(tmp_path / "warehouse.duckdb", tmp_path / "analytics.duckdb")
    assert list(tmp_path.iterdir()) == []
