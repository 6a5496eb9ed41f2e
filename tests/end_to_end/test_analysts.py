"""What an analyst finds after a run: worked queries that answer, a glossary, a history, files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from pat_dagster.html_report.queries import load_query
from pat_dagster.publish import publish
from pat_dagster.settings import SQL_ROOT
from tests import homes

EXAMPLES = sorted((SQL_ROOT / "examples").glob("*.sql"))
MARTS = {"arms", "costs", "datasets", "explain", "glossary", "iterations", "leaderboard", "metrics"}
MARTS |= {"personalized_texts", "policy_lineage", "rewards_by_iteration", "verdict_tests", "verdicts"}


def ask(home: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


def test_there_are_five_worked_queries() -> None:
    assert len(EXAMPLES) == 5


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_worked_query_reads_marts_alone_and_answers(finished_home: Path, path: Path) -> None:
    query = load_query(path)
    assert {table.partition(".")[0] for table in query.tables} == {"mart"}
    with duckdb.connect(str(finished_home / "analytics.duckdb"), read_only=True) as con:
        found = con.execute(query.sql)
        assert [column[0] for column in found.description or []] == list(query.columns)
        rows = found.fetchall()
    assert rows or path.stem == "3_lost_to_a_copy"  # it may be that nothing is lost
    asked = homes.pat(finished_home, "sql", "--file", str(path), "--csv", "--raw")
    assert (asked.returncode, asked.stderr) == (0, "")
    assert len(asked.stdout.splitlines()) > len(rows)


def test_every_mart_is_published_and_explained(finished_home: Path) -> None:
    there = {
        name
        for (name,) in ask(finished_home, "select table_name from duckdb_tables() where schema_name = 'mart'")
    }
    assert there == MARTS
    silent = "select table_name, column_name from duckdb_columns() where not internal"
    assert ask(finished_home, f"{silent} and coalesce(comment, '') = ''") == []
    known = "select count(*) from duckdb_columns() where not internal"
    assert ask(finished_home, "select count(*) from mart.glossary where kind = 'column'") == ask(
        finished_home, known
    )


def test_the_run_is_in_the_history(finished_home: Path) -> None:
    (line,) = homes.pat(finished_home, "history", "--json").stdout.splitlines()
    iteration = json.loads(line)
    assert (iteration["iteration"], iteration["recipe"]) == ("0000", "small")
    assert set(iteration["agents"]) == {"style", "topic"}
    assert len(iteration["data_version"]) == 64
    assert {score["task"] for score in iteration["scores"]} == {"long", "short", "rating"}
    told = homes.pat(finished_home, "history").stdout
    assert "recipe small" in told
    assert "in use now: style style-0000, topic topic-0000" in told


def test_the_iteration_can_be_read_and_exported_as_it_was(finished_home: Path, tmp_path: Path) -> None:
    query = "select sum(n) as n from mart.leaderboard"
    now, then = (homes.pat(finished_home, "sql", query, "--csv", *at).stdout for at in ([], ["--at", "0000"]))
    assert now == then
    home = homes.copy(finished_home, tmp_path / "home")
    assert homes.pat(home, "export").returncode == 0
    assert {path.name for path in (home / "export").iterdir()} == {
        f"mart.{name}.parquet" for name in MARTS
    } | {"tables.json"}


def test_publishing_again_changes_nothing(finished_home: Path, tmp_path: Path) -> None:
    for name in ("warehouse.duckdb", "analytics.duckdb"):
        shutil.copyfile(finished_home / name, tmp_path / name)
    before = (tmp_path / "analytics.duckdb").read_bytes()
    assert not publish(tmp_path / "warehouse.duckdb", tmp_path / "analytics.duckdb").changed
    assert (tmp_path / "analytics.duckdb").read_bytes() == before
