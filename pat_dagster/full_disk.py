"""A full disk, told from other failures: every library words it in its own way."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Final

from models.errors import WorkError

# SQLite says "disk I/O error" too when its index of the log cannot grow; alone that may mean a broken disk.
WORDS: Final = ("no space left", "disk is full", "disk quota exceeded", f"os error {errno.ENOSPC}")
MAYBE: Final = "disk i/o error"
NEXT_TO_NOTHING: Final = 2**20  # bytes: a page of a database wants a few thousand of them


def says_full(text: str, folder: Path) -> bool:
    """Whether an error's text means that the disk of `folder` is full."""
    lower = text.lower()
    return any(words in lower for words in WORDS) or (MAYBE in lower and free(folder) < NEXT_TO_NOTHING)


def full_disk(step: str, folder: Path) -> WorkError:
    """What to say instead of a library's words."""
    return WorkError(
        f"the disk is full: {free(folder) / 2**20:.1f} MiB free at {folder}",
        step=step,
        remedy="make room, then the same command takes up where it was; `pat doctor` says how much it wants",
    )


def free(folder: Path) -> int:
    """Bytes free where `folder` lies, or will lie."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free
