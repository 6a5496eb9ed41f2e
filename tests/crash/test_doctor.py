"""pat doctor on a home that was finished and then damaged: every fault is found, named and has a remedy."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from pat_dagster import doctor, layout, run_lock
from pat_dagster.doctor import databases, home, runs, steps, weights
from pat_dagster.doctor.findings import Finding
from pat_dagster.ledger import invalidate
from pat_dagster.settings import Settings
from tests import homes

KILLED_RUN = """
import os, sys
import dagster as dg

@dg.op
def rollout__summaries():
    os.kill(os.getpid(), 9)

@dg.job(name="pat")
def job():
    rollout__summaries()

with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    job.execute_in_process(instance=instance)
"""
LOCKED = """
import sys
from pathlib import Path
from pat_dagster import run_lock
from pat_dagster.ledger import invalidate
from pat_dagster.settings import Settings
run_lock.take(Settings(Path(sys.argv[1])), "pat run")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def damaged(finished_home: Path, tmp_path: Path) -> Settings:
    """A copy, to be damaged."""
    return Settings(homes.copy(finished_home, tmp_path / "home"))


def bad(found: Iterator[Finding]) -> list[Finding]:
    """What is not in order; each has a remedy."""
    kept = [finding for finding in found if finding.level != "OK"]
    assert all(finding.remedy for finding in kept)
    return kept


@contextmanager
def held(settings: Settings) -> Iterator[int]:
    """Another process holds the home; yields its id."""
    command = [sys.executable, "-c", LOCKED, str(settings.home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        yield other.pid
        other.communicate("")


def test_a_finished_home_is_in_order(finished_home: Path) -> None:
    found = bad(doctor.findings(Settings(finished_home)))
    assert [finding for finding in found if finding.what not in {"disk space", "packages"}] == []


@pytest.mark.parametrize("file", ["adapter_model.safetensors", "adapter_config.json", "training.json"])
def test_a_missing_file_of_an_adapter(damaged: Settings, file: str) -> None:
    (damaged.policies_path / "style-0000" / file).unlink()
    (finding,) = bad(weights.adapters(damaged))
    assert finding.level == "FAIL" and file in finding.detail and "style-0000" in finding.detail


def test_an_altered_adapter(damaged: Settings) -> None:
    path = damaged.policies_path / "topic-0000" / "adapter_model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    (finding,) = bad(weights.adapters(damaged))
    assert finding.level == "FAIL" and "sha256" in finding.detail and "topic-0000" in finding.detail


def test_an_adapter_without_its_folder(damaged: Settings) -> None:
    shutil.rmtree(damaged.policies_path)
    assert [finding.level for finding in bad(weights.adapters(damaged))] == ["FAIL", "FAIL"]


def test_altered_propagation_weights(damaged: Settings) -> None:
    (path,) = (damaged.home / "propagation").glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:-1])
    (finding,) = bad(weights.learned_weights(damaged))
    assert finding.level == "FAIL" and "propagation weights of small" in finding.detail


def test_an_altered_style_encoder(damaged: Settings) -> None:
    (path,) = (damaged.home / "encoders").glob("style-*.json")
    path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    (finding,) = bad(weights.learned_weights(damaged))
    assert finding.level == "FAIL" and "style encoder of small" in finding.detail


def test_rows_written_by_hand_and_what_was_made_of_them(damaged: Settings) -> None:
    with duckdb.connect(str(damaged.warehouse_path)) as con:
        con.execute("update staging.users set dataset = 'other'")
        con.execute("drop table mart.datasets")
    gone, altered = bad(steps.tables_in_step(damaged))
    assert gone.level == altered.level == "FAIL"
    assert "mart.datasets" in gone.detail and "staging.users" in altered.detail


def test_tables_made_from_earlier_rows(damaged: Settings) -> None:
    with duckdb.connect(str(damaged.warehouse_path)) as con:
        con.execute("delete from staging.users where user_id = (select min(user_id) from staging.users)")
        con.execute(
            "insert into ops.materializations by name select * replace (now()::timestamp as started_at, "
            "'new' as content_sha256) from ops.materializations where table_name = 'staging.users'"
        )
    found = bad(steps.tables_in_step(damaged))
    assert [finding.level for finding in found] == ["FAIL", "WARN"]  # 'new' is the hash of nothing
    assert "staging.users changed" in found[1].detail


def test_a_table_that_was_begun_and_not_finished(damaged: Settings) -> None:
    with duckdb.connect(str(damaged.warehouse_path)) as con:
        invalidate(con, "rollout.drafts")  # what a run does first
    (finding,) = bad(steps.tables_in_step(damaged))
    assert finding.level == "WARN" and "not finished: rollout.drafts" in finding.detail


