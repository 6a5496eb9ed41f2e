"""Publishes the warehouse to readers: a finished copy, swapped in whole."""

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb
from sqlglot import exp

from models.errors import WorkError
from pat_dagster import tables
from pat_dagster.resources.warehouse import open_database
from pat_dagster.sql_files import DIALECT, SqlFile, load_files

SCHEMAS = ("staging", "feature", "context", "rollout", "preference", "policy", "evaluation", "mart", "ops")
SOURCE = "job"  # the warehouse's name inside the new file's connection


@dataclass(frozen=True)
class Published:
    """What readers now see: rows per table, tables that do not exist yet, size in bytes."""

    rows: dict[str, int]
    missing: list[str]
    size: int


def published_files() -> list[SqlFile]:
    """Files of the tables that readers get, in stage order; `raw` stays with the job."""
    return [file for file in load_files().values() if file.schema in SCHEMAS]


def publish(warehouse: Path, analytics: Path) -> Published:
    """Copy the published tables of `warehouse` into a new file and move it onto `analytics`.

    A process that has the old file open keeps reading it until it closes its last connection (DuckDB
    shares one instance per path and process); every other one that opens the path sees the new file,
    complete. When anything fails, `analytics` stays what it was.
    """
    if not warehouse.exists():
        raise WorkError(f"{warehouse} does not exist", step="published", remedy="`pat run` creates it")
    draft = analytics.with_name(f".{analytics.name}.draft")
    for leftover in (draft, draft.with_name(draft.name + ".wal")):  # of a run that was killed
        leftover.unlink(missing_ok=True)
    con = open_database(draft)
    try:
        _attach(con, warehouse)
        rows, missing = _copy(con)
        con.execute(exp.Detach(this=exp.to_table(SOURCE)).sql(dialect=DIALECT))
        con.execute("checkpoint")
    finally:
        con.close()
    _sync(draft)
    size = draft.stat().st_size
    draft.replace(analytics)  # atomic, and open readers keep the old file
    _sync(analytics.parent)
    return Published(rows=rows, missing=missing, size=size)


def _attach(con: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    source = exp.alias_(exp.Literal.string(str(warehouse)), SOURCE)
    attach = exp.Attach(this=source, expressions=[exp.AttachOption(this=exp.var("read_only"))])
    try:
        con.execute(attach.sql(dialect=DIALECT))
    except duckdb.IOException as error:
        raise WorkError(
            f"{warehouse} cannot be read: {error}", step="published", remedy="wait for the running job to end"
        ) from error


def _copy(con: duckdb.DuckDBPyConnection) -> tuple[dict[str, int], list[str]]:
    present = {
        f"{schema}.{name}"
        for schema, name in con.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = ?", [SOURCE]
        ).fetchall()
    }
    rows: dict[str, int] = {}
    missing: list[str] = []
    for file in published_files():
        if file.name not in present:
            missing.append(file.name)
            continue
        tables.create_schema(con, file.schema)
        source = exp.table_(file.table, db=file.schema, catalog=SOURCE)
        copied = con.execute(tables.create_as(file, exp.select("*").from_(source)).sql(dialect=DIALECT))
        rows[file.name] = int(copied.fetchall()[0][0])
        tables.comment(con, file)
    return rows, missing


def _sync(path: Path) -> None:
    """Force a file, or the entries of a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
