"""The rules of the leaderboard and the verdicts: rows as computed keep them, spoiled rows are returned."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import duckdb
import polars as pl
import pytest

from models.evaluation.leaderboard import leaderboard
from models.evaluation.verdicts import Rules, corrected, rows_of_tests, verdict_rows
from pat_dagster import tables
from pat_dagster.rows import frame
from pat_dagster.sql_checks import judge, load_checks
from tests.learning.test_verdicts import PLANTED, examples, written

TABLES = ("mart.leaderboard", "mart.verdict_tests", "mart.verdicts")
CHECKS = {f"{check.table.name}: {check.name}": check for check in load_checks() if check.table.name in TABLES}
RULES = Rules("0000", None, samples=200, confidence=0.95, smallest_effect=0.01, seed=1)


@cache
def marts() -> dict[str, pl.DataFrame]:
    """The rows of the three tables, where everything is as claimed but that evidence helps."""
    scores, known = written({**PLANTED, "none": 0.7}), examples()
    tests = corrected(rows_of_tests(scores, known, RULES))
    return {
        "mart.leaderboard": leaderboard(
            scores.drop("iteration"), known, samples=200, confidence=0.95, seed=1
        ),
        "mart.verdict_tests": frame("mart.verdict_tests", tests),
        "mart.verdicts": frame("mart.verdicts", verdict_rows(tests, RULES)),
    }


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    for table, rows in marts().items():
        tables.write(connection, table, rows, {"iteration": "0000"})
    connection.execute("set variable iteration = '0000'; set variable confidence = 0.95")
    yield connection
    connection.close()


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_rows_as_computed_keep_every_rule(con: duckdb.DuckDBPyConnection, name: str) -> None:
    assert judge(con, CHECKS[name]).n_bad == 0


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("update mart.leaderboard set mean = 'nan' where arm = 'pat'", "every_mean"),
        ("update mart.leaderboard set ci_low = null where arm = 'pat'", "every_mean"),
        ("update mart.leaderboard set ci_high = mean - 1 where arm = 'pat'", "every_mean"),
        ("update mart.leaderboard set note = null where n = 0", "every_mean"),
        ("update mart.leaderboard set p_value = null where arm = 'pat'", "every_mean"),
        ("update mart.leaderboard set p_holm = p_value / 2 where p_value is not null", "every_mean"),
        ("insert into mart.leaderboard from mart.leaderboard where arm = 'pat'", "leaderboard: rows_are"),
        ("delete from mart.leaderboard where history_bucket = 'all' and arm = 'pat'", "every_arm_has_a_row"),
        ("update mart.verdict_tests set diff = 'nan' where test = 1", "an_empty_cell"),
        ("update mart.verdict_tests set n = 0 where test = 1", "an_empty_cell"),
        ("insert into mart.verdicts from mart.verdicts", "verdicts: rows_are"),
        ("update mart.verdicts set verdict = 'supported'", "every_support"),
        ("update mart.verdicts set verdict = 'refuted'", "every_support"),
        ("update mart.verdicts set verdict = 'likely'", "every_support"),
        ("update mart.verdict_tests set p_holm = 0.06", "every_support"),
        ("delete from mart.verdict_tests where test = 2", "every_support"),
    ],
)
def test_spoiled_rows_are_returned(con: duckdb.DuckDBPyConnection, change: str, broken: str) -> None:
    con.execute(change)
    found = {name for name, check in CHECKS.items() if judge(con, check).n_bad}
    assert any(broken in name for name in found), found
