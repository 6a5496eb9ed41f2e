"""Requests into the warehouse: files from landing folders, files named on the command line, a typed one.

What was read stays: a file that is emptied, taken away or written anew takes back nothing. So a folder can be
cleared after a night, and yesterday's file can be overwritten by today's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import duckdb
import polars as pl

from models import progress
from models.errors import InputError
from models.printable import printable_line
from models.sources.forgotten import NOBODY, Forgotten
from models.sources.records import Candidate, Rejected
from models.sources.requests import RULES_VERSION, Repeated, Request, RequestFile, Rules
from pat_dagster import tables
from pat_dagster.landing import look, printable
from pat_dagster.operations import Operations
from pat_dagster.rows import frame

REQUESTS, REJECTED, FILES = "raw.requests", "raw.rejected_requests", "raw.request_files"
TABLES: Final = (REQUESTS, REJECTED, FILES)
TYPED: Final = "pat generate"  # stands for the file of a request from the command line
WHOLE_FILE: Final = 0  # row of a fault that is not of one row


@dataclass(frozen=True)
class Intake:
    """What happened to one file."""

    dataset: str
    source_file: str
    status: Literal["read", "unchanged", "unreadable", "waiting"]
    read: int = 0
    accepted: int = 0
    rejected: int = 0
    duplicate: int = 0
    problem: str = ""  # why it waits

    def __str__(self) -> str:
        head = f"{self.dataset}: {printable_line(self.source_file)}"  # for logs and the UI: users name files
        if self.status == "unchanged":
            return f"{head} unchanged"
        if self.status == "waiting":
            return f"{head} waits: {printable_line(self.problem)}"
        if self.status == "unreadable":
            return f"{head} cannot be read; raw.rejected_requests says why"
        return (
            f"{head}: {self.read:,} requests read = {self.accepted:,} accepted "
            f"+ {self.rejected:,} rejected + {self.duplicate:,} duplicate"
        )


@dataclass
class _Found:
    """The rows of one file."""

    read: int = 0
    accepted: list[Request] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    duplicate: int = 0
    asked: list[str] = field(default_factory=list)  # request ids in order, those asked before too

    def judge(self, rules: Rules, rows: Iterable[Candidate]) -> _Found:
        for row in rows:
            self.read += 1
            decision = rules.check(row)
            if isinstance(decision, Rejected):
                self.rejected.append(decision)
                continue
            self.asked.append(decision.request_id)
            if isinstance(decision, Repeated):
                self.duplicate += 1
            else:
                self.accepted.append(decision)
        return self


def take_landed(
    con: duckdb.DuckDBPyConnection, settings: Operations, forgotten: Forgotten = NOBODY
) -> list[Intake]:
    """Read what landed since the last time, a transaction per file.

    A file that cannot be read, or a folder that is not there, is a row of raw.rejected_requests: one bad file
    must not keep the others from their answers.
    """
    done: list[Intake] = []
    for place in settings.requests:
        try:
            files = look(place, settings.settle_seconds)
        except InputError as error:
            done.append(_reject_whole(con, place.dataset, str(place.folder), error))
            continue
        for file in progress.track(files, f"requests in {place.folder.name}", total=len(files)):
            if file.problem:
                done.append(Intake(place.dataset, printable(file.path), "waiting", problem=file.problem))
            else:
                done.append(take_file(con, place.dataset, file.path, forgotten))
    return done


def take_file(
    con: duckdb.DuckDBPyConnection,
    dataset: str,
    path: Path,
    forgotten: Forgotten = NOBODY,
    *,
    is_strict: bool = False,
) -> Intake:
    """Read one file unless this very version was read.

    is_strict: a file that cannot be read is an InputError, not a rejected row.
    """
    name = str(path.expanduser().absolute())
    try:
        file = RequestFile.open(name)
        if _was_read(con, dataset, name, file.sha256):
            return Intake(dataset, name, "unchanged")
        found = _Found().judge(Rules(dataset, _known(con, dataset), forgotten), file.candidates())
        return _keep(con, dataset, name, file.format, file.sha256, found)
    except InputError as error:
        if is_strict:
            raise
        return _reject_whole(con, dataset, name, error)


def take_typed(
    con: duckdb.DuckDBPyConnection, dataset: str, asked: Candidate, forgotten: Forgotten = NOBODY
) -> str:
    """Read one request from the command line; returns its id, InputError when it cannot be used."""
    found = _Found().judge(Rules(dataset, _known(con, dataset), forgotten), [asked])
    if found.rejected:
        raise InputError(found.rejected[0].reason, remedy="`pat generate --help` shows what a request needs")
    sha256 = hashlib.sha256(json.dumps([dataset, *found.asked]).encode()).hexdigest()
    if found.accepted:
        _keep(con, dataset, TYPED, "typed", sha256, found)
    return found.asked[0]


def asked_in(dataset: str, path: Path, forgotten: Forgotten = NOBODY) -> list[str]:
    """Request ids of a file, in its order, each once; what is rejected has none."""
    file = RequestFile.open(str(path.expanduser().absolute()))
    found = _Found().judge(Rules(dataset, (), forgotten), file.candidates())
    return list(dict.fromkeys(found.asked))


def _known(con: duckdb.DuckDBPyConnection, dataset: str) -> list[str]:
    tables.ensure_table(con, REQUESTS)
    return tables.read(con, REQUESTS, {"dataset": dataset})["request_id"].to_list()


def _was_read(con: duckdb.DuckDBPyConnection, dataset: str, name: str, sha256: str) -> bool:
    """Whether this is the version of the file that was read last."""
    tables.ensure_table(con, FILES)
    last = tables.read(con, FILES, {"dataset": dataset, "source_file": name}).sort("ingest_order").tail(1)
    return last.select("sha256", "reader_version").rows() == [(sha256, RULES_VERSION)]


def _reject_whole(con: duckdb.DuckDBPyConnection, dataset: str, name: str, error: InputError) -> Intake:
    """One rejected row for the file; a file that is empty, or broken in the same way, is tried again."""
    found = _Found(read=1, rejected=[Rejected(WHOLE_FILE, str(error), "")])
    sha256 = hashlib.sha256(str(error).encode()).hexdigest()
    if not _was_read(con, dataset, name, sha256):
        _keep(con, dataset, name, "unreadable", sha256, found)
    return Intake(dataset, name, "unreadable", read=1, rejected=1)


def _keep(
    con: duckdb.DuckDBPyConnection, dataset: str, name: str, format: str, sha256: str, found: _Found
) -> Intake:
    """All rows of one version of a file, together or not at all."""
    where = {"dataset": dataset, "source_file": name}
    with tables.transaction(con):
        for table in TABLES:
            tables.ensure_table(con, table)
        order = 1 + max(tables.read(con, FILES)["ingest_order"].to_list(), default=0)
        done = Intake(
            dataset,
            name,
            "read",
            found.read,
            tables.append(con, REQUESTS, _requests(found.accepted, order), where),
            tables.replace(con, REJECTED, _rejected(found.rejected), where),
            found.duplicate,
        )
        row = {
            **where,
            "format": format,
            "reader_version": RULES_VERSION,
            "sha256": sha256,
            "ingest_order": order,
            "rows_read": done.read,
            "rows_accepted": done.accepted,
            "rows_rejected": done.rejected,
            "rows_duplicate": done.duplicate,
        }
        tables.append(con, FILES, frame(FILES, [row]))
    return done


def _requests(accepted: Sequence[Request], order: int) -> pl.DataFrame:
    rows = [
        {
            "request_id": one.request_id,
            "dataset": "",
            "source_file": "",
            "source_row": one.row,
            "ingest_order": order,
            "user_id": one.user_id,
            "topic_id": one.topic_id,
            "task": one.task,
            "input": one.input,
            "requested_at": one.requested_at,
        }
        for one in accepted
    ]
    return frame(REQUESTS, rows)


def _rejected(rejected: Sequence[Rejected]) -> pl.DataFrame:
    rows = [
        {"dataset": "", "source_file": "", "source_row": row, "reason": reason, "record": record}
        for row, reason, record in rejected
    ]
    return frame(REJECTED, rows)
