"""Files to read, and what came out of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from models.sources import SourceSpec, read_source


@dataclass(frozen=True)
class Result:
    """Everything that reading one source gave."""

    format: str
    accepted: list[dict[str, Any]]
    rejected: list[dict[str, Any]]
    n_read: int
    n_duplicate: int

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(row["source_row"], row["reason"]) for row in self.rejected]


def read_all(path: Path | str, format: str = "auto", dataset: str = "d", **options: Any) -> Result:
    """Read a source to its end; the counts must add up whatever is in it."""
    reader = read_source(SourceSpec(str(path), dataset, format, **options))  # type: ignore[arg-type]
    batches = list(reader)
    result = Result(
        format=reader.format,
        accepted=[row for batch in batches for row in batch.accepted.to_pylist()],
        rejected=[row for batch in batches for row in batch.rejected.to_pylist()],
        n_read=sum(batch.n_read for batch in batches),
        n_duplicate=sum(batch.n_duplicate for batch in batches),
    )
    assert result.n_read == len(result.accepted) + len(result.rejected) + result.n_duplicate
    assert reader.position == reader.total_bytes
    return result


@pytest.fixture(scope="session")
def read() -> Callable[..., Result]:
    return read_all


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str, object], Path]:
    """Write bytes or text as they are, a list as a JSON list; returns the path."""

    def write(name: str, content: object) -> Path:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            text = content if isinstance(content, str) else json.dumps(content)
            path.write_text(text, encoding="utf-8", newline="")
        return path

    return write


@pytest.fixture(scope="session")
def amazon() -> Callable[..., dict[str, Any]]:
    """One review with the fields of Amazon Reviews 2023."""

    def review(**changed: object) -> dict[str, Any]:
        good = {
            "rating": 5.0,
            "title": "Such a lovely scent",
            "text": "This spray is really nice.",
            "images": [],
            "asin": "B00YQ6X8EO",
            "parent_asin": "B00YQ6X8EP",
            "user_id": "AGKHLEW2",
            "timestamp": 1588687728923,
            "helpful_vote": 0,
            "verified_purchase": True,
        }
        return good | changed

    return review
