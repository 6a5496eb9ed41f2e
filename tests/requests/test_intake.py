"""Requests into the raw tables: what was read stays, every row counts, a bad file harms no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from models.errors import InputError
from models.recipes import load_recipe
from models.sources.records import Candidate
from pat_dagster import tables
from pat_dagster.operations import Operations, RequestFolder
from pat_dagster.request_intake import FILES, REJECTED, REQUESTS, TYPED, asked_in, take_landed, take_typed
from pat_dagster.resources.warehouse import prepare
from pat_dagster.sql_checks import load_checks

GOOD = {"user": "u1", "topic": "t1", "task": "long", "input": "A quiet place"}
CHECKS = ("raw.request_files", "raw.requests")


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        prepare(connection, load_recipe("mini"))
        yield connection


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "inbox"
    place.mkdir()
    return place


def settings(*folders: Path, **options: Any) -> Operations:
    return Operations(
        requests=tuple(RequestFolder(folder=one, dataset="d", **options) for one in folders),
        settle_seconds=0,
    )


def drop(folder: Path, name: str, *rows: dict[str, Any] | str) -> Path:
    path = folder / name
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def asked(con: duckdb.DuckDBPyConnection) -> list[str]:
    return sorted(tables.read(con, REQUESTS)["user_id"].to_list())


def broken_rules(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Bad rows of every check of the raw tables of requests that finds some."""
    found = {
        f"{check.table.name} {check.path.stem}": len(con.execute(check.sql).fetchall())
        for check in load_checks()
        if check.table.name in CHECKS
    }
    assert len(found) == 2
    return {name: rows for name, rows in found.items() if rows}


def test_new_files_are_read_once(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    drop(folder, "a.jsonl", GOOD, GOOD, GOOD | {"user": ""})
    drop(folder, ".hidden.jsonl", GOOD | {"user": "u9"})
    first = take_landed(con, settings(folder))
    assert [(one.status, one.read, one.accepted, one.rejected, one.duplicate) for one in first] == [
        ("read", 3, 1, 1, 1)
    ]
    again = take_landed(con, settings(folder))
    assert [one.status for one in again] == ["unchanged"]
    assert asked(con) == ["d:u1"] and tables.read(con, FILES).height == 1
    assert tables.read(con, REJECTED)["reason"].to_list() == ["user is empty"]
    assert not broken_rules(con)


def test_what_was_asked_in_another_file_is_a_duplicate(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    drop(folder, "a.jsonl", GOOD)
    drop(folder, "b.csv", "user,topic,input", "u1,t1,A quiet place", "u2,t1,A quiet place")
    counts = [(one.accepted, one.duplicate) for one in take_landed(con, settings(folder))]
    assert counts == [(1, 0), (1, 1)] and asked(con) == ["d:u1", "d:u2"]
    assert not broken_rules(con)


def test_a_file_that_grows_is_overwritten_or_leaves_takes_nothing_back(
    con: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    drop(folder, "a.jsonl", GOOD, GOOD | {"user": ""})
    take_landed(con, settings(folder))
    drop(folder, "a.jsonl", GOOD, GOOD | {"user": ""}, GOOD | {"user": "u2"})
    grown = take_landed(con, settings(folder))[0]
    assert (grown.accepted, grown.rejected, grown.duplicate) == (1, 1, 1)
    assert tables.read(con, REJECTED).height == 1, "rejected rows are those of the newest version"
    drop(folder, "a.jsonl", GOOD | {"user": "u3"})
    take_landed(con, settings(folder))
    (folder / "a.jsonl").unlink()
    assert take_landed(con, settings(folder)) == []
    assert asked(con) == ["d:u1", "d:u2", "d:u3"] and not broken_rules(con)


def test_a_file_that_cannot_be_read_is_rejected_and_read_when_it_is_mended(
    con: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    drop(folder, "a.csv", 'user,topic,input\nu1,t1,"never closed')
    drop(folder, "b.jsonl", GOOD)
    for _ in range(2):  # the second time says the same and writes nothing
        done = take_landed(con, settings(folder))
        assert done[0].status == "unreadable"
        assert asked(con) == ["d:u1"] and not broken_rules(con)
    rejected = tables.read(con, REJECTED).to_dicts()
    assert [row["source_row"] for row in rejected] == [0] and "never closed" in rejected[0]["reason"]
    assert tables.read(con, FILES).height == 2
    drop(folder, "a.csv", "user,topic,input", "u2,t1,A quiet place")
    take_landed(con, settings(folder))
    assert asked(con) == ["d:u1", "d:u2"] and tables.read(con, REJECTED).is_empty()
    assert not broken_rules(con)


def test_a_folder_that_is_not_there_keeps_no_other_from_its_answers(
    con: duckdb.DuckDBPyConnection, folder: Path, tmp_path: Path
) -> None:
    drop(folder, "a.jsonl", GOOD)
    take_landed(con, settings(tmp_path / "gone", folder))
    assert asked(con) == ["d:u1"]
    assert "landing folder is not there" in tables.read(con, REJECTED)["reason"][0]


def test_a_file_that_is_being_written_waits(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    drop(folder, "a.jsonl.part", GOOD)
    done = take_landed(con, settings(folder))
    assert [one.status for one in done] == ["waiting"] and "waits" in str(done[0])
    assert not tables.column_types(con, REQUESTS), "nothing was read"


def test_only_files_of_the_pattern_are_read(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    drop(folder, "a.jsonl", GOOD)
    drop(folder, "readme.txt", "what this folder is for")
    assert len(take_landed(con, settings(folder, pattern="*.jsonl"))) == 1


def test_a_typed_request_is_the_same_as_one_from_a_file(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    typed = Candidate(1, GOOD, user="u1", topic="t1", text="A quiet place")
    request_id = take_typed(con, "d", typed)
    assert take_typed(con, "d", typed) == request_id
    path = drop(folder, "a.jsonl", GOOD | {"user": "u2"}, GOOD)
    assert take_landed(con, settings(folder))[0].duplicate == 1
    assert asked_in("d", path)[1] == request_id
    sources = tables.read(con, REQUESTS).select("user_id", "source_file").rows()
    assert dict(sources)["d:u1"] == TYPED and not broken_rules(con)
    with pytest.raises(InputError, match="input is empty"):
        take_typed(con, "d", typed._replace(text=" "))


def test_two_datasets_may_ask_for_the_same(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    drop(folder, "a.jsonl", GOOD)
    both = settings(folder)
    other = both.requests[0].model_copy(update={"dataset": "e"})
    take_landed(con, both.model_copy(update={"requests": (*both.requests, other)}))
    assert asked(con) == ["d:u1", "e:u1"]


def test_a_failure_halfway_leaves_nothing_of_the_file(
    con: duckdb.DuckDBPyConnection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(folder, "a.jsonl", GOOD)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("pat_dagster.request_intake.frame", full)
        with pytest.raises(OSError, match="No space left"):
            take_landed(con, settings(folder))
    take_landed(con, settings(folder))
    assert asked(con) == ["d:u1"] and not broken_rules(con)


def test_the_accounting_check_finds_a_lost_row(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    drop(folder, "a.jsonl", GOOD, GOOD | {"user": ""})
    take_landed(con, settings(folder))
    kept = tables.read(con, REJECTED)
    tables.write(con, REJECTED, kept.clear())
    assert "raw.request_files every_row_is_accepted_rejected_or_a_duplicate" in broken_rules(con)
    tables.write(con, REJECTED, kept)
    con.execute("delete from raw.requests")
    assert "raw.request_files every_row_is_accepted_rejected_or_a_duplicate" in broken_rules(con)
