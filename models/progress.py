"""Progress bars for long loops: on stderr, so that piped output stays clean."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sized
from typing import Any, TypeVar

from tqdm import tqdm

from models.printable import printable_line

Item = TypeVar("Item")

SWITCH = "PAT_PROGRESS"  # "0" silences every bar, "1" draws them without a terminal too


def enabled() -> bool:
    """Whether bars are drawn: never with PAT_PROGRESS=0, always with 1, else only on a terminal."""
    choice = os.environ.get(SWITCH, "")
    if choice in {"0", "1"}:
        return choice == "1"
    return sys.stderr.isatty()


def bar(description: str, total: int | None = None, unit: str = "rows") -> tqdm[Any]:
    """A bar to be moved by hand (`.update(n)`), for work that comes in uneven steps such as bytes."""
    return tqdm(
        total=total,
        desc=f"  {printable_line(description)}",  # it may name a user's file
        unit=f" {unit}",
        unit_scale=True,
        leave=False,
        disable=not enabled(),
        dynamic_ncols=True,
        file=sys.stderr,
    )


def track(
    iterable: Iterable[Item], description: str, total: int | None = None, unit: str = "rows"
) -> Iterator[Item]:
    """Yield every item of `iterable` behind a bar named `description`.

    `total` is the number of items; by default `len(iterable)` where it has one.
    """
    if total is None and isinstance(iterable, Sized):
        total = len(iterable)
    with bar(description, total, unit) as shown:
        for item in iterable:
            yield item
            shown.update(1)
