"""CSV that a program reads back and a spreadsheet does not execute.

A cell that starts with one of `FORMULA` is a formula to a spreadsheet, whoever wrote it: it can send its
neighbors to a stranger or start a program (CWE-1236). Reviews are untrusted, so such a text gets an
apostrophe in front, which spreadsheets take for "this is text". That changes the text, so the command counts
it and says so, and `--raw` leaves it out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

# OWASP's list of what starts a formula, full-width forms included
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
GUARD: Final = "'"


def guarded(value: object) -> object:
    """The value; a text that would be a formula gets an apostrophe in front. A number as text is none."""
    if not isinstance(value, str) or not value.startswith(FORMULA) or _is_number(value):
        return value
    return GUARD + value


def lines(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """CSV records, each with its line feed; texts keep their own line breaks, quoted."""
    for row in (headers, *rows):
        record = io.StringIO()
        # this line end makes the writer of Python before 3.13 quote a lone carriage return too
        csv.writer(record, lineterminator="\r\n").writerow(row)
        yield record.getvalue().removesuffix("\r\n") + "\n"


def _is_number(text: str) -> bool:
    digits = text[1:].replace(".", "", 1)
    return text[0] in "+-" and digits.isascii() and digits.isdigit()
