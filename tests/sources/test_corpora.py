"""The published corpora, where they are present: every review is accounted for."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORPORA = Path(os.environ.get("PAT_CORPORA") or ROOT.parent / "shared" / "data" / "pgraphrag")

pytestmark = pytest.mark.skipif(
    not (CORPORA / "amazon_dev.json").exists(), reason="the PGraphRAG corpora are not here; set PAT_CORPORA"
)


@pytest.mark.parametrize(
    ("name", "rows", "rejected", "duplicates", "targets"),
    [
        ("amazon", 2706, 4, 26, 2496),  # four targets have an empty text
        ("hotel", 2875, 0, 31, 2500),
        ("gap", 4356, 0, 0, 2500),
        ("b2w", 2666, 0, 20, 2500),
    ],
)
def test_pgraphrag_corpora(read, name, rows, rejected, duplicates, targets):
    result = read(CORPORA / f"{name}_dev.json", dataset=name, split="dev")
    assert result.format == "pgraphrag"
    assert (result.n_read, len(result.rejected), result.n_duplicate) == (rows, rejected, duplicates)
    assert sum(row["is_target"] for row in result.accepted) == targets
    assert len({row["review_id"] for row in result.accepted}) == len(result.accepted)
    assert {row["reason"] for row in result.rejected} <= {"text is empty"}
