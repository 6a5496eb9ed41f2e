"""Streams JSON lines: one object per line, read as bytes so that row numbers survive bad UTF-8."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from models.sources.files import SourceFile, lines
from models.sources.records import Candidate, shown


def read(
    file: SourceFile, candidate: Callable[[int, bytes, dict[str, object]], Candidate]
) -> Iterator[Candidate]:
    """`candidate(row, line, object)` for every line; row = line number. Blank lines are no rows."""
    with file.open() as stream:
        for row, line, cut in lines(stream):
            if not line.strip():
                continue
            value, fault = (None, "the line is too long for a record") if cut else parse(line)
            if isinstance(value, dict) and fault is None:
                yield candidate(row, line, value)
            else:
                yield Candidate(row, line, fault=fault or f"the line is {shown(value)}: expected an object")


def parse(line: bytes) -> tuple[object, str | None]:
    """(value, None), or (None, what is wrong with the line)."""
    try:
        return json.loads(line.decode()), None
    except UnicodeDecodeError as error:
        return None, f"byte 0x{line[error.start]:02x} at position {error.start + 1} of the line is not UTF-8"
    except RecursionError:
        return None, "the line is nested too deeply"
    except json.JSONDecodeError as error:
        return None, f"not JSON: {error.msg.lower()} at character {error.pos + 1}"
    except ValueError as error:  # an integer of more digits than Python converts
        return None, f"not JSON that can be read: {error}"
