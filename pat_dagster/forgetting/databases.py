"""The DuckDB files of a home: the warehouse, the published file and its snapshots."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import polars as pl
from sqlglot import exp

from models.progress import track
from pat_dagster import tables
from pat_dagster.forgetting import rejected
from pat_dagster.forgetting.ledger import note_tables
from pat_dagster.forgetting.registry import remember
from pat_dagster.forgetting.rows import ROW, address, doomed, remove, table_names
from pat_dagster.forgetting.subject import Subject
from pat_dagster.resources.warehouse import open_database
from pat_dagster.settings import SQL_ROOT, Settings
from pat_dagster.sql_files import DIALECT

SUFFIX: Final = ".forget"  # of a file that is being written in the place of another
RETRAIN: Final = "retrain"
POLICIES: Final = ("policy.adapters", "policy.policies")
LEARNED: Final = ("feature.propagation",)
TOPICS: Final = ("staging.topics",)
PUBLISHED: Final = "ops.published_tables"


@dataclass(frozen=True)
class File:
    """One DuckDB file; names: every path that leads to these bytes, the first is the one to open."""

    names: tuple[Path, ...]

    @property
    def path(self) -> Path:
        """The one to open."""
        return self.names[0]


def files(settings: Settings) -> list[File]:
    """Every DuckDB file below the home, the warehouse first; hard links of one file together."""
    found: dict[tuple[int, int], list[Path]] = {}
    for path in sorted(settings.home.rglob("*.duckdb")):
        if path.is_symlink() or path.name.startswith("."):
            continue
        stat = path.stat()
        found.setdefault((stat.st_dev, stat.st_ino), []).append(path)
    together = [File(tuple(names)) for names in found.values()]
    return sorted(together, key=lambda file: (settings.warehouse_path not in file.names, file.names))


@contextmanager
def opened(settings: Settings) -> Iterator[dict[str, duckdb.DuckDBPyConnection]]:
    """Every DuckDB file of the home for reading, by its path below the home, the warehouse first."""
    connections: dict[str, duckdb.DuckDBPyConnection] = {}
    try:
        for file in files(settings):
            name = str(file.path.relative_to(settings.home))
            connections[name] = open_database(file.path, read_only=True)
        yield connections
    finally:
        for con in connections.values():
            con.close()


def count(con: duckdb.DuckDBPyConnection, subject: Subject) -> dict[str, int]:
    """Rows that would go, by table; tables without any are left out."""
    found = {}
    for table in track(table_names(con), "tables", unit="tables"):
        if n := len(doomed(con, table, subject)):
            found[table] = n
    for table in TOPICS:
        if table in table_names(con) and (n := len(_others(con, table, "topic_id", subject.topics))):
            found[table] = n
    return found


def clear_warehouse(settings: Settings, subject: Subject) -> None:
    """Remove everything from the warehouse and remember who may not return, in one transaction."""
    with open_database(settings.warehouse_path) as con, tables.transaction(con):
        remember(con, settings, subject.users)
        changed = rejected.reject(con, subject) | _clear(con, subject)
        note_tables(con, changed)


def clear_published(file: File, subject: Subject) -> None:
    """Remove everything from a file that readers may have open: a copy is changed and takes its place."""
    with _opened_copy(file) as con:
        con.execute((SQL_ROOT / "macros.sql").read_text(encoding="utf-8"))
        with tables.transaction(con):
            _restate(con, _clear(con, subject))


def rewrite(path: Path, names: tuple[Path, ...] = ()) -> None:
    """Write a DuckDB file anew from its rows, so that nothing deleted is left in it; swapped in whole.

    names: all paths that lead to this file now; they lead to the new one afterwards.
    """
    draft = path.with_name(f".{path.name}{SUFFIX}")
    _remove(draft)
    with open_database(draft) as con:
        source = exp.alias_(exp.Literal.string(str(path)), "old")
        attach = exp.Attach(this=source, expressions=[exp.AttachOption(this=exp.var("read_only"))])
        con.execute(attach.sql(dialect=DIALECT))
        new = con.execute("select current_database()").fetchall()[0][0]
        con.execute(f"copy from database old to {exp.to_identifier(new, quoted=True).sql(dialect=DIALECT)}")
        con.execute("detach old")
        con.execute("checkpoint")
    _swap(draft, path, names or (path,))


def _clear(con: duckdb.DuckDBPyConnection, subject: Subject) -> dict[str, int]:
    """Delete rows and mark policies, inside a transaction; rows changed by table."""
    present = table_names(con)
    found = {table: remove(con, table, doomed(con, table, subject)) for table in track(present, "tables")}
    for table in TOPICS:
        if table in present:
            found[table] += remove(con, table, _others(con, table, "topic_id", subject.topics))
    for table in LEARNED:
        if table in present:
            found[table] += remove(con, table, _others(con, table, "dataset", subject.learned))
    for table in POLICIES:
        if table in present:
            found[table] += _mark(con, table, subject)
    return {table: n for table, n in found.items() if n}


def _others(con: duckdb.DuckDBPyConnection, table: str, column: str, values: tuple[str, ...]) -> pl.Series:
    """Row ids by a column that names nobody, but has only their rows behind it."""
    where = exp.column(column, quoted=True).isin(*values) if values else exp.false()
    query = exp.select(ROW).from_(address(table)).where(where)
    return con.sql(query.sql(dialect=DIALECT)).pl()[ROW]


def _mark(con: duckdb.DuckDBPyConnection, table: str, subject: Subject) -> int:
    """Say of the policies that they wait for retraining, and that their weights are gone."""
    marked = 0
    for policy, reason in subject.policies:
        values: dict[str, object] = {"status": RETRAIN, "reason": reason, "path": None, "sha256": None}
        where = exp.and_(exp.column("policy_id").eq(policy), exp.column("status").neq(RETRAIN))
        update = exp.update(address(table), values, where=where)
        marked += int(con.execute(update.sql(dialect=DIALECT)).fetchall()[0][0])
    return marked


def _restate(con: duckdb.DuckDBPyConnection, changed: Mapping[str, int]) -> None:
    """Correct what a published file says about its tables."""
    if PUBLISHED not in table_names(con):
        return
    for table in changed:
        sha256, rows = tables.fingerprint(con, table)
        of_table = exp.column("table_name").eq(table)
        has_hash = exp.column("content_sha256").is_(exp.null()).not_()  # made while publishing: none
        counted = exp.update(address(PUBLISHED), {"rows": rows}, where=of_table)
        hashed = exp.update(
            address(PUBLISHED), {"content_sha256": sha256}, where=exp.and_(of_table, has_hash)
        )
        con.execute(counted.sql(dialect=DIALECT))
        con.execute(hashed.sql(dialect=DIALECT))


@contextmanager
def _opened_copy(file: File) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy to change, written anew and swapped in at the end; on an exception the file stays as it was."""
    copy = file.path.with_name(f".{file.path.name}.copy")
    _remove(copy)
    shutil.copyfile(file.path, copy)
    try:
        with open_database(copy) as con:
            yield con
        stat = file.path.stat()
        rewrite(copy)
        os.utime(copy, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # when it was published
        copy.chmod(stat.st_mode)
        _swap(copy, file.path, file.names)
    finally:
        _remove(copy)


def _swap(draft: Path, path: Path, names: tuple[Path, ...]) -> None:
    """Put `draft` in the place of every one of `names`, as one file as before where links are possible."""
    with draft.open("rb") as stream:
        os.fsync(stream.fileno())
    for name in names[1:]:
        link = name.with_name(f".{name.name}.link")
        link.unlink(missing_ok=True)
        try:
            os.link(draft, link)
        except OSError:
            shutil.copy2(draft, link)
        link.replace(name)
    draft.replace(path)


def _remove(path: Path) -> None:
    for leftover in (path, path.with_name(path.name + ".wal")):
        leftover.unlink(missing_ok=True)
