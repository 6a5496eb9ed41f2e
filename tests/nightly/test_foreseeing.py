"""What `pat nightly --dry-run` says, and that it does nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from models.sources import SourceSpec, read_source
from pat_dagster import tables
from pat_dagster.cli import app
from pat_dagster.foreseeing import Foreseen, foresee, look
from pat_dagster.nights import Standing
from pat_dagster.rows import frame
from pat_dagster.settings import Settings

DONE = Standing(iteration="0003")
REVIEW = {"user": "u", "topic": "t", "text": "good", "rating": 5}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "in").mkdir()
    (tmp_path / "asked").mkdir()
    (tmp_path / "settings.yaml").write_text(
        "reviews: [{folder: in, dataset: shop}]\nrequests: [{folder: asked, dataset: shop}]\n"
    )
    return Settings(tmp_path)


def put(settings: Settings, name: str, text: str | None = None) -> Path:
    path = settings.home / name
    path.write_text(json.dumps(REVIEW) + "\n" if text is None else text)
    return path


def was_read(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    reader = read_source(SourceSpec(str(path), "shop"))
    counts = dict.fromkeys(["rows_read", "rows_accepted", "rows_rejected", "rows_duplicate"], 1)
    row = {"dataset": "shop", "source_file": str(path), "format": reader.format, "read_as": reader.how}
    row |= {"sha256": reader.sha256, "ingest_order": 1, **counts}
    tables.write(con, "raw.source_files", frame("raw.source_files", [row]))


def test_new_changed_gone_and_broken_files(settings: Settings, con: duckdb.DuckDBPyConnection) -> None:
    old = put(settings, "in/old.jsonl")
    was_read(con, old)
    assert [(one.news, one.problem) for one in look(settings, con)] == [("unchanged", "")]
    put(settings, "in/broken.jsonl", "no review")
    put(settings, "in/new.jsonl")
    put(settings, "in/half.jsonl.part")
    put(settings, "asked/a.jsonl", json.dumps({"user": "u", "topic": "t", "task": "long", "input": "x"}))
    old.write_text(old.read_text() + json.dumps(REVIEW | {"user": "v"}) + "\n")
    found = {Path(one.file).name: one.news for one in look(settings, con)}
    assert found == {
        "broken.jsonl": "left out",
        "new.jsonl": "new",
        "half.jsonl.part": "left out",
        "old.jsonl": "changed",
        "a.jsonl": "new",
    }
    old.unlink()
    assert {Path(one.file).name: one.news for one in look(settings, con)}["old.jsonl"] == "gone"


def test_without_a_warehouse_everything_is_new(settings: Settings) -> None:
    put(settings, "in/a.jsonl")
    assert [one.news for one in look(settings, None)] == ["new"]


def test_a_folder_that_is_not_there_is_said(settings: Settings) -> None:
    (settings.home / "asked").rmdir()
    assert [one.problem for one in look(settings, None)] == ["the landing folder is not there"]


def test_a_night_with_nothing_new_says_so() -> None:
    lines = foresee([Foreseen("reviews", "/in/a.csv", "unchanged")], DONE)
    assert lines == [
        "files of reviews: 1 unchanged",
        "then nothing: no table would change, and readers keep the file they have",
    ]


def test_what_is_left_out_is_said_with_its_reason() -> None:
    lines = foresee([Foreseen("reviews", "/in/a.csv", "left out", "not a table")], DONE)
    assert "  left out: /in/a.csv (not a table)" in lines
    assert lines[-1].startswith("then nothing")


def test_new_reviews_may_lead_to_an_iteration_and_new_requests_to_answers() -> None:
    files = [Foreseen("reviews", "/in/a.csv", "new"), Foreseen("requests", "/asked/a.csv", "new")]
    lines = foresee(files, DONE)
    assert lines[:2] == ["files of reviews: 1 new", "files of requests: 1 new"]
    assert "next iteration" in lines[-2]
    assert "answer to each new request" in lines[-1]


def test_what_was_cut_off_is_ended_first() -> None:
    lines = foresee([], Standing(iteration="0003", results=("mart.verdicts",)))
    assert lines == ["then results 0003: its results are not finished: mart.verdicts"]


def test_a_dry_run_writes_nothing(settings: Settings) -> None:
    put(settings, "in/a.jsonl")
    before = sorted(settings.home.rglob("*"))
    done = CliRunner().invoke(app, ["nightly", "--dry-run", "--home", str(settings.home)])
    assert done.exit_code == 0
    assert "files of reviews: 1 new" in done.output
    assert sorted(settings.home.rglob("*")) == before


def test_a_night_without_anything_to_read_is_refused_before_a_home_is_made(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["nightly", "--home", str(tmp_path / "home")])
    assert done.exit_code == 2
    assert "no source and no landing folder" in done.output
    assert not (tmp_path / "home").exists()
