"""Datafiniti review exports: CSV; row = record number after the header, since texts hold line breaks.

Columns: reviews.username, reviews.title, reviews.text, reviews.rating, reviews.date; the topic is `id`,
and `asins` where an export has no id. User names are display names, so two people may share one.
"""

from __future__ import annotations

from collections.abc import Iterator

from models.sources import csv_rows
from models.sources.files import SourceFile
from models.sources.records import Candidate

COLUMNS = {"user": "reviews.username", "text": "reviews.text", "rating": "reviews.rating"}
OPTIONAL = {"title": "reviews.title", "posted_at": "reviews.date"}
TOPICS = ("id", "asins")


def columns_in(names: set[str]) -> dict[str, str] | None:
    """field -> column for a header with these names, or None when it is no Datafiniti export."""
    topic = next((name for name in TOPICS if name in names), None)
    if topic is None or not set(COLUMNS.values()) <= names:
        return None
    return {**COLUMNS, "topic": topic, **{key: name for key, name in OPTIONAL.items() if name in names}}


def read(file: SourceFile) -> Iterator[Candidate]:
    """One candidate per record. InputError when a column is missing or a quote never closes."""
    names = set(csv_rows.header(file.head(2**16), ","))
    columns = columns_in(names) or {**COLUMNS, "topic": TOPICS[0]}  # the reader names what is missing
    return csv_rows.read(file, columns, csv_rows.candidate)
