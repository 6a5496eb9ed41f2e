"""Recognizes the format of a source by its first bytes, and refuses a file that is plainly another one.

Order: `sample:SEED`; `file.duckdb::schema.table`; Parquet's magic number; a JSON list is pgraphrag; JSON
lines are amazon2023 when the first object has its fields, else a table; CSV is datafiniti when the header
has its columns, else a table. File names are never looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from models.errors import InputError
from models.sources import csv_rows, datafiniti, json_lines, table
from models.sources.files import SourceFile, refuse_utf16
from models.sources.spec import SAMPLE_PREFIX, TABLE_SEPARATOR, Format, SourceSpec

Kind = Literal["json_list", "json_lines", "csv", "parquet", "duckdb", "sample"]
HEAD = 2**18  # bytes looked at: room for a header or for several reviews
FIRST_LINES = 10  # broken lines may come first, but not only broken lines
PARQUET_MAGIC = b"PAR1"
DUCKDB_MAGIC = b"DUCK"  # at offset 8, after the checksum
AMAZON_FIELDS = {"user_id", "text", "rating"}
NAMES: dict[Kind, str] = {
    "json_list": "a JSON list",
    "json_lines": "JSON lines",
    "csv": "CSV or plain text",
    "parquet": "a Parquet file",
    "duckdb": "a DuckDB file",
    "sample": "a sample",
}
KINDS_OF: dict[Format, tuple[Kind, ...]] = {
    "pgraphrag": ("json_list",),
    "amazon2023": ("json_lines",),
    "datafiniti": ("csv",),
    "table": ("csv", "json_lines", "parquet", "duckdb"),
    "sample": ("sample",),
}


def resolve(spec: SourceSpec, file: SourceFile | None) -> tuple[Format, Kind]:
    """(format, kind of file) of a source; `file` is None for a sample.

    InputError when no format fits, or the bytes are plainly not of the format that was asked for.
    """
    if file is None:
        kind: Kind = "sample"
        head = b""
    else:
        head = file.head(HEAD)
        refuse_utf16(file.name, head)
        kind = kind_of(head)
        refuse_misplaced_table(spec, kind)
    if kind == "csv" and spec.format == "amazon2023" and json_like(head):
        kind = "json_lines"
    names = first_names(file) if file is not None and kind == "json_lines" else set()
    likely = guess(kind, head, names, spec.columns)
    if spec.format == "auto":
        if likely is None:
            raise InputError(
                f"{NAMES[kind]} that no format fits{seen(kind, head, names)}",
                file=spec.path,
                remedy="name its --format, or map the columns of a table: user=, topic=, text=, rating=",
            )
        return likely, kind
    if kind not in KINDS_OF[spec.format]:
        expected = " or ".join(NAMES[known] for known in KINDS_OF[spec.format])
        raise InputError(
            f"format {spec.format} is {expected}; this is {NAMES[kind]}",
            file=spec.path,
            remedy=f"use --format {likely}" if likely else "name the format the file has, or --format auto",
        )
    return spec.format, kind


def kind_of(head: bytes) -> Kind:
    """What the first bytes of a file say it is."""
    if head.startswith(PARQUET_MAGIC):
        return "parquet"
    if head[8:12] == DUCKDB_MAGIC:
        return "duckdb"
    start = head.lstrip()[:1]
    if start == b"[":
        return "json_list"
    return "json_lines" if start == b"{" else "csv"


def json_like(head: bytes) -> bool:
    """Whether any of the first lines starts like an object."""
    return any(line.lstrip().startswith(b"{") for line in head.split(b"\n")[:FIRST_LINES])


def guess(kind: Kind, head: bytes, names: set[str], columns: Mapping[str, str] | None) -> Format | None:
    """The format that fits, or None; `names` are the keys of the first object of JSON lines."""
    if kind == "sample":
        return "sample"
    if kind in ("parquet", "duckdb"):
        return "table"
    if kind == "json_list":
        return "pgraphrag" if b'"profile"' in head else None
    if kind == "json_lines":
        if columns is None and names >= AMAZON_FIELDS and names & {"asin", "parent_asin"}:
            return "amazon2023"
        return "table" if table.mapped(names, columns) is not None else None
    headers = [csv_rows.header(head, mark) for mark in csv_rows.DELIMITERS]
    if columns is None and datafiniti.columns_in(set(headers[0])) is not None:
        return "datafiniti"
    return "table" if any(table.mapped(header, columns) is not None for header in headers) else None


def first_names(file: SourceFile) -> set[str]:
    """The keys of the first object among the first lines."""
    for line in file.first_lines(FIRST_LINES):
        value, _ = json_lines.parse(line)
        if isinstance(value, dict):
            return set(value)
    return set()


def seen(kind: Kind, head: bytes, names: set[str]) -> str:
    """What was found instead, for the message."""
    if kind == "json_list":
        return ": its entries have no profile"
    found = sorted(names) if kind == "json_lines" else csv_rows.header(head, ",")
    return f": it has {', '.join(found)[:200]!a}" if found else ""


def refuse_misplaced_table(spec: SourceSpec, kind: Kind) -> None:
    """`::table` belongs to DuckDB files, and DuckDB files need it."""
    named = TABLE_SEPARATOR in spec.path
    if kind == "duckdb" and not named:
        raise InputError("a DuckDB file holds many tables", file=spec.path, remedy="write FILE::schema.table")
    if kind != "duckdb" and named:
        raise InputError(f"not a DuckDB file but {NAMES[kind]}", file=spec.path, remedy="leave '::...' out")


def is_sample(spec: SourceSpec) -> bool:
    """Whether the path names the bundled sample."""
    return spec.format == "sample" or spec.path.startswith(SAMPLE_PREFIX)
