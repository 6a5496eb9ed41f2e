"""The vector store: one LanceDB table per kind of vector, kept in step with the texts it was made from.

`sync` embeds only what is new or changed, so a nightly run costs what the night brought. It has one
writer at a time: concurrent merges on one key can leave duplicates in LanceDB.
"""

from __future__ import annotations

import fcntl
import hashlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa

from models.errors import BusyError, WorkError
from models.progress import bar

CHUNK: Final = 4_096  # rows embedded and stored at once; a killed run loses at most one chunk
DELETE_CHUNK: Final = 10_000  # ids named in one delete; longer lists make slow filters

NAMES: Final = ["id", "dataset", "encoder_id", "text_sha256"]  # every column but the vector
_LANCE_ERRORS = (ValueError, RuntimeError)  # it has no classes of its own
_DAMAGE: Final = ("was not found", "Not found", "sufficient data", "fill whole buffer")
Encode = Callable[[pl.DataFrame], np.ndarray]


@dataclass(frozen=True)
class SyncResult:
    """What `sync` did, in rows."""

    kept: int
    embedded: int
    removed: int


@dataclass(frozen=True)
class Vectors:
    """Rows of one table sorted by id: `ids` (n,), `datasets` (n,), `matrix` (n, d) float32."""

    ids: np.ndarray
    datasets: np.ndarray
    encoder_ids: np.ndarray
    matrix: np.ndarray

    def rows_of(self, ids: Sequence[str] | np.ndarray) -> np.ndarray:
        """Row numbers of `ids`, -1 where an id has no vector."""
        wanted = np.asarray(ids, dtype=object)
        if not len(self.ids):
            return np.full(len(wanted), -1)
        place = np.searchsorted(self.ids, wanted).clip(max=len(self.ids) - 1)
        return np.where(self.ids[place] == wanted, place, -1)

    def sha256(self) -> str:
        """Hash of ids, encoders and vectors, independent of the order they were stored in."""
        digest = hashlib.sha256()
        for names in (self.ids, self.datasets, self.encoder_ids):
            digest.update("\n".join(names).encode())
        digest.update(np.ascontiguousarray(self.matrix).tobytes())
        return digest.hexdigest()


def text_sha256(text: str) -> str:
    """Hash by which the store knows that a text has changed."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class VectorStore:
    """LanceDB tables below `folder`; columns id, dataset, vector, encoder_id, text_sha256."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def sync(self, table: str, rows: pl.DataFrame, encode: Encode, dimensions: int) -> SyncResult:
        """Make `table` hold exactly the ids of `rows`, each with the vector of its present text.

        `rows` has the columns id, dataset, encoder_id, text_sha256 and whatever `encode` needs; `encode`
        gets the rows without a valid vector and returns (n, dimensions) float32. Ids must be unique.
        """
        if rows["id"].n_unique() != rows.height:
            raise ValueError(f"{table}: ids are not unique")
        with self._writer():
            target = self._open_for(table, dimensions)
            stored = _state(target)
            valid = stored.join(rows, on=NAMES, how="semi")
            if valid["id"].n_unique() != valid.height:
                valid = valid.clear()  # a damaged table: write every row anew
            stale = stored.join(valid, on="id", how="anti")["id"].unique(maintain_order=True)
            _delete(target, stale)
            missing = rows.join(valid, on="id", how="anti", maintain_order="left")
            with bar(f"vectors.{table}", missing.height) as shown:
                for chunk in missing.iter_slices(CHUNK):
                    target.add(_arrow(chunk, encode(chunk), dimensions))
                    shown.update(chunk.height)
            if len(stale) or missing.height or len(target.list_versions()) > 1:
                _compact(target)  # also what a run did that was killed before it came here
        gone = stored.join(rows, on="id", how="anti")["id"].n_unique()
        return SyncResult(kept=valid.height, embedded=missing.height, removed=gone)

    def load(self, table: str) -> Vectors:
        """Every vector of `table`, sorted by id; WorkError when the table does not exist."""
        if not self._has(table):
            raise WorkError(
                f"no vectors in {self._folder}",
                step=f"vectors.{table}",
                remedy=f"materialize vectors/{table} first",
            )
        found = self.find(table)
        if found is None:
            raise WorkError(
                "damaged: a file is missing or cut short, or an id has more than one vector",
                step=f"vectors.{table}",
                remedy=f"materialize vectors/{table} again",
            )
        return found

    def find(self, table: str) -> Vectors | None:
        """`load`; None when the table does not exist, is damaged or has two vectors for an id."""
        if not self._has(table):
            return None
        database = self._connect()
        try:
            content: pa.Table = database.open_table(table).to_arrow().combine_chunks()
        except _LANCE_ERRORS as error:
            if _is_damage(error):
                return None
            raise
        names = pl.DataFrame(content.select(["id", "dataset", "encoder_id"])).with_row_index("row")
        names = names.sort("id")
        if names["id"].n_unique() != names.height:
            return None
        vector = content["vector"].combine_chunks()
        flat = vector.flatten().to_numpy(zero_copy_only=False)
        matrix = flat.reshape(-1, vector.type.list_size)[names["row"].to_numpy()]
        return Vectors(
            ids=names["id"].to_numpy().astype(object),
            datasets=names["dataset"].to_numpy().astype(object),
            encoder_ids=names["encoder_id"].to_numpy().astype(object),
            matrix=matrix,
        )

    def tables(self) -> list[str]:
        """Names of the tables that are there."""
        return sorted(self._connect().list_tables().tables) if self._folder.exists() else []

    def count(self, table: str, ids: Sequence[str]) -> int:
        """How many rows of a table that is there have one of `ids`."""
        stored = _state(self._connect().open_table(table))
        return stored.filter(pl.col("id").is_in(list(ids))).height

    def rewrite(self, table: str, without: Sequence[str] = ()) -> int:
        """Write a table anew, `without` some ids; returns how many rows are gone.

        Lance only marks deleted rows, `optimize` leaves a file with few of them as it is, and a transaction
        holds the ids it deleted: afterwards no file holds anything of what is gone.
        """
        with self._writer():
            database = self._connect()
            content = database.open_table(table).to_arrow()
            gone = pl.Series(content["id"].to_pylist(), dtype=pl.String).is_in(list(without))
            kept = content.filter(pa.array((~gone).to_list(), pa.bool_()))
            _compact(database.create_table(table, data=kept, schema=content.schema, mode="overwrite"))
            return int(gone.sum())

    def _has(self, table: str) -> bool:
        return table in self._connect().list_tables().tables

    def _connect(self) -> Any:
        import lancedb  # loads a runtime of its own, so not at import

        return lancedb.connect(self._folder)

    def _open_for(self, table: str, dimensions: int) -> Any:
        """The table, created when missing and emptied when its vectors have another length."""
        database = self._connect()
        schema = _schema(dimensions)
        if table in database.list_tables().tables:
            present = _whole(database, table)
            if present is not None and present.schema == schema:
                return present
            database.drop_table(table)
        return database.create_table(table, schema=schema)

    @contextmanager
    def _writer(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "writer.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BusyError(
                    f"another process is writing vectors in {self._folder}",
                    step="vector store",
                    remedy="wait for it to end, then run again",
                ) from error
            yield


