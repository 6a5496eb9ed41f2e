"""Reads one source: records of any format in, Arrow batches of accepted and rejected rows out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from models.errors import InputError
from models.sources import amazon2023, datafiniti, pgraphrag, sample, table
from models.sources.detect import Kind, is_sample, resolve
from models.sources.files import SourceFile, sha256_of
from models.sources.forgotten import NOBODY, Forgotten
from models.sources.records import Accepted, Candidate, Rejected, Validator
from models.sources.spec import TABLE_SEPARATOR, Format, SourceSpec

BATCH_ROWS = 5_000  # rows per batch: a few MB of reviews
BATCH_CHARACTERS = 32 * 2**20  # a batch of long records ends sooner, so that memory stays bounded

REVIEWS = pa.schema(
    [
        ("dataset", pa.string()),
        ("source_file", pa.string()),
        ("source_row", pa.int64()),
        ("review_id", pa.string()),
        ("split", pa.string()),
        ("user_id", pa.string()),
        ("topic_id", pa.string()),
        ("title", pa.string()),
        ("text", pa.string()),
        ("rating", pa.float64()),
        ("posted_at", pa.timestamp("us")),
        ("is_target", pa.bool_()),
    ]
)
REJECTED = pa.schema(
    [
        ("dataset", pa.string()),
        ("source_file", pa.string()),
        ("source_row", pa.int64()),
        ("reason", pa.string()),
        ("record", pa.string()),
    ]
)


@dataclass(frozen=True)
class Batch:
    """Up to `BATCH_ROWS` records. `n_read` counts what came from the file, before any decision."""

    accepted: pa.RecordBatch
    rejected: pa.RecordBatch
    n_read: int
    n_duplicate: int


class SourceReader:
    """One source, opened and recognized; iterate it for its batches, in file order.

    format: what the source is read as. sha256: of its bytes (hex). total_bytes: its size on disk, 0 for
    a sample; position: how many of them were read so far. how: everything else that decides the rows.
    Making one reads the first bytes only; `sha256` reads the whole file once.
    """

    def __init__(self, spec: SourceSpec, forgotten: Forgotten = NOBODY) -> None:
        self.spec = spec
        self._forgotten = forgotten
        self._file = None if is_sample(spec) else SourceFile(spec.path.partition(TABLE_SEPARATOR)[0])
        if self._file is None:
            sample.world_of(spec.path)
        self.format: Format
        self._kind: Kind
        self.format, self._kind = resolve(spec, self._file)
        self.how = spec.how(self.format)
        self.total_bytes = self._file.total_bytes if self._file else 0
        self._sha256: str | None = None

    @property
    def sha256(self) -> str:
        """SHA-256 of the file; for a sample, of its seed and of the code that draws it."""
        if self._sha256 is None:
            if self._file is None:
                self._sha256 = sample.sha256(self.spec.path)
            elif self._kind == "duckdb":
                self._sha256 = sha256_of(*table.duckdb_files(self._file.path))
            else:
                self._sha256 = sha256_of(self._file.path)
        return self._sha256

    @property
    def position(self) -> int:
        """Bytes of the file that were read so far; starts again with every iteration."""
        return self._file.position if self._file else 0

    def candidates(self) -> Iterator[Candidate]:
        """The records of the file, nothing validated."""
        if self._file is None:
            return sample.read(self.spec.path)
        if self.format == "pgraphrag":
            return pgraphrag.read(self._file)
        if self.format == "amazon2023":
            return amazon2023.read(self._file)
        if self.format == "datafiniti":
            return datafiniti.read(self._file)
        columns = self.spec.columns
        if self._kind == "duckdb":
            return table.read_duckdb(self._file, self.spec.path.partition(TABLE_SEPARATOR)[2], columns)
        if self._kind == "parquet":
            return table.read_parquet(self._file, columns)
        if self._kind == "json_lines":
            return table.read_json_lines(self._file, columns)
        return table.read_csv(self._file, columns)

    def __iter__(self) -> Iterator[Batch]:
        """The batches of the file.

        InputError when the file is broken as a whole, holds no record, or changed while it was read:
        what was yielded before must then be thrown away.
        """
        validator = Validator(self.spec.dataset, self.spec.split, self._forgotten)
        work = _Builder(self.spec)
        total = 0
        for candidate in self.candidates():
            total += 1
            work.n_read += 1
            decision = validator.check(candidate)
            if isinstance(decision, Accepted):
                work.accepted.append(decision)
                work.characters += len(decision.text) + len(decision.title)
            elif isinstance(decision, Rejected):
                work.rejected.append(decision)
                work.characters += len(decision.record)
            else:
                work.n_duplicate += 1
            if work.n_read == BATCH_ROWS or work.characters >= BATCH_CHARACTERS:
                yield work.batch()
                work = _Builder(self.spec)
        if self._file is not None:
            self._file.refuse_if_changed()
        if total == 0:
            raise InputError(
                "the file holds no records",
                file=self.spec.path,
                remedy="check that it was written completely",
            )
        if work.n_read:
            yield work.batch()


def read_source(spec: SourceSpec, forgotten: Forgotten = NOBODY) -> SourceReader:
    """Open a source and recognize its format; InputError says what is wrong and what to do.

    Rows of `forgotten` users are rejected, and nothing of them is kept.
    """
    return SourceReader(spec, forgotten)


class _Builder:
    """Collects the rows of one batch."""

    def __init__(self, spec: SourceSpec) -> None:
        self._spec = spec
        self.accepted: list[Accepted] = []
        self.rejected: list[Rejected] = []
        self.n_read = 0
        self.n_duplicate = 0
        self.characters = 0

    def batch(self) -> Batch:
        """The rows so far as Arrow batches."""
        return Batch(
            accepted=self._arrow(self.accepted, REVIEWS),
            rejected=self._arrow(self.rejected, REJECTED),
            n_read=self.n_read,
            n_duplicate=self.n_duplicate,
        )

    def _arrow(self, rows: list[Accepted] | list[Rejected], schema: pa.Schema) -> pa.RecordBatch:
        """Named tuples as one Arrow batch, with dataset and source file in front."""
        fields = schema.names[2:]
        cells = list(zip(*rows, strict=True)) if rows else [()] * len(fields)
        columns = [[self._spec.dataset] * len(rows), [self._spec.path] * len(rows), *cells]
        arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)
