"""Landing folders: which files in them can be read now, and what becomes of those that left.

A folder is the truth about its dataset: what lies in it is what the warehouse has, so that a new home reads
the same tables from it. Two things look like a file that was taken away and are not: a folder that is not
mounted, and a file that is just being written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from models import progress
from models.errors import InputError
from models.sources import SourceSpec
from models.sources.ingest import Outcome
from models.sources.registry import key
from pat_dagster.operations import Folder, ReviewFolder

# What programs call a file while they write it; most of them rename it at the end.
UNFINISHED: Final = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", ".swp", "~")

Key = tuple[str, str]  # path, dataset: what makes a source the same source
Status = Literal["in use", "waiting", "refused", "kept"]
Origin = Literal["registered", "landing folder"]
STATUS: Final[dict[str, tuple[Status, str | None]]] = {  # of an outcome of ingest: status, and what is wrong
    "read": ("in use", None),
    "unchanged": ("in use", None),
    "failed": ("refused", None),
    "kept": ("kept", "its landing folder cannot be looked into"),
}


@dataclass(frozen=True)
class Landed:
    """A file of a landing folder; problem: why it is not read now, empty where it is."""

    path: Path
    problem: str = ""


@dataclass(frozen=True)
class State:
    """One row of raw.sources; a folder that cannot be looked into stands for its files."""

    dataset: str
    source_file: str
    origin: Origin
    status: Status
    problem: str | None


@dataclass(frozen=True)
class Plan:
    """What is to be read, whose rows stay although it is not, and the state of what is not read."""

    specs: list[SourceSpec]
    keep: set[Key]
    states: list[State]


def nap(seconds: float) -> None:
    """Sleep behind a progress bar."""
    whole = range(max(round(seconds), 1))
    for _ in progress.track(whole, "files that may still be written", len(whole), "s"):
        time.sleep(seconds / len(whole))


def look(
    place: Folder,
    settle_seconds: float,
    *,
    wait: Callable[[float], object] | None = nap,
    clock: Callable[[], float] = time.time,
) -> list[Landed]:
    """Every file of a folder, sorted by name; hidden ones left out. InputError when the folder is not there.

    A file that changed less than `settle_seconds` ago may still be written. They are waited for once, at most
    that long; those that changed meanwhile are left for the next night. wait: None does not wait.
    """
    found = {path: _stamp(path) for path in files_of(place)}
    ages = {path: clock() - stamp[1] / 1e9 for path, stamp in found.items() if stamp is not None}
    young = {path: age for path, age in ages.items() if age < settle_seconds}
    if young and wait is not None:
        wait(min(settle_seconds, settle_seconds - min(young.values())))
        young = {path: age for path, age in young.items() if _stamp(path) != found[path]}
    inside = place.folder.resolve()
    return [Landed(path, _problem(path, inside, is_written=path in young)) for path in found]


def files_of(place: Folder) -> list[Path]:
    """Files of a landing folder, sorted by name; InputError when it is not there."""
    if not place.folder.is_dir():
        raise InputError(
            "the landing folder is not there",
            file=place.folder,
            remedy="mount or create it, or take it out of settings.yaml",
        )
    found = (path for path in place.folder.glob(place.pattern) if path.is_file())
    return sorted(path for path in found if not path.name.startswith("."))


def plan(
    places: Sequence[ReviewFolder],
    registered: Sequence[SourceSpec],
    known: Iterable[Key],
    look_into: Callable[[ReviewFolder], list[Landed]],
) -> Plan:
    """What to read of registered sources and landing folders; a source that is both is the registered one.

    known: sources that have rows. look_into: `look`.
    """
    made = Plan(list(registered), set(), [])
    taken = {key(spec) for spec in registered}
    others = set(known) - taken
    for place in places:
        had = {each for each in others if each[1] == place.dataset and _lies_in(each[0], place)}
        try:
            landed = look_into(place)
        except InputError as error:
            made.keep.update(had)
            made.states.append(_state(place, place.folder, "refused", error.reason))
            continue
        _plan_folder(made, place, landed, had, taken)
    return made


def _plan_folder(
    made: Plan, place: ReviewFolder, landed: Sequence[Landed], had: set[Key], taken: set[Key]
) -> None:
    for one in landed:
        each = (str(one.path), place.dataset)
        if each in taken:
            continue
        taken.add(each)
        if not one.problem:
            made.specs.append(place.source(one.path))
            continue
        made.keep.add(each)
        made.states.append(_state(place, one.path, "waiting", one.problem))
    gone = sorted(had - {(str(one.path), place.dataset) for one in landed})
    if gone and not landed:
        why = f"all of its {len(gone):,} files are gone; their reviews stay until it leaves settings.yaml"
        made.states.append(_state(place, place.folder, "refused", why))
    if gone and (not landed or place.removed == "keep"):
        made.keep.update(gone)
        why = "the file is gone from its landing folder"
        made.states.extend(_state(place, Path(path), "kept", why) for path, _ in gone)


def states(plan: Plan, outcomes: Iterable[Outcome], registered: Sequence[SourceSpec]) -> list[State]:
    """The state of every source after `ingest`, sorted: what was planned, and what became of it."""
    named = {key(spec) for spec in registered}
    found = {(state.source_file, state.dataset): state for state in plan.states}
    for outcome in outcomes:
        each = (outcome.file.source_file, outcome.file.dataset)
        if outcome.status == "removed" or each in found:
            continue
        status, problem = STATUS[outcome.status]
        origin: Origin = "registered" if each in named else "landing folder"
        found[each] = State(each[1], each[0], origin, status, outcome.problem or problem)
    return sorted(found.values(), key=lambda state: (state.dataset, state.source_file))


def _state(place: ReviewFolder, path: Path, status: Status, problem: str) -> State:
    return State(place.dataset, printable(path), "landing folder", status, problem)


def printable(path: Path) -> str:
    """The name as text: bytes that are none are written as escapes."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def _lies_in(path: str, place: Folder) -> bool:
    return Path(path).is_relative_to(place.folder)


def _stamp(path: Path) -> tuple[int, int] | None:
    """(bytes, time of the last change in ns); None when the file is gone."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _problem(path: Path, folder: Path, *, is_written: bool) -> str:
    """Why a file of `folder` is not read now."""
    if not path.resolve().is_relative_to(folder):  # who may write there may not read what the job may read
        return "it is a link to a file outside its folder; register that one with --data"
    if printable(path) != str(path):
        return "its name is not UTF-8"
    if path.name.lower().endswith(UNFINISHED):
        return "its name says that it is still being written"
    return "it is being written" if is_written else ""
