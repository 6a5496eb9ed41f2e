"""`pat sql`: read-only questions to the published warehouse."""

from __future__ import annotations

import itertools
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from models.errors import InputError, WorkError
from models.printable import json_line
from pat_dagster import csv_text, snapshots
from pat_dagster.commands.options import Home, settings_of
from pat_dagster.console import CELL, on_screen, say, text_table
from pat_dagster.resources.warehouse import open_database
from pat_dagster.settings import Settings
from pat_dagster.vertical import vertical

TABLES = (
    "select schema_name || '.' || table_name as table_name, estimated_size as rows, "
    "split_part(comment, ';', 1) as content "
    "from duckdb_tables() where not internal order by schema_name = 'mart' desc, 1"
)
SCREEN = 40  # rows; a terminal's worth
LISTED = 100  # characters of a table's grain
PIPE = (120, 24)  # characters and lines of what is no terminal
NEXT = "\nwhat they and their columns mean:  pat sql --wide \"from mart.glossary where term like 'mart.%'\""


def sql(
    query: Annotated[
        str | None, typer.Argument(help="DuckDB SQL. Left out: the tables, their rows and what a row is.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="FILE", help="A file with one query, instead of QUERY."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="WHEN",
            help="As of an iteration (0003), or as published at a time UTC (2026-11-21, 2026-11-21T02:30).",
            show_default="the newest",
        ),
    ] = None,
    warehouse: Annotated[
        bool,
        typer.Option(
            "--warehouse", help="Ask the job's own file instead of the published copy; not while a job runs."
        ),
    ] = False,
    wide: Annotated[
        bool, typer.Option("--wide", help="One line per column and texts whole, instead of a table.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, all rows, nothing cut.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per line, all rows, nothing cut.")
    ] = False,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw",
            help="With --csv: texts that a spreadsheet would run as a formula get no apostrophe in front.",
        ),
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

      pat sql "select statement, verdict, reason from mart.verdicts where task = 'long'" --wide

      pat sql "from mart.iterations" --at 0003

      pat sql "from mart.personalized_texts" --csv > texts.csv
    """
    chosen = [name for name, given in (("--csv", as_csv), ("--json", as_json), ("--wide", wide)) if given]
    if len(chosen) > 1:
        raise InputError(f"{' and '.join(chosen)} together", remedy="choose one")
    path = database(settings_of(home), at, warehouse=warehouse)
    asked = query_of(query, file)
    with open_database(path, read_only=True) as con:
        headers, rows = answer(con, asked or TABLES, path)
    if as_csv:
        print_csv(headers, rows, raw=raw)
    elif as_json:
        for row in rows:
            typer.echo(json_line(dict(zip(headers, row, strict=True))))
    else:
        shown = rows[:limit] if limit and asked else rows
        cell = CELL if asked else LISTED
        if wide:
            say(vertical(headers, shown, width=shutil.get_terminal_size(PIPE).columns))
        else:
            say(text_table(headers, shown, cell=cell))
        left = len(rows) - len(shown)
        typer.echo(f"... {left:,} more rows; --limit 0 prints all" if left else f"{len(rows):,} rows")
        if asked is None:
            typer.echo(NEXT)
        elif not wide and is_cut(shown, cell):
            typer.echo(f"texts are cut at {cell} characters; --wide shows them whole")


def print_csv(headers: Sequence[str], rows: Sequence[Sequence[object]], *, raw: bool) -> None:
    """All rows on stdout; on a terminal what it would obey is written out, in a file every text is whole."""
    cells = [[value if raw else csv_text.guarded(value) for value in row] for row in rows]
    for line in csv_text.lines(headers, cells):
        sys.stdout.write(on_screen(line))
    before, after = (itertools.chain.from_iterable(table) for table in (rows, cells))
    changed = sum(old is not new for old, new in zip(before, after, strict=True))
    if changed:
        typer.echo(
            f"{changed:,} texts start like a formula and got an apostrophe in front, for spreadsheets; "
            "--raw prints them as they are",
            err=True,
        )


def database(settings: Settings, at: str | None = None, *, warehouse: bool = False) -> Path:
    """The file to ask: the published one, a snapshot of it, or the job's own. WorkError: there is none."""
    if at is not None:
        if warehouse:
            raise InputError("--at and --warehouse together", remedy="the job's own file has no past")
        return snapshots.find(settings.snapshots_path, at)
    path = settings.warehouse_path if warehouse else settings.analytics_path
    if not path.exists():
        raise WorkError("not there yet", step=str(path), remedy="`pat run` makes it; --home says where else")
    return path


def query_of(query: str | None, file: Path | None) -> str | None:
    """The query given as an argument or in a file; None where neither is."""
    if file is None:
        return query
    if query is not None:
        raise InputError("a query and --file together", remedy="give one of them")
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(
            f"cannot be read: {reason}", file=file, remedy="name a file with SQL in UTF-8"
        ) from error


def is_cut(rows: Sequence[Sequence[object]], cell: int) -> bool:
    """Whether a table of cells of that many characters loses the end of a text."""
    return any(
        isinstance(value, str) and len(" ".join(value.split())) > cell for row in rows for value in row
    )


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
