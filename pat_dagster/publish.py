"""Publishes the warehouse to readers: a finished copy, swapped in whole, and only when something changed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from models.errors import WorkError
from pat_dagster import published_file, snapshots
from pat_dagster.operations import Operations
from pat_dagster.resources.warehouse import open_database
from pat_dagster.sql_files import SqlFile, load_files

HIDDEN = {"raw"}  # reviews as they came, rejected ones too, stay with the job
KEPT = Operations().snapshots


@dataclass(frozen=True)
class Published:
    """What readers see: rows per table, tables that do not exist yet, size in bytes.

    changed: whether this publish swapped the file. iteration: the newest one in it, None where none was run.
    snapshot: where the file before it is kept, None where nothing was swapped or kept.
    """

    rows: dict[str, int]
    missing: list[str]
    size: int
    changed: bool
    iteration: str | None
    snapshot: Path | None


def published_files() -> list[SqlFile]:
    """Files of the tables that readers get, in stage order."""
    return [file for file in load_files().values() if file.schema not in HIDDEN]


def publish(
    warehouse: Path, analytics: Path, *, keep: int = KEPT, always: bool = False, now: datetime | None = None
) -> Published:
    """Copy the published tables of `warehouse` into a new file and move it onto `analytics`.

    Where rows, columns and comments of all tables but `ops.*` are those published already, the file stays as
    it is, to the byte; `always` swaps it nevertheless. The file before it becomes a snapshot beside it; the
    newest `keep` of them stay, and one of every iteration. now: UTC; the clock's where left out.

    A process that has the old file open keeps reading it until it closes its last connection (DuckDB
    shares one instance per path and process); every other one that opens the path sees the new file,
    complete. When anything fails, `analytics` stays what it was.
    """
    if not warehouse.exists():
        raise WorkError(f"{warehouse} does not exist", step="published", remedy="`pat run` creates it")
    folder = analytics.parent / "snapshots"
    files = published_files()
    wanted = published_file.wanted(warehouse, files)
    before = published_file.recorded(analytics)
    snapshot = None
    changed = always or before is None or before.versions != wanted
    if changed:
        draft = analytics.with_name(f".{analytics.name}.draft")
        at = now or datetime.now(UTC).replace(tzinfo=None)
        published_file.write(draft, warehouse, files, wanted, at)
        sync(draft)
        if before is not None:
            snapshot = snapshots.keep_dated(analytics, folder, before.published_at)
        draft.replace(analytics)  # atomic, and open readers keep the old file
        sync(analytics.parent)
    rows, iteration = _after(analytics, folder, keep)
    return Published(
        rows=rows,
        missing=[file.name for file in files if file.name not in rows],
        size=analytics.stat().st_size,
        changed=changed,
        iteration=iteration,
        snapshot=snapshot if snapshot is not None and snapshot.exists() else None,
    )


def _after(analytics: Path, folder: Path, keep: int) -> tuple[dict[str, int], str | None]:
    """Rows per table and the newest iteration. Repeatable: the next publish finishes a killed one."""
    with open_database(analytics, read_only=True) as con:
        rows, iteration = published_file.rows(con), published_file.newest_iteration(con)
    if iteration is not None:
        snapshots.keep_iteration(analytics, folder, iteration)
    snapshots.point_latest(analytics, folder)
    snapshots.retain(folder, keep)
    return rows, iteration


def sync(path: Path) -> None:
    """Force a file, or the entries of a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
