"""What a killed run left half-written: files and folders that are moved into place only when whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from pat_dagster.settings import Settings

PATTERNS = (".*.partial", ".*.draft", ".*.draft.wal")
FOLDERS = ("", "encoders", "propagation", "snapshots", "reports")


def half_written(settings: Settings) -> list[Path]:
    """Sorted; empty while nobody was killed, unless somebody is at work."""
    return sorted(_found(settings))


def remove_half_written(settings: Settings) -> None:
    """Only for whoever holds the home alone."""
    for path in half_written(settings):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)  # gone with its folder


def _found(settings: Settings) -> Iterator[Path]:
    for folder in FOLDERS:
        for pattern in PATTERNS:
            yield from (settings.home / folder).glob(pattern)
    # adapters are trained into hidden folders beside the finished ones, manifests are stamped within these
    yield from settings.policies_path.glob("**/.*")
