"""Parquet files of the marts: whole, repeatable, and never over somebody else's folder."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from models.errors import InputError
from pat_dagster import export as exporting
from pat_dagster.cli import app
from pat_dagster.export import export
from pat_dagster.publish import publish
from pat_dagster.sql_files import table_file
from tests.house.test_history import insert

run = CliRunner(env={"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"})
FILES = ["mart.arms.parquet", "mart.costs.parquet", "mart.glossary.parquet", "tables.json"]


def fill(home: Path, *arms: str) -> None:
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        for place, arm in enumerate(arms, start=1):
            insert(con, "mart.arms", arm=arm, place=place, family="floor", description="d")
        insert(con, "mart.costs", iteration="0000", stage="drafts", writer="generator", n_calls=len(arms))
    publish(home / "warehouse.duckdb", home / "analytics.duckdb")


def pat(home: Path, *arguments: str) -> tuple[int, str]:
    result = run.invoke(app, ["export", "--home", str(home), *arguments])
    return result.exit_code, result.output


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    fill(tmp_path / "home", "pat", "none")
    return tmp_path / "home"


def test_every_mart_is_a_file_with_its_meaning(home: Path) -> None:
    code, said = pat(home)
    assert code == 0
    assert "3 tables written" in said
    folder = home / "export"
    assert sorted(contents(folder)) == FILES
    assert pl.read_parquet(folder / "mart.arms.parquet")["arm"].to_list() == ["none", "pat"]
    schema = pq.read_schema(folder / "mart.arms.parquet")
    meaning = table_file("mart.arms").columns["arm"]
    assert schema.field("arm").metadata[b"description"].decode() == meaning
    assert schema.metadata[b"description"].startswith(b"one row per arm;")
    listed = json.loads((folder / "tables.json").read_text(encoding="utf-8"))
    assert (listed["mart.arms"]["rows"], listed["mart.arms"]["columns"]["arm"]) == (2, meaning)


def test_equal_tables_are_equal_bytes_wherever_they_are_written(home: Path, tmp_path: Path) -> None:
    pat(home)
    assert "unchanged" in pat(home)[1]
    pat(home, "--to", str(tmp_path / "elsewhere"))
    assert contents(home / "export") == contents(tmp_path / "elsewhere")
    assert (home / "exports.yaml").read_text(encoding="utf-8") == f"- {tmp_path / 'elsewhere'}\n"


def test_a_new_export_takes_the_place_of_the_old_one(home: Path) -> None:
    pat(home)
    before = (home / "export").resolve()
    fill(home, "oracle_review")
    assert "written" in pat(home)[1]
    assert not before.exists()
    assert pl.read_parquet(home / "export" / "mart.arms.parquet").height == 3
    assert [path.name for path in home.glob(".export-*")] == [(home / "export").resolve().name]


def test_an_export_that_fails_leaves_the_old_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pat(home)
    before = contents(home / "export")
    fill(home, "oracle_review")
    written = exporting._write_table

    def stop(con: duckdb.DuckDBPyConnection, table: str, path: Path, described: dict[str, str]) -> None:
        written(con, table, path, described)
        if table == "mart.costs":
            raise OSError("no space left on device")

    monkeypatch.setattr(exporting, "_write_table", stop)
    assert pat(home)[0] == 1
    assert contents(home / "export") == before
    monkeypatch.undo()
    assert pat(home)[0] == 0
    assert sorted(contents(home / "export")) == FILES
    assert list(home.glob("*.draft")) + list(home.glob(".*.draft")) == []


def test_chosen_tables_alone(home: Path) -> None:
    assert "1 tables written" in pat(home, "--tables", "mart.ar*")[1]
    assert sorted(contents(home / "export")) == ["mart.arms.parquet", "tables.json"]
    code, said = pat(home, "--tables", "mart.arms,raw.reviews")
    assert (code, "no published table is called raw.reviews" in said) == (2, True)


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_somebody_else_made_is_not_replaced(home: Path, tmp_path: Path, kind: str) -> None:
    target = tmp_path / "mine"
    precious = tmp_path / ".mine-0123456789ab"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years", encoding="utf-8")
    if kind == "file":
        target.write_text("mine", encoding="utf-8")
    elif kind == "folder":
        target.mkdir()
        (target / "thesis.txt").write_text("years", encoding="utf-8")
    else:
        target.symlink_to(precious)
    code, said = pat(home, "--to", str(target))
    assert code == 2, said
    assert (precious / "thesis.txt").read_text(encoding="utf-8") == "years"
    assert target.is_file() or (target / "thesis.txt").exists()


def test_an_empty_folder_may_be_used(home: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    assert pat(home, "--to", str(tmp_path / "new"))[0] == 0
    assert sorted(contents(tmp_path / "new")) == FILES


def test_a_snapshot_can_be_exported(home: Path, tmp_path: Path) -> None:
    fill(home, "oracle_review")
    stamp = next((home / "snapshots").glob("analytics-*")).stem.removeprefix("analytics-")
    assert pat(home, "--at", stamp, "--to", str(tmp_path / "then"))[0] == 0
    assert pl.read_parquet(tmp_path / "then" / "mart.arms.parquet").height == 2


def test_no_pattern_is_no_table(home: Path) -> None:
    with (
        duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as con,
        pytest.raises(InputError, match="no published table"),
    ):
        export(con, home / "export", [""])
