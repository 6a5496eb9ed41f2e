"""The published file itself: what it should hold, what it holds, and how it is written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
from sqlglot import exp

from models.errors import WorkError
from pat_dagster import tables
from pat_dagster.glossary import GLOSSARY, glossary, meanings
from pat_dagster.lineage import plan, tables_read
from pat_dagster.resources.warehouse import open_database
from pat_dagster.rows import frame
from pat_dagster.settings import SQL_ROOT
from pat_dagster.sql_files import DIALECT, SqlFile, load_files

SOURCE = "job"  # the warehouse's name inside the new file's connection
RECORD = "ops.published_tables"
BOOKKEEPING = "ops"  # changes every night, and alone is no reason to publish


@dataclass(frozen=True)
class Version:
    """What a table holds, and what it says about itself."""

    content_sha256: str | None  # None for a table made while publishing: the others decide what it holds
    definition_sha256: str


@dataclass(frozen=True)
class Recorded:
    """What a published file says of itself; its versions are those outside the bookkeeping."""

    versions: Mapping[str, Version]
    published_at: datetime  # UTC


def wanted(warehouse: Path, files: Sequence[SqlFile]) -> dict[str, Version]:
    """Versions that a file published now would have, bookkeeping left out."""
    with open_database(warehouse, read_only=True) as con:
        con.execute((SQL_ROOT / "macros.sql").read_text(encoding="utf-8"))
        present = tables_of(con)
        found: dict[str, Version] = {}
        for file in files:
            if file.schema != BOOKKEEPING and _can_be_made(file, present):
                sha256 = None if file.published_only else tables.fingerprint(con, file.name)[0]
                found[file.name] = Version(sha256, _definition(file, tables.column_types(con, file.name)))
        return found


def recorded(analytics: Path) -> Recorded | None:
    """What is published; None where there is no file, or none that DuckDB can read.

    A file without a record was published by an older version, at the time that the file carries.
    """
    if not analytics.exists():
        return None
    try:
        con = open_database(analytics, read_only=True)
    except WorkError:  # damaged, or somebody writes into it: what is published next takes its place
        return None
    with con:
        if RECORD not in tables_of(con):
            return Recorded({}, datetime.fromtimestamp(analytics.stat().st_mtime, UTC).replace(tzinfo=None))
        rows = tables.read(con, RECORD).to_dicts()
    versions = {
        row["table_name"]: Version(row["content_sha256"], row["definition_sha256"])
        for row in rows
        if not row["table_name"].startswith(f"{BOOKKEEPING}.")
    }
    return Recorded(versions, rows[0]["published_at"])


def write(
    draft: Path, warehouse: Path, files: Sequence[SqlFile], versions: Mapping[str, Version], at: datetime
) -> None:
    """Write `draft`: every table of the warehouse that readers get, then those made of them."""
    for leftover in (draft, draft.with_name(draft.name + ".wal")):  # of a run that was killed
        leftover.unlink(missing_ok=True)
    con = open_database(draft)
    try:
        _attach(con, warehouse)
        present = tables_of(con, SOURCE)
        for file in files:
            if not file.published_only and file.name in present:
                _copy(con, file)
        con.execute(exp.Detach(this=exp.to_table(SOURCE)).sql(dialect=DIALECT))
        _make(con, [file for file in files if file.published_only and _can_be_made(file, present)])
        _record(con, files, versions, at)
        con.execute("checkpoint")
    finally:
        con.close()
    draft.chmod(0o444)  # a snapshot is the same file: nobody may write into either


def rows(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows per table of a published file, in stage order."""
    counted = dict(tables.read(con, RECORD).select("table_name", "rows").rows())
    return {name: counted[name] for name in load_files() if name in counted}


def newest_iteration(con: duckdb.DuckDBPyConnection) -> str | None:
    """The last iteration of which a published file holds a row; None where none was run."""
    counted = tables_of(con)
    partitioned = [file for file in load_files().values() if file.partition and file.name in counted]
    newest = [
        con.execute(exp.select("max(iteration)").from_(file.name).sql(dialect=DIALECT)).fetchall()[0][0]
        for file in partitioned
        if file.schema != BOOKKEEPING
    ]
    return max((key for key in newest if key is not None), default=None)


