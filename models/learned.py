"""The rows that something was learned from, kept beside it: it stays in use while they change little.

Rows are 64-bit hashes: enough to count how many are new, changed or gone, and nobody reads a text in them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from models.files import write_whole

ROWS: Final = "rows"
COLUMNS: Final = ("review_id", "user_id", "topic_id", "title", "text", "rating", "posted_at")


@dataclass(frozen=True)
class LearnedFrom:
    """Rows that something was learned from; key: all else that decides it, such as code and settings."""

    key: str
    rows: np.ndarray  # (n,) uint64, sorted
    result_sha256: str  # of what was learned, as it was saved

    def changed_share(self, rows: np.ndarray) -> float:
        """New or gone rows, whichever are more, as a share of those learned from; an edit is one of each."""
        if not len(self.rows):
            return float(len(rows) > 0)
        kept = len(np.intersect1d(self.rows, rows, assume_unique=True))
        return float(max(len(rows), len(self.rows)) - kept) / len(self.rows)

    def save(self, path: Path) -> None:
        """Write one file, whole."""
        about = {"key": self.key, "result_sha256": self.result_sha256}
        write_whole(path, save({ROWS: self.rows.view(np.int64)}, metadata=about))

    @classmethod
    def load(cls, path: Path) -> LearnedFrom | None:
        """What `save` wrote; None when it is not there or damaged: then it is learned anew."""
        try:
            with safe_open(path, framework="numpy") as file:
                about = file.metadata()
                rows = file.get_tensor(ROWS).view(np.uint64)
            return cls(about["key"], rows, about["result_sha256"])
        except (OSError, SafetensorError, KeyError, TypeError):
            return None


@dataclass(frozen=True)
class Keeping:
    """The rule by which something learned stays: its rows changed by at most the share `most`.

    folder: where rows are kept. anew: nothing stays.
    """

    folder: Path
    most: float
    anew: bool = False

    def changed_share(self, name: str, key: str, rows: pl.DataFrame, result_sha256: str) -> float | None:
        """Share of its rows that changed since it was learned; None when it must be learned anew.

        name: of what was learned. rows: of staging.reviews. result_sha256: of what is there.
        """
        found = None if self.anew else LearnedFrom.load(self.path(name))
        if found is None or (found.key, found.result_sha256) != (key, result_sha256):
            return None
        share = found.changed_share(row_hashes(rows))
        return share if share <= self.most else None

    def note(self, name: str, key: str, rows: pl.DataFrame, result_sha256: str) -> None:
        """Remember what was learned just now from which rows; call it after the result is on disk."""
        LearnedFrom(key, row_hashes(rows), result_sha256).save(self.path(name))

    def path(self, name: str) -> Path:
        """The file of a name, which never becomes a path."""
        return self.folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.safetensors"


def row_hashes(rows: pl.DataFrame) -> np.ndarray:
    """(n,) uint64, sorted and distinct: one of each review, over all that something could be learned from."""
    lines = ("\x1f".join(map(str, row)) for row in rows.select(COLUMNS).iter_rows())
    coded = (line.encode("utf-8", "surrogatepass") for line in lines)
    digests = [hashlib.blake2b(line, digest_size=8).digest() for line in coded]
    return np.unique(np.frombuffer(b"".join(digests), dtype="<u8"))


def file_sha256(path: Path) -> str:
    """Hash of a file; empty when there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
