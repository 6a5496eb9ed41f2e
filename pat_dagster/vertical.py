"""Rows for reading: one line per column, long texts whole, as `pat sql --wide` shows them."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence

from models.printable import printable

NARROWEST = 20  # characters that a text gets, however long the column names are


def vertical(headers: Sequence[str], rows: Iterable[Sequence[object]], width: int) -> str:
    """Every row under its number, every value whole; lines wrapped at `width` characters."""
    names = [printable(name) for name in headers]
    indent = max((len(name) for name in names), default=0) + 4
    space = max(width - indent, NARROWEST)
    blocks: list[str] = []
    for number, row in enumerate(rows, start=1):
        lines = [f"row {number}"]
        for name, value in zip(names, row, strict=True):
            first, *others = _lines(value, space)
            lines.append(f"  {name.ljust(indent - 4)}  {first}".rstrip())
            lines += [f"{' ' * indent}{line}".rstrip() for line in others]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _lines(value: object, width: int) -> list[str]:
    """A value in lines of at most `width` characters; its own line breaks stay."""
    if value is None:
        return [""]
    if isinstance(value, float):
        return [f"{value:.4f}" if math.isfinite(value) else str(value)]
    lines = [
        part
        for line in printable(str(value)).splitlines()
        for part in textwrap.wrap(line, width, replace_whitespace=False, drop_whitespace=True) or [""]
    ]
    return lines or [""]
