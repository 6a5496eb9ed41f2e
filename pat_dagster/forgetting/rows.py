"""Rows of one database that hold something of somebody; in any DuckDB file of a home, old ones too."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import duckdb
import polars as pl
from sqlglot import exp

from models.forgetting.traces import Traces
from pat_dagster.forgetting.roles import ASKED, CACHES, OWN_WORDS, OWNED, PLAIN, REVIEWS, USERS
from pat_dagster.forgetting.subject import Subject
from pat_dagster.sql_files import DIALECT

CHUNK: Final = 50_000  # rows read at once: prompts have a few kB each
ROW: Final = "rowid"
BETWEEN: Final = "\x1f"  # columns of a row that are read at once; no white space, so that no piece spans two
TEXTUAL: Final = ("VARCHAR", "JSON", "STRUCT", "MAP", "UNION", "VARIANT")
ADDRESSES: Final = frozenset({"source_file", "dataset"})  # of the user's own files; their names are not ours


def table_names(con: duckdb.DuckDBPyConnection) -> list[str]:
    """`schema.table` of the current database, sorted."""
    query = (
        "select schema_name, table_name from duckdb_tables() where database_name = current_database() "
        "and not internal and not temporary order by all"
    )
    return [f"{schema}.{name}" for schema, name in con.execute(query).fetchall()]


def textual_columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """Columns that can hold text, lists and structures of text included."""
    schema, name = table.split(".", 1)
    query = (
        "select column_name, data_type from duckdb_columns() where database_name = current_database() "
        "and schema_name = ? and table_name = ? order by column_index"
    )
    found = con.execute(query, [schema, name]).fetchall()
    return [column for column, kind in found if any(word in kind for word in TEXTUAL)]


def doomed(con: duckdb.DuckDBPyConnection, table: str, subject: Subject) -> pl.Series:
    """Row ids of `table` that must go, sorted."""
    columns = textual_columns(con, table)
    if table in PLAIN or not columns:
        return pl.Series(ROW, [], dtype=pl.Int64)
    if table in CACHES:
        told = bool(subject.asked or subject.touched)
        return _row_ids(con, table) if told else pl.Series(ROW, [], dtype=pl.Int64)
    found = [_named(con, table, columns, subject, asked={"asked", "touched"})]
    found += _telling(con, table, columns, subject.traces)
    return pl.concat(found).unique().sort()


def told_about(
    con: duckdb.DuckDBPyConnection, table: str, subject: Subject, targets: Collection[str]
) -> set[str]:
    """What stands in the columns `targets` of rows that hold something of the subject."""
    columns = textual_columns(con, table)
    asked = [name for name in columns if name in targets]
    if not asked or table.split(".")[0] in OWNED or table in PLAIN:
        return set()
    found = [_named(con, table, columns, subject, asked={"asked", "touched"})]
    found += _telling(con, table, columns, subject.traces)
    rows = _values(con, table, asked, pl.concat(found).unique())
    return {one for name in asked for one in rows[name].drop_nulls()}


def remove(con: duckdb.DuckDBPyConnection, table: str, rows: pl.Series) -> int:
    """Delete rows by id, inside the caller's transaction."""
    if not len(rows):
        return 0
    con.register("rows_to_go", rows.alias(ROW).to_frame())
    wanted = exp.select(ROW).from_("rows_to_go")
    delete = exp.delete(address(table)).where(exp.column(ROW).isin(query=wanted))
    con.execute(delete.sql(dialect=DIALECT))
    con.unregister("rows_to_go")
    return len(rows)


def address(table: str) -> exp.Table:
    """`schema.table`, quoted."""
    schema, name = table.split(".", 1)
    return exp.table_(name, db=schema, quoted=True)


def _named(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: Collection[str],
    subject: Subject,
    asked: set[str],
) -> pl.Series:
    """Row ids of which an id column names something of the subject."""
    is_owned = table.split(".")[0] in OWNED
    kinds = {name: ["user"] for name in USERS} | {name: ["review"] for name in REVIEWS}
    kinds |= {name: ["asked"] if is_owned else sorted(asked) for name in ASKED}
    conditions = []
    for name in columns:
        if name not in kinds:
            continue
        of_kind = exp.column("kind").isin(*kinds[name])
        conditions.append(
            exp.column(name, quoted=True).isin(query=exp.select("id").from_("ids_to_go").where(of_kind))
        )
    if not conditions:
        return pl.Series(ROW, [], dtype=pl.Int64)
    con.register("ids_to_go", subject.frame)
    query = exp.select(ROW).from_(address(table)).where(exp.or_(*conditions))
    found = con.sql(query.sql(dialect=DIALECT)).pl()[ROW]
    con.unregister("ids_to_go")
    return found


def _telling(
    con: duckdb.DuckDBPyConnection, table: str, columns: Collection[str], traces: Traces
) -> list[pl.Series]:
    """Row ids of which some other text holds a trace."""
    skipped = USERS | REVIEWS | ASKED | ADDRESSES
    if table.split(".")[0] in OWNED:
        skipped |= OWN_WORDS
    read = [name for name in columns if name not in skipped]
    found = []
    for chunk in _chunks(con, table, read) if read and traces else ():
        together = pl.concat_str(read, separator=BETWEEN, ignore_nulls=True)
        found.append(chunk[ROW].filter(traces.found(chunk.select(together.alias("cells"))["cells"])))
    return found


def _chunks(con: duckdb.DuckDBPyConnection, table: str, columns: Collection[str]) -> Iterator[pl.DataFrame]:
    texts = [exp.alias_(exp.cast(exp.column(name, quoted=True), "varchar"), name) for name in columns]
    query = exp.select(ROW, *texts).from_(address(table))
    for batch in con.sql(query.sql(dialect=DIALECT)).to_arrow_reader(CHUNK):
        yield pl.DataFrame(batch)


def _row_ids(con: duckdb.DuckDBPyConnection, table: str) -> pl.Series:
    return con.sql(exp.select(ROW).from_(address(table)).sql(dialect=DIALECT)).pl()[ROW]


def _values(
    con: duckdb.DuckDBPyConnection, table: str, columns: Collection[str], rows: pl.Series
) -> pl.DataFrame:
    con.register("rows_asked", rows.alias(ROW).to_frame())
    wanted = exp.select(ROW).from_("rows_asked")
    query = (
        exp.select(*(exp.column(name, quoted=True) for name in columns))
        .distinct()
        .from_(address(table))
        .where(exp.column(ROW).isin(query=wanted))
    )
    found = con.sql(query.sql(dialect=DIALECT)).pl()
    con.unregister("rows_asked")
    return found
