"""sql/report: files that are no tables, and that anybody can run."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from models.errors import WorkError
from pat_dagster.html_report.queries import ReportQuery, ask, load_queries, load_query
from pat_dagster.lineage import plan
from pat_dagster.publish import published_files
from pat_dagster.sql_files import SqlFileError, load_files, parse_query

QUERIES = list(load_queries().values())
NOT_MADE_YET = {"mart.metrics", "evaluation.judge_quality"} - set(plan().types)


def test_queries_of_the_report_are_no_tables() -> None:
    assert QUERIES
    assert not [name for name in load_files() if name.startswith("report.")]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_query_runs_without_macros_and_variables_on_what_readers_get(
    con: duckdb.DuckDBPyConnection, query: ReportQuery
) -> None:
    assert query.tables <= set(plan().types) | NOT_MADE_YET
    assert {table.split(".")[0] for table in query.tables} <= {file.schema for file in published_files()}
    assert "getvariable" not in query.sql
    answer = ask(con, query)  # which compares the columns with the front matter
    assert answer.absent is None or query.tables & NOT_MADE_YET
    assert parse_query(query.path, query.sql).args.get("order"), "rows without an order differ between runs"


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_query_says_what_it_shows(query: ReportQuery) -> None:
    assert query.title and query.why.endswith(".")
    assert all(query.columns.values())


def test_an_older_layout_names_the_file_and_the_remedy(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("alter table mart.leaderboard drop column flagged_users")
    with pytest.raises(WorkError, match=r"sql/report/leaderboard\.sql.*another layout") as raised:
        ask(con, load_queries()["leaderboard"])
    assert "pat evaluate" in str(raised.value)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("title: t\nwhy: w.", "lacks"),
        ("title: t\nwhy: w.\ncolumns: [a]", "columns must"),
        ("tilte: t", "unknown"),
    ],
)
def test_a_file_with_a_broken_header_is_named(tmp_path: Path, header: str, message: str) -> None:
    path = tmp_path / "q.sql"
    path.write_text(f"/*\n{header}\n*/\nselect 1 as a\n", encoding="utf-8")
    with pytest.raises(SqlFileError, match=message):
        load_query(path)


def test_columns_that_are_not_described_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "q.sql"
    path.write_text("/*\ntitle: t\nwhy: w.\ncolumns:\n  a: it\n*/\nselect 1 as b\n", encoding="utf-8")
    with duckdb.connect() as con, pytest.raises(SqlFileError, match=r"returns \['b'\]"):
        ask(con, load_query(path))
