"""Brings registered sources into a store: one transaction per file, unchanged files left alone.

Pure: what a store is (DuckDB, a list in a test) is up to the caller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

import pyarrow as pa

from models.errors import InputError
from models.printable import printable_line
from models.sources.forgotten import NOBODY, Forgotten
from models.sources.reader import SourceReader, read_source
from models.sources.spec import SourceSpec

SHOWN_REASONS = 3  # enough to recognize a wrong format


@dataclass(frozen=True)
class FileRow:
    """One row of raw.source_files. `rows_read` is counted by the reader before any decision about a record;
    the other counts are what the store says it wrote and what the reader dropped as repetitions."""

    dataset: str
    source_file: str
    format: str
    read_as: str
    sha256: str
    ingest_order: int
    rows_read: int
    rows_accepted: int
    rows_rejected: int
    rows_duplicate: int


@dataclass(frozen=True)
class Outcome:
    """What happened to one source; `file` is its row: of a source that was not read the one it had, or zeros.

    failed: it cannot be read, `problem` says why; kept: nobody looked. Both keep the rows they had.
    """

    status: Literal["read", "unchanged", "removed", "failed", "kept"]
    file: FileRow
    problem: str = ""

    def __str__(self) -> str:
        file = self.file
        name = printable_line(file.source_file)  # for logs and the UI: users name files
        head = f"{file.dataset}: {name} ({file.format}) {self.status}"
        if self.status == "removed":
            return f"{head}: it is no longer registered"
        if self.status == "failed":
            return f"{head}: {printable_line(self.problem)}; the {file.rows_accepted:,} reviews it had stay"
        parts = (
            f"{file.rows_read:,} rows read = {file.rows_accepted:,} accepted "
            f"+ {file.rows_rejected:,} rejected + {file.rows_duplicate:,} duplicate"
        )
        return f"{head}: {parts}"


class Store(Protocol):
    """Where rows go. Everything inside `transaction()` is kept together or not at all."""

    def files(self) -> Sequence[FileRow]: ...

    def transaction(self) -> AbstractContextManager[None]: ...

    def delete(self, dataset: str, source_file: str) -> None: ...

    def add_reviews(self, rows: pa.RecordBatch) -> int: ...

    def add_rejected(self, rows: pa.RecordBatch) -> int: ...

    def add_file(self, row: FileRow) -> None: ...


class Progress(Protocol):
    """A bar that moves by bytes."""

    def update(self, n: int) -> object: ...


def ingest(
    specs: Iterable[SourceSpec],
    store: Store,
    bar: Callable[[str, int], AbstractContextManager[Progress]],
    forgotten: Forgotten = NOBODY,
    tolerate: Callable[[SourceSpec], bool] = lambda _: False,
    keep: Collection[tuple[str, str]] = (),
) -> list[Outcome]:
    """Make the store hold exactly the registered sources; returns one outcome per source, removed ones last.

    A source is read when its bytes, format, split, column mapping or the reader's version changed since
    it was read last. `bar(description, bytes)` draws the progress of one file. Rows of `forgotten` users are
    rejected.

    InputError when a source cannot be used, before anything is written for it: files that were finished
    earlier stay, the failed one keeps the rows it had; one that `tolerate` names ends nothing. Also when no
    source holds a usable row. keep: (path, dataset) of sources whose rows stay although they are not among
    `specs`.
    """
    known = {(row.dataset, row.source_file): row for row in store.files()}
    order = max((row.ingest_order for row in known.values()), default=0)
    # a wrong name or format ends the run before it writes
    opened = [_open(spec, forgotten, tolerate(spec)) for spec in specs]
    if not opened and not keep:
        raise InputError("no source is registered", remedy="name one: --data FILE --dataset NAME")
    outcomes: list[Outcome] = []
    reasons: Counter[str] = Counter()
    for reader, spec, problem in opened:
        old = known.pop((spec.dataset, spec.path), None)
        if reader is None:
            outcome = Outcome("failed", old or _no_rows(spec), problem)
        else:
            outcome = _bring(reader, old, store, order + 1, bar, reasons, is_tolerated=tolerate(spec))
        order = max(order, outcome.file.ingest_order)
        outcomes.append(outcome)
    for (dataset, source_file), row in known.items():
        if (source_file, dataset) in keep:
            outcomes.append(Outcome("kept", row))
            continue
        with store.transaction():
            store.delete(dataset, source_file)
        outcomes.append(Outcome("removed", row))
    _refuse_unusable(outcomes, reasons)
    return outcomes


def _open(
    spec: SourceSpec, forgotten: Forgotten, is_tolerated: bool
) -> tuple[SourceReader | None, SourceSpec, str]:
    """(reader, spec, ""), or (None, spec, what is wrong) for a source that may be wrong."""
    try:
        return read_source(spec, forgotten), spec, ""
    except InputError as error:
        if not is_tolerated:
            raise
        return None, spec, error.reason


def _no_rows(spec: SourceSpec) -> FileRow:
    """Of a source that was never read."""
    return FileRow(spec.dataset, spec.path, spec.format, "", "", 0, 0, 0, 0, 0)


def _bring(
    reader: SourceReader,
    old: FileRow | None,
    store: Store,
    order: int,
    bar: Callable[[str, int], AbstractContextManager[Progress]],
    reasons: Counter[str],
    *,
    is_tolerated: bool,
) -> Outcome:
    """Read one source unless its rows are there already; `old` is its row so far."""
    if old and (old.format, old.read_as, old.sha256) == (reader.format, reader.how, reader.sha256):
        return Outcome("unchanged", old)
    try:
        with store.transaction():
            return Outcome("read", _replace(reader, store, order, bar, reasons))
    except InputError as error:
        if not is_tolerated:
            raise
        return Outcome("failed", old or _no_rows(reader.spec), error.reason)


def _replace(
    reader: SourceReader,
    store: Store,
    order: int,
    bar: Callable[[str, int], AbstractContextManager[Progress]],
    reasons: Counter[str],
) -> FileRow:
    """Put the rows of one file in the place of those it had; inside a transaction."""
    spec = reader.spec
    read = accepted = rejected = duplicate = done = 0
    sha256 = reader.sha256
    store.delete(spec.dataset, spec.path)
    with bar(f"{spec.dataset}: {spec.path.rpartition('/')[2]}", reader.total_bytes) as shown:
        for batch in reader:
            accepted += store.add_reviews(batch.accepted)
            rejected += store.add_rejected(batch.rejected)
            read += batch.n_read
            duplicate += batch.n_duplicate
            reasons.update(batch.rejected["reason"].to_pylist())
            if len(reasons) > 1_000:  # reasons quote values: keep the frequent ones only
                for reason, _ in reasons.most_common()[100:]:
                    del reasons[reason]
            shown.update(reader.position - done)
            done = reader.position
    row = FileRow(
        dataset=spec.dataset,
        source_file=spec.path,
        format=reader.format,
        read_as=reader.how,
        sha256=sha256,
        ingest_order=order,
        rows_read=read,
        rows_accepted=accepted,
        rows_rejected=rejected,
        rows_duplicate=duplicate,
    )
    store.add_file(row)
    return row


def _refuse_unusable(outcomes: Sequence[Outcome], reasons: Counter[str]) -> None:
    """InputError when all that was read was rejected: nothing downstream could work."""
    present = [outcome.file for outcome in outcomes if outcome.status != "removed"]
    if any(row.rows_accepted for row in present):
        return
    problems = [outcome.problem for outcome in outcomes if outcome.problem]
    frequent = [f"{count:,} times: {reason}" for reason, count in reasons.most_common(SHOWN_REASONS)]
    why = "; ".join([*problems, *frequent][:SHOWN_REASONS])
    raise InputError(
        f"none of {sum(row.rows_read for row in present):,} rows is usable{f' ({why})' if why else ''}",
        file=", ".join(row.source_file for row in present),
        remedy="check --format and the column mapping; the records are in raw.rejected_rows",
    )
