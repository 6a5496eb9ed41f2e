"""What a check of `pat doctor` returns."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

from models.errors import InputError, PatError

Level = Literal["OK", "WARN", "FAIL"]
NAMED = 3  # of a list of faults: enough to see which they are; the first remedy often mends them all


@dataclass(frozen=True)
class Finding:
    """One line of the report; a remedy is given with everything that is not OK."""

    level: Level
    what: str
    detail: str
    remedy: str = ""


def expected(what: str, check: Callable[[], str]) -> Finding:
    """OK with what the check says, or FAIL with the message and remedy of its error."""
    try:
        return Finding("OK", what, check())
    except PatError as error:
        place = f"{error.where}: " if isinstance(error, InputError) and error.where else ""
        return Finding("FAIL", what, f"{place}{error.reason}", error.remedy or "")


def named(names: Collection[str]) -> str:
    """The first few names, and how many more there are."""
    shown = ", ".join(sorted(names)[:NAMED])
    return f"{shown} and {len(names) - NAMED} more" if len(names) > NAMED else shown
