"""`pat sql`: read-only questions to the published warehouse."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from models.errors import InputError, WorkError
from pat_dagster.commands.options import Home, settings_of
from pat_dagster.console import text_table
from pat_dagster.resources.warehouse import open_database

TABLES = (
    "select schema_name || '.' || table_name as table_name, estimated_size as rows, "
    "split_part(comment, ';', 1) as content "
    "from duckdb_tables() where not internal order by all"
)
SCREEN = 40  # rows; a terminal's worth


def sql(
    query: Annotated[
        str | None, typer.Argument(help="DuckDB SQL. Left out: the tables, their rows and what a row is.")
    ] = None,
    warehouse: Annotated[
        bool,
        typer.Option(
            "--warehouse", help="Ask the job's own file instead of the published copy; not while a job runs."
        ),
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, all rows, nothing cut.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per line, all rows, nothing cut.")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="Rows to print as a table; 0 for all.")
    ] = SCREEN,
    home: Home = None,
) -> None:
    """Ask the warehouse, read-only. The published copy can be read at any time, during a run too.

    Examples:

      pat sql

      pat sql "select arm, mean, ci_low, ci_high from mart.leaderboard where metric = 'rouge1'"

      pat sql "describe mart.leaderboard"

      pat sql "from mart.personalized_texts" --csv > texts.csv
    """
    if as_csv and as_json:
        raise InputError("--csv and --json together", remedy="choose one")
    settings = settings_of(home)
    path = settings.warehouse_path if warehouse else settings.analytics_path
    if not path.exists():
        raise WorkError("not there yet", step=str(path), remedy="`pat run` makes it; --home says where else")
    with open_database(path, read_only=True) as con:
        headers, rows = answer(con, query or TABLES, path)
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(headers)
        writer.writerows(rows)
    elif as_json:
        for row in rows:
            typer.echo(json.dumps(dict(zip(headers, row, strict=True)), default=str, ensure_ascii=False))
    else:
        shown = rows[:limit] if limit else rows
        typer.echo(text_table(headers, shown, cell=100 if query is None else 60))
        left = len(rows) - len(shown)
        typer.echo(f"... {left:,} more rows; --limit 0 prints all" if left else f"{len(rows):,} rows")


def answer(
    con: duckdb.DuckDBPyConnection, query: str, path: Path
) -> tuple[list[str], list[tuple[object, ...]]]:
    """Column names and all rows; a query that DuckDB refuses is an InputError with DuckDB's own words."""
    try:
        cursor = con.execute(query)
        return [column[0] for column in cursor.description or []], cursor.fetchall()
    except duckdb.Error as error:
        raise InputError(
            str(error), file=path.name, remedy="`pat sql` lists the tables, `describe TABLE` their columns"
        ) from error
