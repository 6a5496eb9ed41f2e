"""Weights that learned from somebody, and files that one command makes again from the tables."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl
import yaml

from models.forgetting.traces import Traces
from models.graph.weights import weights_stem
from models.retrieval.vectors import style_file
from pat_dagster.forgetting.subject import Subject
from pat_dagster.leftovers import half_written
from pat_dagster.settings import Settings

REPORTS: Final = "reports"
EXPORT: Final = "export"  # the link to the newest export
EXPORTS: Final = ".export-*"  # the folders it has led to
EXPORTED_TO: Final = "exports.yaml"  # folders that `pat export --to` wrote to
CONTROLS: Final = "controls"  # adapters of `pat controls`, below the policies, by iteration
PARQUET: Final = b"PAR1"
DRAFTS: Final = (".forget", ".copy", ".link", ".wal")  # our own, of a forget that was killed


def weights(settings: Settings, subject: Subject) -> list[Path]:
    """Files and folders of weights that go: adapters, what was fitted to train users, hashes of what with."""
    found = [settings.policies_path / policy for policy, _ in subject.policies]
    found += [settings.policies_path / CONTROLS / iteration for iteration in subject.iterations]
    for dataset in subject.learned:
        stem = weights_stem(settings.home, dataset)
        found += [
            style_file(settings.home, dataset),
            stem.with_suffix(".json"),
            stem.with_suffix(".safetensors"),
        ]
    found += [settings.learned_path]
    return [path for path in found if path.exists()]


def made(settings: Settings, traces: Traces) -> list[Path]:
    """Reports that hold a trace, and exports of which a file does, with the link that leads to them."""
    reports = (settings.home / REPORTS).rglob("*")
    found = [path for path in reports if path.is_file() and holds(path, traces)]
    for folder in settings.home.glob(EXPORTS):
        if any(path.is_file() and holds(path, traces) for path in folder.rglob("*")):
            found.append(folder)
            link = settings.home / EXPORT
            found += [link] if link.is_symlink() and link.resolve() == folder.resolve() else []
    return sorted(found)


def exported_elsewhere(settings: Settings, traces: Traces) -> list[Path]:
    """Folders outside the home that `pat export` wrote to and that hold a trace."""
    listed = settings.home / EXPORTED_TO
    content = yaml.safe_load(listed.read_text(encoding="utf-8")) if listed.exists() else []
    folders = [Path(name) for name in content or [] if isinstance(name, str)]
    return [
        folder
        for folder in folders
        if folder.is_dir() and any(path.is_file() and holds(path, traces) for path in folder.rglob("*"))
    ]


def leftovers(settings: Settings) -> list[Path]:
    """Half-written files of processes that were killed; call while holding the home."""
    hidden = (path for path in settings.home.rglob(".*") if settings.dagster_home not in path.parents)
    drafts = [path for path in hidden if path.name.endswith(DRAFTS)]
    return sorted({*drafts, *half_written(settings), *settings.home.glob("*.duckdb.tmp")})


def clear(paths: list[Path]) -> None:
    """Delete files and folders; those that are gone already are no fault."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=not path.exists())
        else:
            path.unlink(missing_ok=True)


def holds(path: Path, traces: Traces) -> bool:
    """Whether a file holds a trace; Parquet is read, because it is compressed."""
    with path.open("rb") as stream:
        is_parquet = stream.read(len(PARQUET)) == PARQUET
    if not is_parquet:
        return traces.in_file(path)
    return any(traces.found(cells).any() for cells in _texts(pl.read_parquet(path)))


def remaining(settings: Settings, traces: Traces, ours: list[Path]) -> list[Path]:
    """Files below the home that hold a trace; `ours` are looked through by those who know them."""
    found = []
    for path in sorted(settings.home.rglob("*")):
        if path.is_file() and not path.is_symlink() and path not in ours and holds(path, traces):
            found.append(path)
    return found


def _texts(frame: pl.DataFrame) -> Iterator[pl.Series]:
    for column in frame.iter_columns():
        if column.dtype.is_nested():
            yield frame.select(pl.col(column.name).cast(pl.String, strict=False)).to_series()
        elif column.dtype in (pl.String, pl.Categorical):
            yield column.cast(pl.String)
