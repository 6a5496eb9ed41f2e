"""The two DuckDB files: whole, held by nobody, and the published one as new as the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psutil

from pat_dagster.doctor.findings import Finding, named
from pat_dagster.doctor.ledger import newest_rows
from pat_dagster.publish import published_files
from pat_dagster.settings import Settings


def database(path: Path) -> Iterator[Finding]:
    """A DuckDB file: whole, and held by nobody who writes."""
    if not path.exists():
        yield Finding("OK", path.name, "not there yet; `pat run` makes it")
        return
    try:
        with duckdb.connect(str(path), read_only=True) as con:
            tables = con.sql("select count(*) from duckdb_tables() where not internal").fetchall()[0][0]
    except duckdb.Error as error:
        yield _unopened(path, str(error))
        return
    yield Finding("OK", path.name, f"{tables} tables, {path.stat().st_size / 2**20:.1f} MiB")


def can_open(path: Path) -> bool:
    """Whether `database` found the file in order, or not there yet."""
    return all(finding.level == "OK" for finding in database(path))


def published(settings: Settings) -> Iterator[Finding]:
    """analytics.duckdb shows what the warehouse holds; both can be opened."""
    if not settings.analytics_path.exists():
        yield Finding("WARN", "published", "nothing yet", "`pat run` publishes when it is through")
        return
    names = {file.name for file in published_files()}
    job, readers = (newest_rows(path) for path in (settings.warehouse_path, settings.analytics_path))
    behind = {
        table
        for (table, iteration), row in job.items()
        if table in names
        and readers.get((table, iteration), {}).get("content_sha256") != row["content_sha256"]
    }
    if behind:
        detail = f"readers see older rows of {named(behind)}"
        yield Finding("WARN", "published", detail, "`pat run` publishes when it is through")
    else:
        yield Finding("OK", "published", "readers see what the warehouse holds")


def _unopened(path: Path, message: str) -> Finding:
    held = re.search(r"\(PID (\d+)", message)
    if held is None:
        remedy = "move it away and run `pat run` again: everything in it is made from the sources"
        return Finding("FAIL", path.name, f"cannot be opened: {message.splitlines()[0]}", remedy)
    pid = int(held.group(1))
    return Finding(
        "WARN",
        path.name,
        f"held by {describe_process(pid)}",
        "wait for it to end; analytics.duckdb can be read meanwhile",
    )


def describe_process(pid: int) -> str:
    """Process id and the start of its command line."""
    try:
        command = " ".join(psutil.Process(pid).cmdline()[:4])
    except psutil.NoSuchProcess:
        command = "gone by now"
    except psutil.AccessDenied:
        command = "of another user"
    return f"process {pid} ({command})"
