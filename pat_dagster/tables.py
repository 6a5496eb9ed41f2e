"""Reads and writes tables; every write is repeatable: delete and insert in one transaction."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

import duckdb
import polars as pl
import pyarrow as pa
from sqlglot import exp

from models.errors import WorkError
from pat_dagster.sql_files import DIALECT, SqlFile, table_file

Frame: TypeAlias = pl.DataFrame | pa.Table | pa.RecordBatchReader
INCOMING = "incoming_rows"  # name under which a frame is visible to SQL during one insert


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Everything inside is committed together or not at all."""
    con.begin()
    try:
        yield
    except BaseException:
        con.rollback()
        raise
    con.commit()


def column_types(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Column name to DuckDB type in declared order; empty when the table does not exist."""
    schema, name = table.split(".")
    rows = con.execute(
        "select column_name, data_type from duckdb_columns() where database_name = current_database() "
        "and schema_name = ? and table_name = ? order by column_index",
        [schema, name],
    ).fetchall()
    return dict(rows)


def read(
    con: duckdb.DuckDBPyConnection, table: str, where: Mapping[str, object] | None = None
) -> pl.DataFrame:
    """Rows of a table, sorted by its columns from left to right; `where` maps columns to required values."""
    columns = [exp.column(name, quoted=True) for name in column_types(con, table)]
    if not columns:
        raise WorkError(
            f"table {table} does not exist yet; materialize asset {table.replace('.', '/')} first"
        )
    query = exp.select(*columns).from_(_address(table)).where(*_conditions(where or {})).order_by(*columns)
    return con.sql(query.sql(dialect=DIALECT)).pl()


def head(
    con: duckdb.DuckDBPyConnection, table: str, rows: int, where: Mapping[str, object] | None = None
) -> pl.DataFrame:
    """The first `rows` rows as stored."""
    query = exp.select("*").from_(_address(table)).where(*_conditions(where or {})).limit(rows)
    return con.sql(query.sql(dialect=DIALECT)).pl()


def write(
    con: duckdb.DuckDBPyConnection,
    table: str,
    frame: Frame,
    partition: Mapping[str, object] | None = None,
) -> int:
    """Replace the rows of one partition (or all rows) by `frame`; returns the number of new rows.

    Creates the table from its file when it is missing. The columns of `frame` are matched by name and
    must be the columns of the file, in any order; partition columns may be left out: their value is
    the partition's, whatever the frame holds.
    """
    with transaction(con):
        ensure_table(con, table, replace_other_layout=partition is None)
        return replace(con, table, frame, partition)


def replace(
    con: duckdb.DuckDBPyConnection,
    table: str,
    frame: Frame,
    partition: Mapping[str, object] | None = None,
) -> int:
    """`write` inside the caller's transaction, into a table that is there or can be created."""
    ensure_table(con, table)
    delete = exp.delete(_address(table))
    for condition in _conditions(partition or {}):
        delete = delete.where(condition)
    con.execute(delete.sql(dialect=DIALECT))
    return append(con, table, frame, partition)


def append(
    con: duckdb.DuckDBPyConnection,
    table: str,
    frame: Frame,
    partition: Mapping[str, object] | None = None,
) -> int:
    """Insert `frame` inside the caller's transaction; returns the number of rows."""
    ensure_table(con, table)
    fixed = dict(partition or {})
    declared = table_file(table).columns
    names = frame.columns if isinstance(frame, pl.DataFrame) else frame.schema.names
    missing = [name for name in declared if name not in names and name not in fixed]
    unknown = [name for name in names if name not in declared]
    if missing or unknown:
        raise WorkError(
            f"{table}: rows do not fit the table: missing columns {missing}, unknown columns {unknown}; "
            f"{table_file(table).path.name} declares {list(declared)}"
        )
    values = [
        exp.alias_(exp.convert(fixed[name]), name) if name in fixed else exp.column(name, quoted=True)
        for name in declared
    ]
    insert = exp.insert(
        exp.select(*values).from_(INCOMING), _address(table), columns=[exp.to_identifier(c) for c in declared]
    )
    con.register(INCOMING, frame)
    try:
        rows = con.execute(insert.sql(dialect=DIALECT)).fetchall()
    except duckdb.Error as error:
        # the transaction is dead, and rolling back forgets the frame
        raise WorkError(f"{table}: rows could not be inserted: {error}") from error
    con.unregister(INCOMING)
    return int(rows[0][0])


def ensure_table(con: duckdb.DuckDBPyConnection, table: str, replace_other_layout: bool = False) -> None:
    """Create the schema and the table of a `kind: table` file, with its comments, unless it is there.

    A table whose columns are not those of its file was made by an older definition. It gets the columns that
    the file has more, where these stand at its end and may be null; else it is recreated when the caller
    rewrites all of it, and refused otherwise, because other partitions would be lost.
    """
    file = table_file(table)
    present = list(column_types(con, table))
    if present == list(file.columns) or (present and _add_columns(con, file, present)):
        return
    if present and not replace_other_layout:
        raise WorkError(
            f"{table} has columns {present} but {file.path.name} declares {list(file.columns)}: it was made "
            f"by an older definition. Rename it, or start a new PAT_HOME."
        )
    create_schema(con, file.schema)
    if file.kind == "query":
        raise WorkError(f"{table} is computed by {file.path.name}; Python cannot write it")
    con.execute(exp.Drop(tables=[_address(table)], kind="TABLE", exists=True).sql(dialect=DIALECT))
    con.execute(file.sql)
    declared = list(column_types(con, table))
    if declared != list(file.columns):
        raise WorkError(
            f"{file.path}: front matter describes {list(file.columns)}, the statement creates {declared}"
        )
    comment(con, file)


def _add_columns(con: duckdb.DuckDBPyConnection, file: SqlFile, present: list[str]) -> bool:
    """Whether the table now has the columns of its file, those added since at the end and null."""
    defined = {column.name: column for column in file.tree.find_all(exp.ColumnDef)}
    added = [defined[name] for name in list(file.columns)[len(present) :] if name in defined]
    is_older = present == list(file.columns)[: len(present)] and bool(added)
    if not is_older or any(column.constraints for column in added):
        return False
    for column in added:
        alter = exp.Alter(this=_address(file.name), kind="TABLE", actions=[column])
        con.execute(alter.sql(dialect=DIALECT))
    comment(con, file)
    return True


def create_schema(con: duckdb.DuckDBPyConnection, schema: str) -> None:
    """Create the schema unless it is there."""
    create = exp.Create(this=exp.Table(db=exp.to_identifier(schema)), kind="SCHEMA", exists=True)
    con.execute(create.sql(dialect=DIALECT))


def create_as(file: SqlFile, query: exp.Expr) -> exp.Create:
    """`create or replace table ... as query`."""
    return exp.Create(this=_address(file.name), kind="TABLE", replace=True, expression=query)


def comment(con: duckdb.DuckDBPyConnection, file: SqlFile) -> None:
    """Put the file's grain and column descriptions into DuckDB's own comments."""
    for statement in comment_statements(file):
        con.execute(statement)


def comment_statements(file: SqlFile, catalog: str | None = None) -> Iterable[str]:
    """`comment on ...` statements of one file, for the current database or for `catalog`."""
    table = exp.table_(file.table, db=file.schema, catalog=catalog)
    text = exp.Literal.string(file.description)
    yield exp.Comment(this=table, kind="TABLE", expression=text).sql(dialect=DIALECT)
    for name, description in file.columns.items():
        column = exp.column(name, table=file.table, db=file.schema, catalog=catalog, quoted=True)
        text = exp.Literal.string(description)
        yield exp.Comment(this=column, kind="COLUMN", expression=text).sql(dialect=DIALECT)


def fingerprint(con: duckdb.DuckDBPyConnection, table: str, iteration: str | None = None) -> tuple[str, int]:
    """(content_sha256, number of rows) of a table, or of one iteration of it; row order does not matter."""
    if iteration is None:
        rows = con.execute("from content_sha256(?)", [table]).fetchall()
    else:
        rows = con.execute("from iteration_sha256(?, ?)", [table, iteration]).fetchall()
    return str(rows[0][0]), int(rows[0][1])


def _address(table: str) -> exp.Table:
    schema, name = table.split(".")
    return exp.table_(name, db=schema)


def _conditions(where: Mapping[str, object]) -> list[exp.Expr]:
    return [exp.column(name, quoted=True).eq(exp.convert(value)) for name, value in where.items()]
