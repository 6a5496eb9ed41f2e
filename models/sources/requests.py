"""Files of requests, a text wanted for a user about a topic: JSON lines, CSV or Parquet, one request per row.

Columns: user (or user_id), topic (or topic_id) and input; if any task (else `long`) and requested_at. Rules:

- user and topic: as in reviews; with the dataset's name in front, as tables show them, they are the same id;
- task: long, short or rating; a blank one is long;
- input: not blank; a title (long) has the limits of titles, a text (short, rating) those of texts;
- requested_at: as the time of a review; only earlier reviews are shown to a request that says one.

`request_id` is a hash of user, topic, task and input: who asks the same again, later or in another file, asks
nothing new and is counted as a duplicate. Users and topics that nobody knows are no faults.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from models.errors import InputError
from models.recipes import TASKS, Task
from models.sources import csv_rows, table
from models.sources.detect import NAMES, first_names, kind_of
from models.sources.files import SourceFile, refuse_utf16, sha256_of
from models.sources.forgotten import NOBODY, REASON, UNREADABLE, Forgotten
from models.sources.records import (
    MAX_TEXT,
    MAX_TITLE,
    REVIEW_ID_HEX,
    Candidate,
    RecordFault,
    Rejected,
    checked,
    digest,
    identifier,
    record_text,
    shown,
    time_of,
)

RequestFormat = Literal["csv", "json_lines", "parquet"]
RULES_VERSION: Final = 1  # raise when other rows are accepted: files are then read again
HEAD: Final = 2**16  # bytes looked at; a header of 64 KiB is longer than any table's
# field of a candidate -> names of its column, the first wins
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "user": ("user", "user_id"),
    "topic": ("topic", "topic_id"),
    "text": ("input",),
    "task": ("task",),
    "posted_at": ("requested_at",),
}
REQUIRED: Final = ("user", "topic", "text")


class Request(NamedTuple):
    """One accepted request; ids are namespaced by dataset."""

    row: int
    request_id: str
    user_id: str
    topic_id: str
    task: Task
    input: str
    requested_at: datetime | None


class Repeated(NamedTuple):
    """A row that asks what was asked before."""

    row: int
    request_id: str


@dataclass(frozen=True)
class RequestFile:
    """One file of requests, recognized by its first bytes; InputError when it is none.

    sha256: of its bytes (hex).
    """

    file: SourceFile
    format: RequestFormat
    sha256: str

    @classmethod
    def open(cls, path: str) -> RequestFile:
        """Reads the first bytes, and the whole file once for its hash."""
        file = SourceFile(path)
        head = file.head(HEAD)
        refuse_utf16(file.name, head)
        kind = kind_of(head)
        if kind not in ("csv", "json_lines", "parquet"):
            raise InputError(
                f"requests are JSON lines, CSV or Parquet; this is {NAMES[kind]}",
                file=path,
                remedy="write one request per line: "
                '{"user": "u1", "topic": "t1", "task": "long", "input": "a title"}',
            )
        return cls(file, kind, sha256_of(file.path))

    def candidates(self) -> Iterator[Candidate]:
        """The rows, nothing validated; InputError when the file cannot be read to its end."""
        if self.format == "parquet":
            columns = _columns(self.file.name, [_parquet_names(self.file)])
            rows = table.read_parquet(self.file, columns)
        elif self.format == "json_lines":
            rows = table.read_json_lines(self.file, _names(first_names(self.file)))
        else:
            head = self.file.head(HEAD)
            headers = [csv_rows.header(head, mark) for mark in csv_rows.DELIMITERS]
            rows = table.read_csv(self.file, _columns(self.file.name, headers))
        found = False
        for row in rows:
            found = True
            yield row
        self.file.refuse_if_changed()
        if not found:
            raise InputError("the file holds no requests", file=self.file.name, remedy="write it whole")


class Rules:
    """Decides about the requests of one dataset, in order.

    known: request ids that were asked before. forgotten: users for whom nothing is written, nor kept.
    """

    def __init__(self, dataset: str, known: Collection[str] = (), forgotten: Forgotten = NOBODY) -> None:
        self.dataset = dataset
        self._forgotten = forgotten
        self._known = set(known)

    def check(self, candidate: Candidate) -> Request | Rejected | Repeated:
        """Decide about one row."""
        if self._forgotten.concerns(self.dataset) and (reason := self._not_kept(candidate)):
            return Rejected(candidate.row, reason, "")
        try:
            if candidate.fault is not None:
                raise RecordFault(candidate.fault)
            user, topic = self.own_id("user", candidate.user), self.own_id("topic", candidate.topic)
            task = task_of(candidate.task)
            text = input_of(candidate.text, task)
            requested_at = time_of(candidate.posted_at)
        except RecordFault as fault:
            return Rejected(candidate.row, str(fault), record_text(candidate.record))
        identity = digest(user, topic, task, text, size=32).hex()[:REVIEW_ID_HEX]
        request_id = f"{self.dataset}:request-{identity}"
        if request_id in self._known:
            return Repeated(candidate.row, request_id)
        self._known.add(request_id)
        user_id, topic_id = (f"{self.dataset}:{name}" for name in (user, topic))
        return Request(candidate.row, request_id, user_id, topic_id, task, text, requested_at)

    def _not_kept(self, candidate: Candidate) -> str | None:
        """Why nothing of a row may be kept: it is a forgotten user's, or may be."""
        try:
            user = self.own_id("user", candidate.user)
        except RecordFault:
            return UNREADABLE
        return REASON if self._forgotten.holds(f"{self.dataset}:{user}") else None

    def own_id(self, name: str, value: object) -> str:
        """An id without the dataset in front of it."""
        return identifier(name, identifier(name, value).removeprefix(f"{self.dataset}:"))


def task_of(value: object) -> Task:
    """One of the tasks; `long` where none is named."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return "long"
    for task in TASKS:
        if value == task:
            return task
    raise RecordFault(f"task is {shown(value)}: expected {', '.join(TASKS[:-1])} or {TASKS[-1]}")


def input_of(value: object, task: Task) -> str:
    """What the user gave, exactly as it came."""
    if value is None:
        raise RecordFault("input is missing")
    if not isinstance(value, str):
        raise RecordFault(f"input is {shown(value)}: expected text")
    if not value.strip():
        raise RecordFault("input is empty")
    return checked("input", value, MAX_TITLE if task == "long" else MAX_TEXT)


def _names(present: Collection[str]) -> dict[str, str]:
    """field -> the name of its column that is present, else its first name: rows then miss it one by one."""
    return {
        field: next((name for name in names if name in present), names[0]) for field, names in COLUMNS.items()
    }


def _columns(file: str, headers: list[list[str]]) -> dict[str, str]:
    """field -> column by the first header that has all required ones; InputError when none has."""
    for header in headers:
        present = {field: name for field, name in _names(header).items() if name in header}
        if set(REQUIRED) <= set(present):
            return present
    longest = max(headers, key=len)
    missing = [COLUMNS[field][0] for field in REQUIRED if not set(COLUMNS[field]) & set(longest)]
    raise InputError(
        f"no column {', '.join(missing) or 'names'}; it has {', '.join(longest)[:200]!a}",
        file=file,
        remedy="name its columns user, topic, input and, if any, task and requested_at",
    )


def _parquet_names(file: SourceFile) -> list[str]:
    try:
        return list(pq.read_schema(file.path).names)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"not a Parquet file that can be read ({table.first_line(error)})",
            file=file.name,
            remedy="copy or write the file again",
        ) from error
