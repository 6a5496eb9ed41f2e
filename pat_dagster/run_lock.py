"""One run at a time on one home. The kernel holds the lock, so a killed run leaves none behind.

DuckDB's own lock lasts as long as a connection, one asset; between two assets another run could slip in and
change the recipe or the tables of the first. This one lasts as long as the run.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from models.errors import BusyError
from pat_dagster.settings import Settings

NAME = "run.lock"
PATIENCE = 2.0  # seconds: longer than a look by `holder`, shorter than anybody wonders
PAUSE = 0.05

_held: dict[Path, IO[str]] = {}  # of this process: a second run inside it is part of the first


@dataclass(frozen=True)
class Holder:
    """Who holds a home: process id, what it does, since when (UTC, ISO); as far as the lock file says."""

    pid: int | None = None
    what: str = "a run"
    since: str = "?"

    def __str__(self) -> str:
        process = "another process" if self.pid is None else f"process {self.pid}"
        return f"{process} ({self.what}, since {self.since} UTC)"


def take(settings: Settings, what: str) -> bool:
    """Hold the home until `release` or the end of this process; False where this process holds it already.

    what: for the message that others get, such as the command. WorkError says who else holds it.
    """
    path = _path(settings)
    if path in _held:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+", encoding="utf-8")
    deadline = time.monotonic() + PATIENCE
    while not _locked(file, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            file.close()
            raise BusyError(
                f"{_read(path)} is at work on this home",
                step=str(settings.home),
                remedy="wait for it to end, or stop it; analytics.duckdb can be read meanwhile",
            )
        time.sleep(PAUSE)
    file.truncate(0)
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
    json.dump(asdict(Holder(os.getpid(), what, now)), file)
    file.flush()
    _held[path] = file
    return True


def release(settings: Settings) -> None:
    """Let others in; nothing happens where this process holds nothing."""
    file = _held.pop(_path(settings), None)
    if file is not None:
        file.truncate(0)
        file.close()


def is_held_here(settings: Settings) -> bool:
    """Whether this process holds the home."""
    return _path(settings) in _held


def holder(settings: Settings) -> Holder | None:
    """Who is at work on the home now; None when nobody is. Takes nothing and changes nothing."""
    path = _path(settings)
    if not path.exists():
        return None
    with path.open(encoding="utf-8") as file:
        return None if path not in _held and _locked(file, fcntl.LOCK_SH) else _read(path)


def command_name() -> str:
    """This process as its user typed it: `pat run`; else the program alone."""
    words = [Path(sys.argv[0]).name, *sys.argv[1:2]] if sys.argv else ["python"]
    return "pat " + " ".join(words[1:]) if words[0] in {"pat", "-c"} else words[0]


def _path(settings: Settings) -> Path:
    return settings.home.resolve() / NAME


def _locked(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(path: Path) -> Holder:
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):  # it has just begun and not signed yet
        return Holder()
