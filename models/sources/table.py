"""Any table with one review per row: CSV, Parquet, JSON lines, or a table of a DuckDB file.

A column mapping says which column holds user, topic, text and rating and, if any, title and posted_at;
without one, columns of these names (or user_id, topic_id) are taken. Row: CSV = record number after the
header, JSON lines = line number, Parquet and DuckDB = position of the row, all from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.errors import InputError
from models.sources import csv_rows, json_lines
from models.sources.files import SourceFile
from models.sources.records import Candidate
from models.sources.spec import FIELDS, REQUIRED_FIELDS

ROWS = 5_000  # per Arrow batch: a few MB of reviews
CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "lock_configuration": True,
}
DEFAULTS = {field: (field, f"{field}_id") if field in ("user", "topic") else (field,) for field in FIELDS}


def mapped(names: Iterable[str], given: Mapping[str, str] | None) -> dict[str, str] | None:
    """field -> column: the given mapping, or the default names; None when a required field has no column."""
    known = set(names)
    if given is not None:
        return dict(given) if set(given.values()) <= known else None
    found = {
        field: column
        for field, columns in DEFAULTS.items()
        for column in columns[::-1]  # the first name wins
        if column in known
    }
    return found if set(REQUIRED_FIELDS) <= set(found) else None


def columns_or_error(file: str, names: list[str], given: Mapping[str, str] | None) -> dict[str, str]:
    """Like `mapped`, with an InputError that lists what the table has."""
    columns = mapped(names, given)
    if columns is None:
        wanted = [(column,) for column in given.values()] if given else [DEFAULTS[f] for f in REQUIRED_FIELDS]
        missing = [options[0] for options in wanted if not set(options) & set(names)]
        raise InputError(
            f"no column {', '.join(missing)}; the table has {', '.join(names)[:300] or 'no columns'}",
            file=file,
            remedy="map its columns: user=COLUMN, topic=COLUMN, text=COLUMN, rating=COLUMN",
        )
    return columns


def refuse_doubled(file: str, names: list[str], columns: Mapping[str, str]) -> None:
    """InputError when a mapped name stands for several columns: nobody knows which is meant."""
    doubled = [column for column in columns.values() if names.count(column) > 1]
    if doubled:
        raise InputError(
            f"several columns are named {doubled[0]}",
            file=file,
            remedy="write the table again with one name per column",
        )


def read_csv(file: SourceFile, given: Mapping[str, str] | None) -> Iterator[Candidate]:
    """One candidate per CSV record."""
    head = file.head(2**16)
    headers = [csv_rows.header(head, mark) for mark in csv_rows.DELIMITERS]
    columns = next((found for names in headers if (found := mapped(names, given))), None)
    if columns is None:
        columns = columns_or_error(file.name, max(headers, key=len), given)
    return csv_rows.read(file, columns, csv_rows.candidate)


def read_json_lines(file: SourceFile, given: Mapping[str, str] | None) -> Iterator[Candidate]:
    """One candidate per line. Without a mapping the first object decides which names are taken."""
    columns = dict(given) if given else None

    def candidate(row: int, line: bytes, value: dict[str, object]) -> Candidate:
        nonlocal columns
        if columns is None:
            columns = columns_or_error(file.name, list(value), None)
        return Candidate(row, line, **{field: value.get(column) for field, column in columns.items()})  # type: ignore[arg-type]

    return json_lines.read(file, candidate)


def read_parquet(file: SourceFile, given: Mapping[str, str] | None) -> Iterator[Candidate]:
    """One candidate per row; memory: one row group's columns that are mapped."""
    try:
        with pq.ParquetFile(file.path, page_checksum_verification=True) as parquet:
            names = parquet.schema_arrow.names
            columns = columns_or_error(file.name, names, given)
            refuse_doubled(file.name, names, columns)
            total = parquet.metadata.num_rows
            batches = parquet.iter_batches(batch_size=ROWS, columns=sorted(set(columns.values())))
            yield from candidates(batches, columns, _mover(file, total))
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"not a Parquet file that can be read ({first_line(error)})",
            file=file.name,
            remedy="copy or write the file again",
        ) from error


