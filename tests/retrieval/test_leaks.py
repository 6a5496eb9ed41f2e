"""The leak test: another answer to one example leaves every context row of it as it was, to the byte."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from models.encoders.semantic import SemanticEncoder
from models.encoders.stylometry import StyleEncoder
from models.graph.neighbors import Graph
from models.recipes import TASKS, Task
from models.retrieval.corpus import Corpus
from models.retrieval.vectors import style_file
from tests.retrieval.worlds import (
    REPLACEMENT,
    Contexts,
    contexts,
    make_examples,
    make_reviews,
    with_other_target,
)


class Experiment:
    """One corpus, its contexts, and what happens to them when one answer is another one."""

    def __init__(self, folder: Path, times: bool) -> None:
        self._folder = folder
        self.reviews = make_reviews(seed=11, users=90, topics=20, times=times)
        self.before = contexts(self.reviews, folder / "before", tasks=TASKS)
        self.scales = StyleEncoder.load(style_file(folder / "before", "d"))

    def after(self, example: dict[str, str], frozen: bool) -> Contexts:
        """Contexts with another answer; frozen keeps what was learned, as for train examples."""
        task: Task = example["task"]  # type: ignore[assignment]
        changed = with_other_target(self.reviews, example["target_review_id"], task=task)
        return contexts(
            changed,
            self._folder / example["example_id"].replace(":", "-"),
            scales=self.scales if frozen else None,
            learned=self.before.learned if frozen else None,
            tasks=TASKS,
        )

    def examples(self, split: str, task: Task, most: int) -> list[dict[str, str]]:
        chosen = make_examples(self.reviews, [task]).filter(pl.col("split") == split).sort("example_id")
        return chosen.head(most).to_dicts()


def weights(found: Contexts, path: Path) -> str:
    return found.learned.save(path / hashlib.sha256(str(id(found)).encode()).hexdigest())


@pytest.mark.parametrize("times", [True, False], ids=["with times", "without times"])
def test_no_context_depends_on_its_own_target(tmp_path: Path, times: bool) -> None:
    world = Experiment(tmp_path, times)
    assert ":fitted" in world.scales.encoder_id
    assert world.before.learned.origin == "trained"
    moved = 0
    for split in ("validation", "test", "train"):
        for task, most in (("long", 3), ("short", 2), ("rating", 1)):
            for example in world.examples(split, task, most):  # type: ignore[arg-type]
                after = world.after(example, frozen=split == "train")
                assert after.of(example["example_id"]) == world.before.of(example["example_id"])
                assert world.before.of(example["example_id"])[0] != b"[]"
                assert weights(after, tmp_path) == weights(world.before, tmp_path)
                moved += not after.style.equals(world.before.style)
    assert moved, "a target is evidence for others: replacing it has to move something, or the test is blind"


def test_the_same_holds_with_the_sentence_model(tmp_path: Path) -> None:
    reviews, encoder = make_reviews(seed=12, users=15, topics=3), SemanticEncoder()
    example = make_examples(reviews).row(0, named=True)
    changed = with_other_target(reviews, example["target_review_id"], REPLACEMENT * 30)
    before = contexts(reviews, tmp_path / "before", encoder)
    after = contexts(changed, tmp_path / "after", encoder)
    assert after.of(example["example_id"]) == before.of(example["example_id"])
    assert not after.topic.equals(before.topic)


def shows_the_own_review(self: Graph, examples: np.ndarray, size: int, turn: int = 0) -> np.ndarray:
    """Neighbor sampling that forgets to leave out the example's own user."""
    key = self._key(examples, turn)
    return self._by_topic.sample(self._about[examples], self._before[examples], key, size)


@classmethod  # type: ignore[misc]
def forgets_the_target(
    cls: type[Corpus], reviews: pl.DataFrame, examples: pl.DataFrame, build: Any = Corpus.build
) -> Corpus:
    """A corpus that does not know which review is the target, so that nobody can leave it out."""
    found = build(reviews, examples)
    return replace(found, examples=found.examples.with_columns(target_row=pl.lit(-1, pl.Int64)))


@pytest.mark.parametrize("leak", ["sampling", "history"])
def test_the_test_sees_a_leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leak: str) -> None:
    """Planted: the own target among the sampled neighbors, or in the history."""
    if leak == "sampling":
        monkeypatch.setattr(Graph, "near", shows_the_own_review)
    else:
        monkeypatch.setattr(Corpus, "build", forgets_the_target)
    world = Experiment(tmp_path, times=False)
    seen = [
        world.after(example, frozen=True).of(example["example_id"]) != world.before.of(example["example_id"])
        for example in world.examples("test", "long", 4)
    ]
    assert any(seen)


def test_a_text_of_the_history_does_move_the_rows(tmp_path: Path) -> None:
    reviews = make_reviews(seed=11, times=False)
    histories = reviews.filter(~pl.col("is_target") & ~pl.col("is_shared_text"))
    example = make_examples(reviews).join(histories, on="user_id", how="semi").row(0, named=True)
    own = histories.filter(pl.col("user_id") == example["user_id"])["review_id"][0]
    before = contexts(reviews, tmp_path / "before", scales=StyleEncoder.default())
    other = with_other_target(reviews, own)
    after = contexts(other, tmp_path / "after", scales=StyleEncoder.default(), learned=before.learned)
    assert after.of(example["example_id"])[0] != before.of(example["example_id"])[0]
