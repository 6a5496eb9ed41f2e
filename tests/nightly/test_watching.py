"""Is it fresh, and is it usual."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import polars as pl
import pytest

from pat_dagster import tables
from pat_dagster.assets import watched
from pat_dagster.assets.watched import counts, last_ended
from pat_dagster.jobs import FRESH
from pat_dagster.resources.warehouse import Warehouse
from pat_dagster.table_assets import asset_key
from pat_dagster.watching import anomaly, lateness

NOW = datetime(2026, 7, 2, 4, 0)


def test_fresh_until_the_hours_are_over() -> None:
    assert lateness(NOW - timedelta(hours=26), NOW, 26) is None
    assert lateness(NOW - timedelta(hours=26, minutes=1), NOW, 26) is not None
    assert lateness(None, NOW, 26) == "no night has ended here yet"


def test_lateness_says_since_when() -> None:
    assert lateness(datetime(2026, 6, 30, 3, 0), NOW, 26) == (
        "the last night ended 49 hours ago, at 2026-06-30 03:00 UTC; 26 hours are allowed"
    )


@pytest.mark.parametrize(
    ("before", "now", "is_usual"),
    [
        (None, 5, True),
        (100, 150, True),
        (100, 151, False),
        (100, 50, True),
        (100, 49, False),
        (0, 0, True),
        (0, 1, False),
        (5, 0, False),
    ],
)
def test_what_is_usual(before: int | None, now: int, is_usual: bool) -> None:
    assert (anomaly(before, now, 0.5) is None) == is_usual


def test_an_anomaly_says_its_numbers() -> None:
    assert anomaly(2_000, 500, 0.5) == "500 rows after 2,000: -75%, and up to 50% is usual"


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        yield made


def written(con: duckdb.DuckDBPyConnection, *rows: tuple[str, int]) -> None:
    for minute, (run_id, count) in enumerate(rows):
        row = {
            "table_name": "staging.reviews",
            "run_id": run_id,
            "code_version": "",
            "rows": count,
            "content_sha256": "",
            "upstream_versions": "{}",
            "started_at": NOW + timedelta(minutes=minute),
            "seconds": 0.0,
        }
        nothing = dict.fromkeys(["iteration", "recipe_sha256", "recipe_parts", "config", "inputs_sha256"])
        frame = pl.DataFrame([row | nothing], schema_overrides=dict.fromkeys(nothing, pl.String))
        tables.append(con, "ops.materializations", frame)


def test_rows_are_compared_with_the_run_before(con: duckdb.DuckDBPyConnection) -> None:
    written(con, ("a", 100), ("b", 10))
    assert counts(con, "staging.reviews", "b") == (100, 10)


def test_a_table_written_twice_in_a_run_is_compared_with_the_run_before(
    con: duckdb.DuckDBPyConnection,
) -> None:
    written(con, ("a", 100), ("b", 0), ("b", 10))
    assert counts(con, "staging.reviews", "b") == (100, 10)


def test_what_a_run_left_alone_is_no_anomaly_of_that_run(con: duckdb.DuckDBPyConnection) -> None:
    written(con, ("a", 100), ("b", 10))
    assert counts(con, "staging.reviews", "c") == (10, 10)


def test_a_first_run_has_nothing_to_compare_with(con: duckdb.DuckDBPyConnection) -> None:
    written(con, ("a", 100))
    assert counts(con, "staging.reviews", "a") == (None, 100)


def look(con: duckdb.DuckDBPyConnection, at: datetime, next_job: str | None) -> None:
    row = {"looked_at": at, "run_id": "r", "night": "n", "job": "refresh", "reason": ""}
    nothing = {"next_job": next_job, "next_iteration": None}
    frame = pl.DataFrame([row | nothing], schema_overrides=dict.fromkeys(nothing, pl.String))
    tables.append(con, watched.NIGHTS, frame)


def test_a_night_has_ended_when_nothing_was_left_to_do(con: duckdb.DuckDBPyConnection) -> None:
    assert last_ended(con) is None
    look(con, NOW, None)
    look(con, NOW + timedelta(hours=24), "rollout")  # and this one never got further
    assert last_ended(con) == NOW


def materialize_with(home: Path, check: dg.AssetChecksDefinition, key: dg.AssetKey) -> Any:
    @dg.asset(key=key)
    def made() -> None: ...

    resources = {"warehouse": Warehouse(home=str(home))}
    return dg.materialize([made, check], resources=resources).get_asset_check_evaluations()[0]


def results(home: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        found = con.table("ops.check_results").select(
            "table_name", "check_name", "severity", "passed", "bad_rows"
        )
        return found.fetchall()


def test_a_home_without_a_night_is_not_fresh_and_says_so_in_its_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(watched, "tell", lambda alert, log: told.append(alert.text))
    evaluation = materialize_with(tmp_path, watched.fresh, FRESH.asset_key)
    assert not evaluation.passed
    assert evaluation.severity is dg.AssetCheckSeverity.ERROR
    assert results(tmp_path) == [("published", FRESH.name, "error", False, 1)]
    assert len(told) == 1


def test_an_unusual_number_of_rows_is_a_warning_and_a_row(tmp_path: Path) -> None:
    with Warehouse(home=str(tmp_path)).connect() as con:
        written(con, ("a", 100), ("b", 10))
    patch = pytest.MonkeyPatch()
    patch.setattr(watched, "counts", lambda con, table, run_id: (100, 10))
    evaluation = materialize_with(
        tmp_path, watched.row_count_check("staging.reviews"), asset_key("staging.reviews")
    )
    patch.undo()
    assert not evaluation.passed
    assert evaluation.severity is dg.AssetCheckSeverity.WARN
    assert "-90%" in (evaluation.description or "")
    assert results(tmp_path) == [("staging.reviews", watched.USUAL, "warn", False, 90)]
