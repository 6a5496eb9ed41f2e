"""The leak test: other words in one target leave every context row of its example as it was, to the byte."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from models.encoders.semantic import SemanticEncoder
from models.encoders.stylometry import StyleEncoder
from models.retrieval.vectors import style_file
from tests.retrieval.worlds import (
    REPLACEMENT,
    Contexts,
    contexts,
    make_examples,
    make_reviews,
    with_other_target,
)


@pytest.mark.parametrize("times", [True, False], ids=["with times", "without times"])
def test_no_context_depends_on_its_own_target(tmp_path: Path, times: bool) -> None:
    reviews = make_reviews(seed=11, users=90, times=times)
    before = contexts(reviews, tmp_path / "before")
    frozen = StyleEncoder.load(style_file(tmp_path / "before", "d"))
    assert ":fitted" in frozen.encoder_id
    moved = 0
    examples = make_examples(reviews)
    for split in ("validation", "test", "train"):
        for number, example in enumerate(
            examples.filter(pl.col("split") == split).head(5).iter_rows(named=True)
        ):
            changed = with_other_target(reviews, example["target_review_id"])
            after = contexts(
                changed,
                tmp_path / f"{split}{number}",
                scales=frozen if split == "train" else None,  # learned weights are frozen for train examples
            )
            assert after.of(example["example_id"]) == before.of(example["example_id"])
            assert _asked_for(before, example["example_id"])
            moved += not after.style.equals(before.style) or not after.topic.equals(before.topic)
    assert moved, "a target is evidence for others: replacing it has to move something, or the test is blind"


def test_the_same_holds_with_the_sentence_model(tmp_path: Path) -> None:
    reviews, encoder = make_reviews(seed=12, users=15, topics=3), SemanticEncoder()
    example = make_examples(reviews).row(0, named=True)
    changed = with_other_target(reviews, example["target_review_id"], REPLACEMENT * 30)
    before = contexts(reviews, tmp_path / "before", encoder)
    after = contexts(changed, tmp_path / "after", encoder)
    assert after.of(example["example_id"]) == before.of(example["example_id"])
    assert not after.topic.equals(before.topic)


def test_the_test_sees_a_leak(tmp_path: Path) -> None:
    """If a user's own text could reach their example, another text would move its rows."""
    reviews = make_reviews(seed=11, times=False)
    histories = reviews.filter(~pl.col("is_target") & ~pl.col("is_shared_text"))
    example = make_examples(reviews).join(histories, on="user_id", how="semi").row(0, named=True)
    own = histories.filter(pl.col("user_id") == example["user_id"])["review_id"][0]
    before = contexts(reviews, tmp_path / "before", scales=StyleEncoder.default())
    after = contexts(with_other_target(reviews, own), tmp_path / "after", scales=StyleEncoder.default())
    assert after.of(example["example_id"])[0] != before.of(example["example_id"])[0]


def _asked_for(found: Contexts, example_id: str) -> bool:
    return bool(found.style.filter(pl.col("example_id") == example_id).height)