def test_vectors_out_of_step_with_their_reviews(damaged: Settings) -> None:
    import lancedb

    lancedb.connect(damaged.vectors_path).open_table("reviews").delete("id like 'small:0%'")
    (finding,) = bad(steps.vectors_in_step(damaged))
    assert (
        finding.level == "FAIL" and finding.what == "vectors.reviews" and "without a vector" in finding.detail
    )


@pytest.mark.parametrize("damage", ["missing table", "missing file", "empty folder"])
def test_a_damaged_vector_table(damaged: Settings, damage: str) -> None:
    folder = damaged.vectors_path / "titles.lance"
    if damage == "missing file":
        next((folder / "data").iterdir()).unlink()
    else:
        shutil.rmtree(folder)
        if damage == "empty folder":
            folder.mkdir()
    (finding,) = bad(steps.vectors_in_step(damaged))
    assert finding.level == "FAIL" and finding.what == "vectors.titles"


def test_readers_see_older_rows(damaged: Settings) -> None:
    with duckdb.connect(str(damaged.analytics_path)) as con:
        con.execute("delete from ops.materializations where table_name = 'mart.leaderboard'")
    (finding,) = bad(databases.published(damaged))
    assert finding.level == "WARN" and "mart.leaderboard" in finding.detail
    damaged.analytics_path.unlink()
    assert [finding.level for finding in bad(databases.published(damaged))] == ["WARN"]


def test_a_home_that_another_process_holds(damaged: Settings) -> None:
    with held(damaged) as pid:
        (finding,) = bad(runs.run_lock_state(damaged))
        assert finding.level == "WARN" and f"process {pid}" in finding.detail and "pat run" in finding.detail
    assert bad(runs.run_lock_state(damaged)) == []


def test_a_run_that_was_killed(damaged: Settings) -> None:
    subprocess.run([sys.executable, "-c", KILLED_RUN, str(damaged.dagster_home)], check=False)
    (finding,) = bad(runs.last_run(damaged))
    assert finding.level == "WARN"
    assert "half-finished" in finding.detail and "at rollout.summaries" in finding.detail
    with held(damaged):  # of another machine, perhaps: nobody can say that it is dead
        (finding,) = bad(runs.last_run(damaged))
    assert "started" in finding.detail and "half-finished" not in finding.detail


def test_what_a_killed_run_left_behind(damaged: Settings) -> None:
    (damaged.home / ".analytics.duckdb.draft").write_bytes(b"half")
    (damaged.policies_path / ".style-0001.abc").mkdir()
    (finding,) = bad(runs.leftovers(damaged))
    assert "2 half-written" in finding.detail
    assert run_lock.holder(damaged) is None


def revise(path: Path, revision: str) -> None:
    with sqlite3.connect(path) as con:
        con.execute("update alembic_version set version_num = ?", [revision])


@pytest.mark.parametrize("name", layout.DATABASES)
def test_a_dagster_home_of_a_newer_dagster(damaged: Settings, name: str) -> None:
    revise(damaged.dagster_home / name, "ffffffffffff")
    (finding,) = bad(home.layout(damaged))
    assert finding.level == "FAIL" and "newer Dagster" in finding.detail


def test_a_dagster_home_of_an_older_dagster(damaged: Settings) -> None:
    revise(damaged.dagster_home / "history" / "runs.db", "8f8dba68fd3b")
    (finding,) = bad(home.layout(damaged))
    assert finding.level == "WARN" and "older Dagster" in finding.detail


@pytest.mark.parametrize(
    ("content", "level"),
    [
        (None, "WARN"),
        ('{"layout": 3, "dagster": "1.13.27"}', "FAIL"),
        ('{"layout": 2, "dagster": "0.0.1"}', "WARN"),
        ("half", "FAIL"),
    ],
)
def test_a_home_of_another_layout(damaged: Settings, content: str | None, level: str) -> None:
    path = damaged.home / layout.NAME
    path.unlink()
    if content is not None:
        path.write_text(content, encoding="utf-8")
    (finding,) = bad(home.layout(damaged))
    assert finding.level == level


def test_a_damaged_database_of_dagster(damaged: Settings) -> None:
    for path in (damaged.dagster_home / "history").glob("runs.db*"):
        path.unlink()
    (damaged.dagster_home / "history" / "runs.db").write_bytes(b"no database" * 1000)
    (finding,) = bad(home.layout(damaged))
    assert finding.level == "FAIL" and "damaged" in finding.detail
    assert "FAIL" in {found.level for found in doctor.findings(damaged) if found.what == "last run"}
