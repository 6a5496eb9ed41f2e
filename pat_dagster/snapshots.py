"""Earlier published files: hard links that cost no copy, since a published file is never written again.

`snapshots/latest.duckdb` leads to the newest published file, `analytics-20261121T020312Z.duckdb` is what
readers saw from that moment (UTC) on, `iteration-0003.duckdb` the last one whose newest iteration was 0003.
Dated ones are kept as many as asked for, those of iterations all.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from models.errors import InputError

STAMP = "%Y%m%dT%H%M%SZ"  # UTC; text order is time order
DATED = re.compile(r"analytics-(\d{8}T\d{6}Z)\.duckdb")
OF_ITERATION = re.compile(r"iteration-(\d{4})\.duckdb")
LATEST = "latest.duckdb"


def keep_dated(published: Path, folder: Path, since: datetime) -> Path:
    """Keep the file that readers have seen `since` (UTC); of two publishes in one second the later stays."""
    snapshot = folder / f"analytics-{since:{STAMP}}.duckdb"
    _link(published, snapshot)
    return snapshot


def keep_iteration(published: Path, folder: Path, iteration: str) -> Path:
    """Make `published` the snapshot of `iteration`, in place of an earlier one."""
    snapshot = folder / f"iteration-{iteration}.duckdb"
    _link(published, snapshot)
    return snapshot


def point_latest(published: Path, folder: Path) -> None:
    """`latest.duckdb` leads to the published file, whose path never changes: no swap can break it."""
    folder.mkdir(parents=True, exist_ok=True)
    link, target = folder / LATEST, os.path.relpath(published, folder)
    if link.is_symlink() and str(link.readlink()) == target:
        return
    draft = _draft_of(link)
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(link)


def retain(folder: Path, count: int) -> list[Path]:
    """Delete all but the newest `count` dated snapshots; returns what is gone. Open readers keep theirs."""
    dated = sorted((path for path in _files(folder) if DATED.fullmatch(path.name)), reverse=True)
    for path in dated[count:]:
        path.unlink()
    return dated[count:]


def find(folder: Path, at: str) -> Path:
    """The snapshot that `at` names: an iteration (`0003`, `3`), or a time UTC (`20261121`, `2026-11-21T02`).

    A time means what readers saw at its end. Raises InputError that lists the snapshots there are.
    """
    if re.fullmatch(r"\d{1,4}", at):
        path = folder / f"iteration-{int(at):04d}.duckdb"
        if path.exists():
            return path
    else:
        digits = re.sub(r"[-:\sTZ]", "", at)
        if re.fullmatch(r"\d{8}(\d\d){0,3}", digits):
            until = digits.ljust(14, "9")
            stamps = {re.sub(r"[TZ]", "", stamp): path for stamp, path in dated(folder).items()}
            if seen := [stamp for stamp in stamps if stamp <= until]:
                return stamps[max(seen)]
    raise InputError(f"no snapshot is called {at}", file=folder.name, remedy=_choices(folder))


def dated(folder: Path) -> dict[str, Path]:
    """Dated snapshots by stamp, oldest first."""
    found = {match[1]: path for path in _files(folder) if (match := DATED.fullmatch(path.name))}
    return dict(sorted(found.items()))


def iterations(folder: Path) -> dict[str, Path]:
    """Snapshots by iteration, in order."""
    found = {match[1]: path for path in _files(folder) if (match := OF_ITERATION.fullmatch(path.name))}
    return dict(sorted(found.items()))


def _choices(folder: Path) -> str:
    keys, stamps = list(iterations(folder)), list(dated(folder))
    if not keys and not stamps:
        return "none is there yet: every publish keeps one, and `pat run` publishes"
    spans = [_span("iteration", keys), _span("time", stamps)]
    return f"choose of {', or '.join(span for span in spans if span)}"


def _span(kind: str, names: Sequence[str]) -> str:
    if len(names) > 1:
        return f"{kind}s {names[0]} to {names[-1]}"
    return f"{kind} {names[0]}" if names else ""


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _link(source: Path, target: Path) -> None:
    """One more name for the file; a copy where the file system has no hard links. Atomic either way."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and target.samefile(source):
        return
    draft = _draft_of(target)
    draft.unlink(missing_ok=True)  # of a run that was killed
    try:
        os.link(source, draft)
    except OSError:
        shutil.copyfile(source, draft)
    draft.replace(target)


def _draft_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.draft")