def _schema(dimensions: int) -> pa.Schema:
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("dataset", pa.string(), nullable=False),
            pa.field("vector", pa.list_(pa.float32(), dimensions), nullable=False),
            pa.field("encoder_id", pa.string(), nullable=False),
            pa.field("text_sha256", pa.string(), nullable=False),
        ]
    )


def _whole(database: Any, table: str) -> Any | None:
    """A table that is there; None for one that a kill or a disk left damaged: it is written anew.

    A kill while a table is made leaves its folder without a version, and LanceDB lists it nevertheless.
    """
    try:
        present = database.open_table(table)
        _state(present)
    except _LANCE_ERRORS as error:
        if _is_damage(error):
            return None
        raise
    return present


def _is_damage(error: Exception) -> bool:
    """Whether LanceDB says that files are missing or cut short, and not, say, that the disk is full."""
    return any(words in str(error) for words in _DAMAGE)


def _state(table: Any) -> pl.DataFrame:
    """What is stored, without the vectors."""
    return pl.DataFrame(table.search().select(NAMES).to_arrow()).select(NAMES)


def _delete(table: Any, ids: pl.Series) -> None:
    from lancedb.expr import col

    for start in range(0, len(ids), DELETE_CHUNK):
        table.delete(col("id").isin(ids[start : start + DELETE_CHUNK].to_list()))


def _compact(table: Any) -> None:
    """Merge small files and drop every old version: what was removed must be gone from the disk."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="optimize")  # it warns of other users; there is one writer
        table.optimize(cleanup_older_than=timedelta(0), delete_unverified=True)


def _arrow(rows: pl.DataFrame, matrix: np.ndarray, dimensions: int) -> pa.Table:
    if matrix.shape != (rows.height, dimensions) or not np.isfinite(matrix).all():
        raise ValueError(f"the encoder returned shape {matrix.shape} or values that are not finite")
    flat = np.ascontiguousarray(matrix, dtype=np.float32).reshape(-1)
    columns: dict[str, Any] = {name: rows[name].to_list() for name in NAMES}
    columns["vector"] = pa.FixedSizeListArray.from_arrays(pa.array(flat), dimensions)
    schema = _schema(dimensions)
    return pa.table([columns[name] for name in schema.names], schema=schema)
