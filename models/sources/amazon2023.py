"""Amazon Reviews 2023 (McAuley Lab): JSON lines, plain or .gz; row = line number.

The topic is `parent_asin`, the product all variants share, and `asin` where there is no parent.
`timestamp` counts milliseconds since 1970 in UTC. Field names: the dataset's card.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from models.sources import json_lines
from models.sources.files import SourceFile
from models.sources.records import Candidate, shown

EPOCH = datetime(1970, 1, 1)
FIRST_MS = 631_152_000_000  # 1990-01-01, before any web shop; smaller numbers are seconds
LAST_MS = 4_102_444_800_000  # 2100-01-01


def read(file: SourceFile) -> Iterator[Candidate]:
    """One candidate per line that is not blank. InputError for a damaged gzip file."""
    return json_lines.read(file, _candidate)


def _candidate(row: int, line: bytes, review: dict[str, object]) -> Candidate:
    posted_at, fault = posted(review.get("timestamp"))
    return Candidate(
        row,
        line,
        user=review.get("user_id"),
        topic=review.get("parent_asin") or review.get("asin"),
        title=review.get("title"),
        text=review.get("text"),
        rating=review.get("rating"),
        posted_at=posted_at,
        fault=fault,
    )


def posted(value: object) -> tuple[datetime | None, str | None]:
    """(time, None) from milliseconds since 1970, or (None, what is wrong with it)."""
    if value is None:
        return None, None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not FIRST_MS <= value <= LAST_MS:
        return None, f"timestamp is {shown(value)}: expected milliseconds since 1970"
    return EPOCH + timedelta(milliseconds=value), None
