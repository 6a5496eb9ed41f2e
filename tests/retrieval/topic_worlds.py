"""Topic rows of small random corpora, for all three tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from models.retrieval.contexts import TopicVectors, topic_rows
from models.retrieval.store import VectorStore
from models.retrieval.vectors import TextEncoder, sync_reviews, sync_titles, sync_topics
from tests.retrieval.worlds import WordEncoder, make_examples

K = 4
TASKS = ("long", "short", "rating")


def all_tasks(reviews: pl.DataFrame) -> pl.DataFrame:
    """Rows of feature.examples for every target and task."""
    targets = make_examples(reviews).drop("example_id", "input", "target", "task")
    asked = targets.join(
        reviews.select("review_id", "title", "text", "rating"),
        left_on="target_review_id",
        right_on="review_id",
    )
    both = pl.concat_str("title", "text", separator="\n")
    given: dict[str, tuple[pl.Expr, pl.Expr]] = {
        "long": (pl.col("title"), pl.col("text")),
        "short": (pl.col("text"), pl.col("title")),
        "rating": (both, pl.col("rating").cast(pl.String)),
    }
    parts = [
        asked.with_columns(
            (pl.col("target_review_id") + f":{task}").alias("example_id"),
            question.alias("input"),
            answer.alias("target"),
            pl.lit(task).alias("task"),
            pl.col("rating").alias("target_rating"),
        ).drop("title", "text", "rating")
        for task, (question, answer) in given.items()
    ]
    asks_nothing = (pl.col("task") == "short") & (pl.col("target").str.strip_chars() == "")
    return pl.concat(parts).filter(pl.col("target").is_not_null() & ~asks_nothing)


def sync(reviews: pl.DataFrame, home: Path, encoder: TextEncoder | None = None) -> TopicVectors:
    """All vectors that the topic trajectory reads."""
    store, encoder = VectorStore(home / "vectors"), encoder or WordEncoder()
    sync_reviews(store, reviews, encoder)
    sync_titles(store, reviews, encoder)
    sync_topics(store, reviews)
    return TopicVectors.load(store)


def topic_table(reviews: pl.DataFrame, home: Path, **options: Any) -> pl.DataFrame:
    """Rows of context.topic_reviews from the rows on."""
    examples = options.pop("examples", None)
    examples = all_tasks(reviews) if examples is None else examples
    return topic_rows(reviews, examples, WordEncoder(), sync(reviews, home), K, **options)
