"""No topic row of an example depends on what is hidden from it, by alignment or by backoff, to the byte."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.retrieval.topic_worlds import TASKS, all_tasks, topic_table
from tests.retrieval.worlds import REPLACEMENT, make_reviews

HIDDEN = {"long": ("text", "rating"), "short": ("title", "rating"), "rating": ("rating",)}
OTHER = {"text": REPLACEMENT, "title": "QQQ works!! never ??", "rating": 1.0}


def with_other(reviews: pl.DataFrame, review_id: str, columns: tuple[str, ...]) -> pl.DataFrame:
    """The same corpus, one review with other words or another rating."""
    here = pl.col("review_id") == review_id
    far = pl.when(pl.col("rating") == 1.0).then(5.0).otherwise(1.0)
    new = {"text": pl.lit(OTHER["text"]), "title": pl.lit(OTHER["title"]), "rating": far}
    return reviews.with_columns(
        [pl.when(here).then(new[name]).otherwise(pl.col(name)).alias(name) for name in columns]
    )


def rows_of(table: pl.DataFrame, example_id: str) -> bytes:
    return table.filter(pl.col("example_id") == example_id).write_json().encode()


@pytest.mark.parametrize("times", [True, False], ids=["with times", "without times"])
@pytest.mark.parametrize("task", TASKS)
def test_no_topic_row_depends_on_what_is_hidden(tmp_path: Path, task: str, times: bool) -> None:
    reviews = make_reviews(seed=21, users=60, topics=40, times=times)  # topics of one to seven reviews
    sizes = reviews.group_by("topic_id").len()["len"]
    assert {1, 2, 3} <= set(sizes)
    before = topic_table(reviews, tmp_path / "before")
    assert set(before["source"]) == {"exact", "backoff"}
    assert before["alignment"].drop_nulls().n_unique() > 10
    moved = 0
    asked = all_tasks(reviews).filter(pl.col("task") == task).sort("example_id")
    for number, example in enumerate(asked.head(8).iter_rows(named=True)):
        changed = with_other(reviews, example["target_review_id"], HIDDEN[task])
        after = topic_table(changed, tmp_path / str(number))
        assert rows_of(after, example["example_id"]) == rows_of(before, example["example_id"])
        moved += not after.equals(before)
    assert moved, "the replaced text, title or rating is evidence for others: something has to move"


def test_a_target_alone_on_its_topic_is_asked_for_by_its_input(tmp_path: Path) -> None:
    """The topic's stored vector is that of the target: it must not be what finds near topics."""
    reviews = make_reviews(seed=22, users=40, topics=60, times=False)
    counts = reviews.group_by("topic_id").len().filter(pl.col("len") == 1)["topic_id"]
    alone = all_tasks(reviews).filter(pl.col("topic_id").is_in(counts.implode()), pl.col("task") == "long")
    assert alone.height > 3
    before = topic_table(reviews, tmp_path / "before")
    for number, example in enumerate(alone.head(5).iter_rows(named=True)):
        changed = with_other(reviews, example["target_review_id"], ("text",))
        after = topic_table(changed, tmp_path / str(number))
        assert rows_of(after, example["example_id"]) == rows_of(before, example["example_id"])
        mine = before.filter(pl.col("example_id") == example["example_id"])
        assert set(mine["source"]) == {"backoff"}


def test_what_is_given_is_used(tmp_path: Path) -> None:
    """The opposite of the rules above: an input in other words does move rows."""
    reviews = make_reviews(seed=21, users=60, topics=40)
    before = topic_table(reviews, tmp_path / "before")
    moved = 0
    for number, task in enumerate(("long", "short")):
        example = all_tasks(reviews).filter(pl.col("task") == task).row(0, named=True)
        column = {"long": "title", "short": "text"}[task]
        after = topic_table(
            with_other(reviews, example["target_review_id"], (column,)), tmp_path / str(number)
        )
        moved += rows_of(after, example["example_id"]) != rows_of(before, example["example_id"])
    assert moved == 2
