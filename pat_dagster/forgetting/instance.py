"""What Dagster wrote down: event logs in SQLite, with previews of tables, and the logs of processes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import polars as pl

from models.forgetting.traces import Traces
from pat_dagster.settings import Settings

NOTICE: Final = "(removed: it held text of a forgotten user)"
MAGIC: Final = b"SQLite format 3\0"
PATIENCE: Final = 60.0  # seconds that a reader such as the UI may hold a file
CHUNK: Final = 2_000  # rows read at once: an event has a few kB


def count(settings: Settings, traces: Traces) -> dict[str, int]:
    """Rows of event logs, and lines of other logs, that hold a trace; by file."""
    found: dict[str, int] = {}
    for path in _files(settings):
        n = _rows_of(path, traces) if is_sqlite(path) else _lines_of(path, traces)
        if n:
            found[str(path.relative_to(settings.home))] = n
    return found


def clear(settings: Settings, traces: Traces) -> None:
    """Put a notice in the place of every text that holds a trace; the rest of each event stays."""
    for path in _files(settings):
        if is_sqlite(path):
            _clear_database(path, traces)
        elif _lines_of(path, traces):
            lines = _read_lines(path)
            told = _told(lines, traces)
            kept = [f"{NOTICE}\n" if hit else line for line, hit in zip(lines, told, strict=True)]
            partial = path.with_name(f".{path.name}.partial")
            partial.write_text("".join(kept), encoding="utf-8", errors="surrogateescape")
            partial.replace(path)


def is_sqlite(path: Path) -> bool:
    """Whether the file is an SQLite database, whatever it is called."""
    with path.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def without_traces(value: Any, traces: Traces) -> Any:
    """A JSON value with a notice in the place of every string that holds a trace."""
    texts = sorted(_strings(value))
    told = traces.found(pl.Series(texts, dtype=pl.String))
    return _replaced(value, {text for text, hit in zip(texts, told, strict=True) if hit})


def _strings(value: Any) -> set[str]:
    """Every string of a JSON value, names included."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return set(value).union(*map(_strings, value.values()))
    return set().union(*map(_strings, value)) if isinstance(value, list) else set()


def _replaced(value: Any, told: set[str]) -> Any:
    if isinstance(value, str):
        return NOTICE if value in told else value
    if isinstance(value, dict):
        return {_replaced(name, told): _replaced(one, told) for name, one in value.items()}
    return [_replaced(one, told) for one in value] if isinstance(value, list) else value


def _files(settings: Settings) -> list[Path]:
    found = settings.dagster_home.rglob("*") if settings.dagster_home.exists() else []
    return sorted(path for path in found if path.is_file() and not path.name.endswith(("-wal", "-shm")))


def _clear_database(path: Path, traces: Traces) -> None:
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as con:
        con.execute("pragma secure_delete = on")
        changed = 0
        for table, column, row, text in list(_held(con, traces)):
            con.execute(
                f"update {_quoted(table)} set {_quoted(column)} = ? where rowid = ?",  # noqa: S608
                [_without(text, traces), row],
            )
            changed += 1
        con.commit()
        if changed or traces.in_bytes(path.read_bytes()):  # pages of deleted rows stay in the file until then
            con.execute("vacuum")
        con.execute("pragma wal_checkpoint(truncate)")


def _rows_of(path: Path, traces: Traces) -> int:
    # without a log beside it nobody is writing, and even a reader would leave one
    how = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    with closing(sqlite3.connect(f"{path.as_uri()}?{how}", uri=True, timeout=PATIENCE)) as con:
        return len({(table, row) for table, _, row, _ in _held(con, traces)})


def _held(con: sqlite3.Connection, traces: Traces) -> Iterator[tuple[str, str, int, str | bytes]]:
    """(table, column, row id, value) of every value that holds a trace."""
    names = con.execute("select name from sqlite_master where type = 'table' order by name").fetchall()
    for (table,) in names:
        columns = [name for _, name, *_ in con.execute(f"pragma table_info({_quoted(table)})")]
        for column in columns:
            query = (
                f"select rowid, {_quoted(column)} from {_quoted(table)} "  # noqa: S608
                f"where typeof({_quoted(column)}) in ('text', 'blob')"
            )
            cursor = con.execute(query)
            while rows := cursor.fetchmany(CHUNK):
                yield from ((table, column, row, value) for row, value in _holding(rows, traces))


def _holding(rows: list[tuple[int, str | bytes]], traces: Traces) -> Iterator[tuple[int, str | bytes]]:
    texts = [value if isinstance(value, str) else value.decode("utf-8", "replace") for _, value in rows]
    hit = traces.found(pl.Series(texts, dtype=pl.String))
    return ((row, value) for (row, value), told in zip(rows, hit, strict=True) if told)


def _without(value: str | bytes, traces: Traces) -> str | bytes:
    text = value if isinstance(value, str) else value.decode("utf-8", "replace")
    try:
        content = json.loads(text)
    except ValueError:
        kept = NOTICE
    else:
        kept = json.dumps(without_traces(content, traces))
    return kept if isinstance(value, str) else kept.encode()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _lines_of(path: Path, traces: Traces) -> int:
    return int(_told(_read_lines(path), traces).sum())


def _told(lines: list[str], traces: Traces) -> pl.Series:
    readable = [line.encode("utf-8", "replace").decode() for line in lines]
    return traces.found(pl.Series(readable, dtype=pl.String))


def _read_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="surrogateescape").splitlines(keepends=True)