def read_duckdb(file: SourceFile, table: str, given: Mapping[str, str] | None) -> Iterator[Candidate]:
    """One candidate per row of `schema.table` (or a view), in the order of the table."""
    with opened(file) as con:
        try:
            relation = con.table(table)
            total = int(relation.shape[0])
            columns = columns_or_error(f"{file.name}::{table}", relation.columns, given)
            chosen = [duckdb.ColumnExpression(column) for column in sorted(set(columns.values()))]
            reader = relation.select(*chosen).to_arrow_reader(ROWS)
            yield from candidates(reader, columns, _mover(file, total))
        except (duckdb.CatalogException, duckdb.ParserException, duckdb.BinderException) as error:
            raise InputError(
                f"no table {table} in this DuckDB file",
                file=file.name,
                remedy=f"it has {', '.join(tables(con)) or 'no tables'}; write FILE::schema.table",
            ) from error
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise InputError(
                f"table {table} cannot be read to its end ({first_line(error)})",
                file=file.name,
                remedy="check the file with DuckDB, or export the table again",
            ) from error


def first_line(error: Exception) -> str:
    """What a library says, without its context lines."""
    return str(error).partition("\n")[0][:200]


@contextmanager
def opened(file: SourceFile) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection; InputError when it is no DuckDB file or another process writes to it.

    A view in the file is somebody's SQL: it reads what the file holds, no other file and no network.
    """
    try:
        con = duckdb.connect(file.path, read_only=True, config=CLOSED)
    except duckdb.Error as error:
        raise InputError(
            f"the DuckDB file cannot be opened ({first_line(error)})",
            file=file.name,
            remedy="close the program that has it open for writing, or name another file",
        ) from error
    try:
        yield con
    finally:
        con.close()


def tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The tables and views of the file as schema.table."""
    rows = con.sql("select table_schema, table_name from information_schema.tables order by all").fetchall()
    return [f"{schema}.{name}" for schema, name in rows]


def candidates(
    batches: Iterable[pa.RecordBatch], columns: Mapping[str, str], moved: Callable[[int], None]
) -> Iterator[Candidate]:
    """The rows of Arrow batches, numbered from 1; `moved(rows)` after each batch."""
    row = 0
    for batch in batches:
        names = batch.schema.names
        values = {name: python_values(batch.column(name)) for name in names}
        for cells in zip(*values.values(), strict=True):
            row += 1
            record = dict(zip(names, cells, strict=True))
            yield Candidate(row, record, **{field: record[column] for field, column in columns.items()})
        moved(row)


@dataclass(frozen=True, repr=False)
class Unreadable:
    """A cell that Python has no value for, such as the year 290000; every rule rejects it."""

    cell: str

    def __repr__(self) -> str:
        return self.cell


def python_values(column: pa.Array) -> list[object]:
    """The cells as Python values: times in microseconds of UTC, odd bytes of a text as lone surrogates."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return python_values(column.dictionary_decode())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        try:
            return list(column.to_pylist())
        except UnicodeDecodeError:
            cells = column.cast(pa.large_binary()).to_pylist()
            return [None if cell is None else cell.decode("utf-8", "surrogateescape") for cell in cells]
    try:
        return list(_microseconds(column).to_pylist() if pa.types.is_timestamp(kind) else column.to_pylist())
    except (pa.ArrowInvalid, ValueError, OverflowError):
        return [_python_value(cell) for cell in column]


def _microseconds(column: pa.Array) -> pa.Array:
    """Times as Python holds them. An instant needs no zone, and that of a file may be unknown here."""
    kind = pa.timestamp("us", "UTC" if column.type.tz else None)
    return column.cast(options=pc.CastOptions(kind, allow_time_truncate=True))


def _python_value(cell: pa.Scalar) -> object:
    try:
        return (_microseconds(pa.array([cell]))[0] if pa.types.is_timestamp(cell.type) else cell).as_py()
    except (pa.ArrowInvalid, ValueError, OverflowError):
        return Unreadable(f"{cell.type} {getattr(cell, 'value', '')}".strip())


def _mover(file: SourceFile, total: int) -> Callable[[int], None]:
    """Moves the position of the file with the share of its rows that were read."""

    def moved(rows: int) -> None:
        file.position = file.total_bytes * rows // max(total, 1)

    return moved


def duckdb_files(path: Path) -> list[Path]:
    """The file and, when it has one, its write-ahead log: together they are the content."""
    log = path.with_name(f"{path.name}.wal")
    return [path, log] if log.exists() else [path]
