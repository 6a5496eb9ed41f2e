"""Streams CSV records by column name; fields may span lines.

Row = number of the record after the header, from 1 (not the line number: a quoted text can hold line
breaks). Quotes must pair: Python's lenient mode would swallow the rest of the file into one field.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping

from models.errors import InputError
from models.sources.files import SourceFile, lines
from models.sources.records import Candidate

MAX_FIELD = 64 * 2**20  # characters of one field; Python's default of 131,072 would stop at a long text
DELIMITERS = (",", "\t", ";")
MakeCandidate = Callable[[int, object, dict[str, str]], Candidate]
REMEDY_QUOTE = "close the quote, or write the file again with a CSV writer"


class _Lines:
    """Lines for csv.reader that remembers those of the record in progress."""

    def __init__(self, source: Iterator[tuple[int, bytes, bool]]) -> None:
        self._source = source
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.number, line, cut = next(self._source)
        if cut:
            raise csv.Error("a line is too long for a record")
        text = line.decode("utf-8", "surrogateescape")
        self.taken.append(text)
        return text


def header(head: bytes, delimiter: str) -> list[str]:
    """The column names in the first record of `head`; [] when it has none that CSV can read."""
    text = head.decode("utf-8", "replace")
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def read(file: SourceFile, columns: Mapping[str, str], make: MakeCandidate) -> Iterator[Candidate]:
    """`make(row, record, {key: field})` for every record; `columns` says key -> column name.

    InputError when a column is missing or named twice, or a quote is never closed.
    """
    names_head = file.head(2**16)  # a header of 64 KiB is longer than any table's
    delimiter = find_delimiter(names_head, columns)
    csv.field_size_limit(MAX_FIELD)
    with file.open() as stream:
        source = _Lines(lines(stream, strip=False))
        records = csv.reader(source, delimiter=delimiter, strict=True)
        names = first_record(file.name, records)
        places = positions(file.name, names, columns)
        row = 0
        while True:
            source.taken.clear()
            first_line = source.number + 1
            fault: str | None = None
            fields: list[str] = []
            try:
                fields = next(records)
            except StopIteration:
                return
            except csv.Error as error:
                if "unexpected end of data" in str(error) or "field larger" in str(error):
                    raise InputError(
                        f"a quote that opens in the record at line {first_line} is never closed",
                        file=file.name,
                        row=row + 1,
                        remedy=REMEDY_QUOTE,
                    ) from error
                fault = f"not CSV: {error}"
            if not fields and fault is None:
                continue  # a blank line
            row += 1
            if fault is None and len(fields) != len(names):
                fault = f"{len(fields)} fields: the header names {len(names)} columns"
            if fault is None:
                yield make(row, dict(zip(names, fields, strict=True)), pick(fields, places))
            else:
                yield Candidate(row, "".join(source.taken).rstrip("\r\n"), fault=fault)


def first_record(file: str, records: Iterator[list[str]]) -> list[str]:
    """The header; InputError when it is not CSV."""
    try:
        return next(records, [])
    except csv.Error as error:
        raise InputError(
            f"the header is not CSV ({str(error).partition(' - ')[0]})",
            file=file,
            remedy="the first record must name the columns; lines end in LF or CR LF",
        ) from error


def candidate(row: int, record: object, fields: dict[str, str]) -> Candidate:
    """The candidate whose fields are the keys of `fields`."""
    return Candidate(row, record, **fields)  # type: ignore[arg-type]


def pick(fields: list[str], places: Mapping[str, int]) -> dict[str, str]:
    """The mapped fields of one record."""
    return {key: fields[place] for key, place in places.items()}


def find_delimiter(head: bytes, columns: Mapping[str, str]) -> str:
    """The delimiter under which the header has all columns; the comma when none does."""
    wanted = set(columns.values())
    return next((mark for mark in DELIMITERS if wanted <= set(header(head, mark))), DELIMITERS[0])


def positions(file: str, names: list[str], columns: Mapping[str, str]) -> dict[str, int]:
    """key -> index of its column in the header."""
    missing = [column for column in columns.values() if column not in names]
    doubled = [column for column in columns.values() if names.count(column) > 1]
    if missing or doubled:
        wrong = f"no column {', '.join(missing)}" if missing else f"several columns are named {doubled[0]}"
        raise InputError(
            f"{wrong}; the header has {', '.join(names)[:300] or 'nothing'}",
            file=file,
            remedy="check --format and the column mapping",
        )
    return {key: names.index(column) for key, column in columns.items()}