def tables_of(con: duckdb.DuckDBPyConnection, database: str | None = None) -> set[str]:
    """`schema.table` of what a database holds; the connection's own where none is named."""
    found = con.execute(
        "select schema_name, table_name from duckdb_tables() "
        "where database_name = coalesce(?, current_database())",
        [database],
    ).fetchall()
    return {f"{schema}.{name}" for schema, name in found}


def _can_be_made(file: SqlFile, present: set[str]) -> bool:
    """Whether the warehouse holds the table, or all that a table made while publishing is made of."""
    if not file.published_only:
        return file.name in present
    return all(load_files()[name].kind == "table" for name in _absent(file, present))


def _absent(file: SqlFile, present: set[str]) -> list[str]:
    """Tables that a query made while publishing reads and that are not there; without rows it can do."""
    read = tables_read(file.path, file.query, load_files()) if file.kind == "query" else ()
    return [name for name in read if name not in present]


def _definition(file: SqlFile, types: Mapping[str, str]) -> str:
    """Fingerprint of a table's columns, types, comments, and of its code where publishing makes it."""
    said = [repr(types), *tables.comment_statements(file)]
    if file.published_only:
        said += [file.code_version, repr(meanings()) if file.name == GLOSSARY else ""]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def _attach(con: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    source = exp.alias_(exp.Literal.string(str(warehouse)), SOURCE)
    attach = exp.Attach(this=source, expressions=[exp.AttachOption(this=exp.var("read_only"))])
    try:
        con.execute(attach.sql(dialect=DIALECT))
    except duckdb.IOException as error:
        raise WorkError(
            f"{warehouse} cannot be read: {error}", step="published", remedy="wait for the running job to end"
        ) from error


def _copy(con: duckdb.DuckDBPyConnection, file: SqlFile) -> None:
    """Copy one table, with the columns of its file: one that an older table lacks is null throughout."""
    tables.create_schema(con, file.schema)
    present = con.execute(
        "select column_name from duckdb_columns() "
        "where database_name = ? and schema_name = ? and table_name = ?",
        [SOURCE, file.schema, file.table],
    ).fetchall()
    names = {name for (name,) in present}
    columns = [
        exp.column(name, quoted=True)
        if name in names
        else exp.alias_(exp.cast(exp.null(), plan().types[file.name][name]), name, quoted=True)
        for name in file.columns
    ]
    source = exp.table_(file.table, db=file.schema, catalog=SOURCE)
    con.execute(tables.create_as(file, exp.select(*columns).from_(source)).sql(dialect=DIALECT))
    tables.comment(con, file)


def _make(con: duckdb.DuckDBPyConnection, files: Sequence[SqlFile]) -> None:
    """Make the tables that are made of the published ones; the glossary last, it tells of all."""
    for file in files:
        if file.kind == "query":
            stand_ins = _absent(file, tables_of(con))
            for name in stand_ins:
                tables.ensure_table(con, name)
            con.execute(tables.create_as(file, file.query).sql(dialect=DIALECT))
            tables.comment(con, file)
            for name in stand_ins:
                con.execute(exp.Drop(tables=[exp.to_table(name)], kind="TABLE").sql(dialect=DIALECT))
    for name in (RECORD, GLOSSARY):
        tables.ensure_table(con, name)
    made = tables_of(con)
    told = [file for file in load_files().values() if file.name in made]
    types = {file.name: tables.column_types(con, file.name) for file in told}
    tables.write(con, GLOSSARY, frame(GLOSSARY, glossary(told, types, meanings())))


def _record(
    con: duckdb.DuckDBPyConnection, files: Sequence[SqlFile], versions: Mapping[str, Version], at: datetime
) -> None:
    """What the file holds, into the file itself."""
    made = tables_of(con)
    record = [
        {
            "table_name": file.name,
            "rows": 0 if file.name == RECORD else con.table(file.name).count("*").fetchall()[0][0],
            "content_sha256": versions[file.name].content_sha256 if file.name in versions else None,
            "definition_sha256": versions[file.name].definition_sha256
            if file.name in versions
            else _definition(file, tables.column_types(con, file.name)),
            "published_at": at,
        }
        for file in files
        if file.name in made
    ]
    for row in record:
        row["rows"] = len(record) if row["table_name"] == RECORD else row["rows"]
    tables.write(con, RECORD, pl.DataFrame(record, schema_overrides={"content_sha256": pl.String}))
