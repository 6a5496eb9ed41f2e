"""Small random corpora and the whole way from rows to contexts, for the tests of retrieval."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from models.encoders.stylometry import StyleEncoder
from models.retrieval.contexts import TopicVectors, style_rows, topic_rows
from models.retrieval.store import VectorStore
from models.retrieval.vectors import (
    TextEncoder,
    fit_styles,
    sync_reviews,
    sync_titles,
    sync_topics,
    sync_users,
)

VOCABULARY = "lid handle strap good bad fine works broke never love it the a and very too i you not"
WORDS = VOCABULARY.split()
MARKS = [".", "!", "!!", "...", " ;)", " -", "?"]
DONORS, REVIEWS = 3, 4
REPLACEMENT = "ZZZ?? qqq 999 -- completamente OUTRA coisa @@ \u2026"


class WordEncoder:
    """A stand-in for the sentence model: hashed bags of words, deterministic and instant."""

    encoder_id = "words"
    dimensions = 16

    def encode(self, texts: Sequence[str], progress: bool = False) -> np.ndarray:
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                digest = hashlib.sha256(word.encode()).digest()
                row[digest[0] % self.dimensions] += 1 if digest[1] % 2 else -1
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


@dataclass(frozen=True)
class Contexts:
    """Both context tables of one corpus."""

    style: pl.DataFrame
    topic: pl.DataFrame

    def of(self, example_id: str) -> tuple[bytes, bytes]:
        """The rows of one example as bytes."""
        mine = pl.col("example_id") == example_id
        return self.style.filter(mine).write_json().encode(), self.topic.filter(mine).write_json().encode()


def make_reviews(seed: int, users: int = 40, topics: int = 7, times: bool = True) -> pl.DataFrame:
    """Rows of staging.reviews: users with 1 to 4 reviews and habits, a few shared texts, maybe times."""
    rng = random.Random(seed)
    rows = []
    for user in range(users):
        mark, shout = rng.choice(MARKS), rng.random() < 0.3
        split = rng.choice(["train", "train", "validation", "test"])
        count = rng.choice([1, 1, 2, 3, 4])
        for number in range(count):
            words = [rng.choice(WORDS) for _ in range(rng.randrange(3, 14))]
            text = " ".join(words) + mark
            title = " ".join(rng.choice(WORDS) for _ in range(rng.randrange(0, 4))) + mark
            shared = rng.random() < 0.05
            rows.append(
                {
                    "review_id": f"d:{user}:{number}",
                    "dataset": "d",
                    "split": split,
                    "user_id": f"d:u{user}",
                    "topic_id": f"d:t{rng.randrange(topics)}",
                    "title": title.upper() if shout else title,
                    "text": "same here" if shared else text.upper() if shout else text,
                    "rating": None if rng.random() < 0.1 else float(rng.randint(1, 5)),
                    "posted_at": datetime(2024, 1, 1) + timedelta(hours=rng.randrange(200))
                    if times and rng.random() < 0.95
                    else None,
                    "is_target": number == count - 1,
                }
            )
    frame = pl.DataFrame(rows, schema_overrides={"posted_at": pl.Datetime("us"), "rating": pl.Float64})
    return frame.with_columns((pl.col("user_id").n_unique().over("text") > 1).alias("is_shared_text"))


def make_examples(reviews: pl.DataFrame) -> pl.DataFrame:
    """Rows of feature.examples: every target that nobody else wrote."""
    return reviews.filter(pl.col("is_target") & ~pl.col("is_shared_text")).select(
        (pl.col("review_id") + ":long").alias("example_id"),
        "dataset",
        "split",
        "user_id",
        "topic_id",
        pl.col("review_id").alias("target_review_id"),
        pl.col("title").alias("input"),
        pl.col("text").alias("target"),
        "posted_at",
        pl.lit("long").alias("task"),
        pl.lit(False).alias("user_is_flagged"),
    )


def with_other_target(reviews: pl.DataFrame, review_id: str, text: str = REPLACEMENT) -> pl.DataFrame:
    """The same corpus, one target written in other words; its title, the input, stays."""
    changed = pl.when(pl.col("review_id") == review_id).then(pl.lit(text)).otherwise(pl.col("text"))
    return reviews.with_columns(changed.alias("text"))


def contexts(
    reviews: pl.DataFrame,
    home: Path,
    encoder: TextEncoder | None = None,
    scales: StyleEncoder | None = None,
    exclude_same_topic: bool = True,
) -> Contexts:
    """Everything from the rows on: scales (unless frozen ones are given), vectors, both contexts."""
    encoder = encoder or WordEncoder()
    store = VectorStore(home / "vectors")
    encoders = {"d": scales} if scales else fit_styles(reviews, home)
    sync_users(store, reviews, encoders)
    sync_reviews(store, reviews, encoder)
    sync_titles(store, reviews, encoder)
    sync_topics(store, reviews)
    examples = make_examples(reviews)
    return Contexts(
        style_rows(reviews, examples, encoders["d"], store.load("users"), DONORS, exclude_same_topic),
        topic_rows(reviews, examples, encoder, TopicVectors.load(store), REVIEWS),
    )
