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

from models.encoders.style import StyleVectors
from models.graph.learning import masked, trained
from models.graph.training import fit
from models.graph.weights import Learned
from models.recipes import Propagation, PropagationName, Task
from models.retrieval.contexts import TopicVectors, style_rows, topic_rows
from models.retrieval.expectation import Propagator
from models.retrieval.store import Vectors, VectorStore
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
    """Both context tables of one corpus, and the propagation behind them."""

    style: pl.DataFrame
    topic: pl.DataFrame
    learned: Learned

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


def make_examples(reviews: pl.DataFrame, tasks: Sequence[Task] = ("long",)) -> pl.DataFrame:
    """Rows of feature.examples: every target that nobody else wrote, once per task."""
    targets = reviews.filter(pl.col("is_target") & ~pl.col("is_shared_text"))
    inputs: dict[Task, tuple[pl.Expr, pl.Expr]] = {
        "long": (pl.col("title"), pl.col("text")),
        "short": (pl.col("text"), pl.col("title")),
        "rating": (pl.concat_str("title", "text", separator="\n"), pl.col("rating").cast(pl.String)),
    }
    return pl.concat(
        targets.select(
            (pl.col("review_id") + f":{task}").alias("example_id"),
            "dataset",
            "split",
            "user_id",
            "topic_id",
            pl.col("review_id").alias("target_review_id"),
            inputs[task][0].alias("input"),
            inputs[task][1].alias("target"),
            "posted_at",
            pl.lit(task).alias("task"),
            pl.lit(False).alias("user_is_flagged"),
        )
        for task in tasks
    )


def with_other_target(
    reviews: pl.DataFrame, review_id: str, text: str = REPLACEMENT, task: Task = "long"
) -> pl.DataFrame:
    """The same corpus, the answer of one example replaced: its text, its title or its rating."""
    column, answer = {
        "long": ("text", pl.lit(text)),
        "short": ("title", pl.lit(text)),
        "rating": ("rating", pl.when(pl.col("rating") == 1.0).then(5.0).otherwise(1.0)),
    }[task]
    changed = pl.when(pl.col("review_id") == review_id).then(answer).otherwise(pl.col(column))
    return reviews.with_columns(changed.alias(column))


def learned_anyway(
    reviews: pl.DataFrame, encoder: StyleVectors, titles: Vectors, meanings: TextEncoder
) -> Learned:
    """GraphSAGE trained on the train users, in use even if it was no gain: the tests are about leaks."""
    settings = Propagation(topic_neighbors=8, user_neighbors=2, hidden=8, epochs=3, batch_size=32)
    questions = masked(reviews, encoder, titles, meanings, set(), 1)
    found = fit(questions, settings, seed=1, samples=10, confidence=0.9)
    if found is None:
        return Learned.default(settings, encoder.encoder_id, encoder.dimensions)
    return trained(found, questions, encoder, meanings, settings, 1, "")


def contexts(
    reviews: pl.DataFrame,
    home: Path,
    encoder: TextEncoder | None = None,
    scales: StyleVectors | None = None,
    exclude_same_topic: bool = True,
    *,
    learned: Learned | None = None,
    tasks: Sequence[Task] = ("long",),
    propagation: PropagationName = "graphsage",
) -> Contexts:
    """Everything from the rows on: what is learned (unless given, frozen), vectors, both contexts."""
    encoder = encoder or WordEncoder()
    store = VectorStore(home / "vectors")
    encoders = {"d": scales} if scales else fit_styles(reviews, home)
    sync_users(store, reviews, encoders)
    sync_reviews(store, reviews, encoder)
    sync_titles(store, reviews, encoder)
    sync_topics(store, reviews)
    examples = make_examples(reviews, tasks)
    titles = store.load("titles")
    learned = learned or learned_anyway(reviews, encoders["d"], titles, encoder)
    style = style_rows(
        reviews,
        examples,
        encoders["d"],
        store.load("users"),
        DONORS,
        exclude_same_topic,
        propagator=Propagator(propagation, learned, titles, encoder),
    )
    return Contexts(style, topic_rows(reviews, examples, encoder, TopicVectors.load(store), REVIEWS), learned)
