"""One broken file stops nothing: the others are read, what was read from it before stays, and it is named."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from models.errors import InputError
from models.sources import SourceSpec, registry
from models.sources.ingest import Outcome
from pat_dagster import tables
from pat_dagster.assets.ingest import SOURCES, ingest_sources
from pat_dagster.resources.warehouse import SQL_ROOT
from pat_dagster.settings import Settings
from pat_dagster.sql_checks import judge, load_checks

LONG_AGO = 1_700_000_000


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        made.execute((SQL_ROOT / "macros.sql").read_text(encoding="utf-8"))
        yield made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "in").mkdir()
    (tmp_path / "settings.yaml").write_text("settle_seconds: 0\nreviews: [{folder: in, dataset: shop}]\n")
    return Settings(tmp_path)


def put(settings: Settings, name: str, *users: str) -> Path:
    path = settings.home / "in" / name
    rows = [{"user": user, "topic": "t", "text": f"by {user}", "rating": 5} for user in users]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def night(con: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, Outcome]:
    outcomes = ingest_sources(con, settings, is_night=True)
    return {Path(one.file.source_file).name: one for one in outcomes}


def users(con: duckdb.DuckDBPyConnection) -> list[str]:
    return sorted(name.removeprefix("shop:") for name in tables.read(con, "raw.reviews")["user_id"])


def states(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str | None]]:
    rows = tables.read(con, SOURCES).iter_rows(named=True)
    return {Path(row["source_file"]).name: (row["status"], row["problem"]) for row in rows}


def bad(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, int]:
    """Bad rows of every check of a table that finds any."""
    found = {check.name: judge(con, check).n_bad for check in load_checks() if check.table.name == table}
    return {name: n for name, n in found.items() if n}


def damage(path: Path) -> None:
    """A truncated gzip file, as a transfer that broke off leaves it."""
    path.write_bytes(gzip.compress(path.read_bytes() * 100)[:40])


def test_the_others_are_read_and_the_broken_one_is_named(
    con: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    damage(put(settings, "a.jsonl", "x"))
    put(settings, "b.jsonl", "u", "v")
    done = night(con, settings)
    assert {name: one.status for name, one in done.items()} == {"a.jsonl": "failed", "b.jsonl": "read"}
    assert users(con) == ["u", "v"]
    status, problem = states(con)["a.jsonl"]
    assert status == "refused"
    assert "gzip" in (problem or "")
    assert bad(con, SOURCES) == {"every_source_can_be_read": 1}


def test_a_file_that_breaks_keeps_the_reviews_it_had(
    con: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    path = put(settings, "a.jsonl", "u")
    put(settings, "b.jsonl", "v")
    night(con, settings)
    damage(path)
    assert "the 1 reviews it had stay" in str(night(con, settings)["a.jsonl"])
    assert users(con) == ["u", "v"]
    put(settings, "a.jsonl", "w")  # mended
    assert night(con, settings)["a.jsonl"].status == "read"
    assert users(con) == ["v", "w"]
    assert bad(con, SOURCES) == {}


def test_a_file_that_breaks_in_the_middle_leaves_no_half(
    con: duckdb.DuckDBPyConnection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.sources.files import SourceFile

    def changed(self: SourceFile) -> None:
        if self.name.endswith("a.jsonl"):
            raise InputError("the file changed while it was read", file=self.name)

    put(settings, "a.jsonl", "u")
    put(settings, "b.jsonl", "v")
    monkeypatch.setattr(SourceFile, "refuse_if_changed", changed)
    assert night(con, settings)["a.jsonl"].status == "failed"
    assert users(con) == ["v"]
    orders = tables.read(con, "raw.source_files").select("ingest_order").to_series().to_list()
    assert orders == [1]  # as if it had never been there


def test_the_order_of_files_is_that_of_their_names_whatever_was_broken(
    con: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    for name in ("c.jsonl", "a.jsonl", "b.jsonl"):
        put(settings, name, name)
    night(con, settings)
    rows = tables.read(con, "raw.source_files").sort("ingest_order")["source_file"].to_list()
    assert [Path(path).name for path in rows] == ["a.jsonl", "b.jsonl", "c.jsonl"]


def test_a_folder_that_is_gone_drops_nothing(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    put(settings, "a.jsonl", "u")
    night(con, settings)
    (settings.home / "in").rename(settings.home / "away")
    night(con, settings)
    assert users(con) == ["u"]
    assert states(con)["in"] == ("refused", "the landing folder is not there")
    assert states(con)["a.jsonl"][0] == "kept"


def test_a_file_that_is_taken_away_takes_its_reviews_with_it(
    con: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    path = put(settings, "a.jsonl", "u")
    put(settings, "b.jsonl", "v")
    night(con, settings)
    path.unlink()
    assert night(con, settings)["a.jsonl"].status == "removed"
    assert users(con) == ["v"]
    assert list(states(con)) == ["b.jsonl"]


def test_by_day_a_broken_registered_file_is_an_error_and_a_broken_landed_one_is_not(
    con: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    named = settings.home / "named.jsonl"
    put(settings, "a.jsonl", "u").rename(named)
    registry.add(settings.sources_path, [SourceSpec(str(named), "shop")])
    put(settings, "b.jsonl", "v")
    damage(put(settings, "c.jsonl", "w"))
    assert len(ingest_sources(con, settings)) == 3
    named.unlink()
    with pytest.raises(InputError, match="no such file"):
        ingest_sources(con, settings)
    assert night(con, settings)["named.jsonl"].status == "failed"
    assert users(con) == ["u", "v"]


def test_a_night_in_which_no_file_can_be_read_says_why(
    con: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    damage(put(settings, "a.jsonl", "u"))
    with pytest.raises(InputError, match="gzip"):
        night(con, settings)


def test_a_file_whose_rows_are_all_rejected_is_a_warning(
    con: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    put(settings, "a.jsonl", "u")
    wrong: dict[str, Any] = {"user": "u", "topic": "t", "text": "x", "rating": "five"}
    path = put(settings, "b.jsonl")
    path.write_text(json.dumps(wrong) + "\n")
    night(con, settings)
    assert bad(con, "raw.source_files") == {"some_row_of_every_file_is_usable": 1}
    assert tables.read(con, "raw.rejected_rows").height == 1
