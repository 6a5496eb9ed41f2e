"""PGraphRAG: a JSON list of {id, profile: [{title, text, rating, pid}]}.

A row is one review, numbered from 1 through the whole file in reading order. An entry without a review
to number (no object, no profile, an empty profile) counts as one row and is rejected. The first review
of each profile is the target of the benchmark, the others are history.
"""

from __future__ import annotations

from collections.abc import Iterator

from models.sources import json_list
from models.sources.files import SourceFile
from models.sources.records import Candidate, shown


def read(file: SourceFile) -> Iterator[Candidate]:
    """One candidate per review. InputError when the file is not one JSON list in UTF-8."""
    row = 0
    with file.open() as stream:
        for entry in json_list.entries(stream, file.name):
            for candidate in _profile(entry, row):
                row = candidate.row
                yield candidate


def _profile(entry: object, row: int) -> Iterator[Candidate]:
    """The reviews of one entry, numbered from `row` + 1."""
    profile = entry.get("profile") if isinstance(entry, dict) else None
    if not isinstance(entry, dict):
        yield Candidate(
            row + 1, entry, fault=f"the entry is {shown(entry)}: expected an object with id and profile"
        )
    elif not isinstance(profile, list):
        yield Candidate(row + 1, entry, fault="profile is missing: expected a list of reviews")
    elif not profile:
        yield Candidate(row + 1, entry, fault="the profile is empty")
    else:
        for index, review in enumerate(profile):
            record = {"id": entry.get("id"), "review": review}
            if not isinstance(review, dict):
                yield Candidate(
                    row + index + 1, record, fault=f"the review is {shown(review)}: expected an object"
                )
                continue
            yield Candidate(
                row + index + 1,
                record,
                user=entry.get("id"),
                topic=review.get("pid"),
                title=review.get("title"),
                text=review.get("text"),
                rating=review.get("rating"),
                is_target=index == 0,
            )
