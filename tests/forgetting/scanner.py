"""Looks for somebody in every file of a home, by means of its own: needles in all rows and all bytes.

Tables are read through DuckDB, Lance, SQLite and Parquet, because these compress texts; every file is read as
bytes besides, plain, gzipped, and in the spellings that JSON, HTML and UTF-16 give a text.
"""

from __future__ import annotations

import gzip
import html
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import lancedb
import polars as pl

LONG = 40  # characters; a shorter run of them may be chance
SPELLINGS = ("utf-8", "utf-16-le", "utf-16-be")


@dataclass(frozen=True)
class Person:
    """ids as tables spell them; texts that nobody else wrote, and long sentences of them."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def needles(self) -> list[str]:
        return [*self.ids, *(fold(text) for text in self.texts)]


def fold(text: str) -> str:
    return " ".join(text.split()).casefold()


def person(home: Path, user: str) -> Person:
    """From the staging tables of a finished home."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        rows = con.execute(
            "select review_id, title, text from staging.reviews where user_id = ?", [user]
        ).fetchall()
        others = con.execute("select title, text from staging.reviews where user_id != ?", [user]).fetchall()
    said = "\n".join(fold(f"{title}\n{text}") for title, text in others)
    parts = [part for _, title, text in rows for part in (title, text, *text.split(". "))]
    own = {part for part in parts if len(part) >= LONG and fold(part) not in said}
    assert own, f"{user} wrote nothing of their own"
    return Person((user, *(row[0] for row in rows)), tuple(sorted(own)))


def places(home: Path, who: Person) -> list[str]:
    """Where somebody still is: `file: table.column` or `file: bytes`, sorted."""
    found = set()
    for path in sorted(home.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        name = str(path.relative_to(home))
        content = path.read_bytes()
        if _stand_in([content.decode("latin-1")], _spelled(who.needles)):
            found.add(f"{name}: bytes")
        for place, values in _tables(path, content):
            if _holds(values, who.needles):
                found.add(f"{name}: {place}")
    for folder in sorted(path for path in home.rglob("*.lance") if path.is_dir()):
        for place, values in _lance(folder):
            if _holds(values, who.needles):
                found.add(f"{folder.relative_to(home)}: {place}")
    return sorted(found)


def _holds(values: Iterable[str], needles: list[str]) -> bool:
    escaped = {json.dumps(needle)[1:-1] for needle in needles}
    return _stand_in([fold(value) for value in values], escaped.union(needles))


def _stand_in(texts: list[str], needles: Iterable[str]) -> bool:
    cells = pl.Series("cell", texts, dtype=pl.String).to_frame()
    asked = pl.col("cell").str.contains_any(sorted(needles), ascii_case_insensitive=True)
    return bool(cells.select(asked.any()).item())


def _spelled(needles: list[str]) -> set[str]:
    """Needles as the bytes of a file show them, one character per byte."""
    spelled = set()
    for needle in needles:
        forms = {needle, html.escape(needle), json.dumps(needle)[1:-1]}
        spelled |= {form.encode(code).decode("latin-1") for form in forms for code in SPELLINGS}
    return spelled


def _tables(path: Path, content: bytes) -> Iterator[tuple[str, list[str]]]:
    """Every column that holds text in a file that is a database, a Parquet file or gzipped."""
    if content[8:12] == b"DUCK":
        yield from _duckdb(path)
    elif content.startswith(b"SQLite format 3\0"):
        yield from _sqlite(path)
    elif content.startswith(b"PAR1"):
        for column in pl.read_parquet(path).iter_columns():
            yield column.name, [str(value) for value in column if value is not None]
    elif content.startswith(b"\x1f\x8b"):
        yield "unzipped", [gzip.decompress(content).decode("utf-8", "replace")]


def _duckdb(path: Path) -> Iterator[tuple[str, list[str]]]:
    with duckdb.connect(str(path), read_only=True) as con:
        columns = con.execute(
            "select schema_name, table_name, column_name from duckdb_columns() where not internal"
        ).fetchall()
        for schema, table, column in columns:
            rows = con.execute(
                f'select distinct "{column}"::varchar from "{schema}"."{table}"'  # noqa: S608
            ).fetchall()
            yield f"{schema}.{table}.{column}", [value for (value,) in rows if value is not None]


def _sqlite(path: Path) -> Iterator[tuple[str, list[str]]]:
    con = sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)  # a reader would leave files beside it
    try:
        tables = [name for (name,) in con.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            for row in con.execute(f'select * from "{table}"').fetchall():  # noqa: S608
                yield (
                    table,
                    [
                        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                        for value in row
                    ],
                )
    finally:
        con.close()


def _lance(folder: Path) -> Iterator[tuple[str, list[str]]]:
    table = lancedb.connect(folder.parent).open_table(folder.stem).to_arrow()
    for name in table.schema.names:
        if name != "vector":
            yield name, [str(value) for value in table[name].to_pylist()]
