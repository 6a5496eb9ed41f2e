"""sql/report: one query per table or chart of the report, and what it returns.

These files are no tables: they lie outside the numbered stages, take no parameter and use no macro, so that
the text printed in the report can be run as it stands on analytics.duckdb.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import exp

from models.errors import WorkError
from pat_dagster.settings import SQL_ROOT
from pat_dagster.sql_files import SqlFileError, parse_query, split_front_matter

REPORT_ROOT = SQL_ROOT / "report"
KEYS = {"title", "why", "columns", "asset"}


@dataclass(frozen=True)
class Row:
    """One row of an answer, which knows its address: query and place."""

    query: str
    place: int  # 0 first
    values: Mapping[str, Any]

    def __getitem__(self, column: str) -> Any:
        return self.values[column]

    def at(self, column: str) -> str:
        """Address of one value, `query:place:column`; stands beside the value in the page."""
        if column not in self.values:
            raise KeyError(f"{self.query} has no column {column}; it has {list(self.values)}")
        return f"{self.query}:{self.place}:{column}"


@dataclass(frozen=True)
class ReportQuery:
    """One file of sql/report."""

    path: Path
    title: str
    why: str
    asset: str | None  # table whose materializations carry the chart in Dagster's UI
    columns: Mapping[str, str] = field(hash=False)
    sql: str

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self.path.stem

    @property
    def file(self) -> str:
        """Where the query lies in the repository."""
        return f"sql/report/{self.path.name}"

    @property
    def tables(self) -> frozenset[str]:
        """`schema.table` of everything it reads."""
        tree = parse_query(self.path, self.sql)
        return frozenset(f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db)


@dataclass(frozen=True)
class Answer:
    """What a query returned, or why it could not be asked."""

    query: ReportQuery
    rows: tuple[Row, ...]
    absent: str | None = None  # in words, null where it was asked


def load_query(path: Path) -> ReportQuery:
    """Read one file; SqlFileError names what its front matter lacks."""
    header, sql = split_front_matter(path, KEYS)
    if missing := {"title", "why", "columns"} - set(header):
        raise SqlFileError(f"{path}: the front matter lacks {sorted(missing)}")
    columns = header["columns"]
    if not isinstance(columns, dict):
        raise SqlFileError(f"{path}: columns must map every column to one comment")
    asset = header.get("asset")
    return ReportQuery(
        path=path,
        title=str(header["title"]).strip(),
        why=str(header["why"]).strip(),
        asset=None if asset is None else str(asset),
        columns={str(name): str(text).strip() for name, text in columns.items()},
        sql=sql,
    )


@cache
def load_queries() -> dict[str, ReportQuery]:
    """All queries of the report by name."""
    return {path.stem: load_query(path) for path in sorted(REPORT_ROOT.glob("*.sql"))}


def ask(con: duckdb.DuckDBPyConnection, query: ReportQuery) -> Answer:
    """Run one query; a table that was never made is said, an older layout is a WorkError."""
    there = {
        f"{schema}.{name}"
        for schema, name in con.execute("select schema_name, table_name from duckdb_tables()").fetchall()
    }
    if missing := sorted(query.tables - there):
        return Answer(query, (), f"Nothing to show: {' and '.join(missing)} not in this warehouse.")
    try:
        cursor = con.execute(query.sql)
        names = [column[0] for column in cursor.description or []]
        found = cursor.fetchall()
    except duckdb.Error as error:
        raise WorkError(
            f"the warehouse has another layout than the report expects: {error}",
            step=query.file,
            remedy="`pat evaluate` or `pat run` renews its tables",
        ) from error
    if names != list(query.columns):
        raise SqlFileError(f"{query.path}: returns {names}, its front matter says {list(query.columns)}")
    rows = tuple(
        Row(query.name, place, dict(zip(names, values, strict=True))) for place, values in enumerate(found)
    )
    return Answer(query, rows)


def ask_all(con: duckdb.DuckDBPyConnection) -> dict[str, Answer]:
    """Every query of the report, by name."""
    return {name: ask(con, query) for name, query in load_queries().items()}
