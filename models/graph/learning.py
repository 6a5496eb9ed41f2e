"""Propagation learned from the rows of one dataset: from its train users and nobody else."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from models.encoders.style import StyleVectors
from models.graph.training import Fit, Questions, fit, mean_style
from models.graph.weights import Learned
from models.recipes import Propagation
from models.retrieval.chance import hashes
from models.retrieval.corpus import shared_texts
from models.retrieval.expectation import Known
from models.retrieval.store import Vectors
from models.retrieval.vectors import TextEncoder, meaning

MOST_QUESTIONS: Final = 20_000  # reviews learned from, chosen by hash: bounds memory and time of training
TOO_FEW: Final = "too few train users"
NO_GAIN: Final = "no gain on held-out train users: lower bound {:+.4f}"


@dataclass(frozen=True)
class Lesson:
    """What was learned, from how many questions and users; fit: how it did, None when nothing was tried."""

    learned: Learned
    fit: Fit | None
    n_questions: int
    n_users: int

    def row(self) -> dict[str, object]:
        """Columns of feature.propagation, but for the dataset and the hash of the weights."""
        fit = self.fit
        return {
            "origin": self.learned.origin,
            "reason": self.learned.reason,
            "n_train_users": self.n_users,
            "n_train_examples": self.n_questions,
            "n_held_out_users": None if fit is None else fit.n_held_out_users,
            "epochs": None if fit is None else fit.epoch,
            "gain": None if fit is None else fit.gain.mean,
            "gain_ci_low": None if fit is None else fit.gain.low,
            "gain_ci_high": None if fit is None else fit.gain.high,
            "cosine": None if fit is None else fit.after.cosine,
            "default_cosine": None if fit is None else fit.before.cosine,
            "auc_same_topic": None if fit is None else fit.after.same_topic,
            "default_auc_same_topic": None if fit is None else fit.before.same_topic,
            "common_weight": self.learned.common_weight,
            "style_encoder_id": self.learned.style_encoder,
            "seed": self.learned.seed,
            "data_sha256": self.learned.data_sha256,
        }


def learn(
    reviews: pl.DataFrame,
    encoder: StyleVectors,
    titles: Vectors,
    meanings: TextEncoder,
    flagged: Collection[str],
    settings: Propagation,
    *,
    seed: int,
    samples: int,
    confidence: float,
) -> Lesson:
    """From rows of staging.reviews of one dataset; samples and confidence are those of the bootstrap.

    titles: the table of that name; meanings: its sentence model, for the few titles that are not in it.
    The shipped default comes back when there are too few train users, or when those held out show no gain
    over it. Equal rows give equal bytes, in any order; rows of other splits change nothing.
    """
    questions = masked(reviews, encoder, titles, meanings, flagged, seed)
    n_users = questions.user.n_unique()
    found = fit(questions, settings, seed, samples, confidence)
    if found is None or not found.is_gain:
        reason = TOO_FEW if found is None else NO_GAIN.format(found.gain.low)
        learned = Learned.default(settings, encoder.encoder_id, encoder.dimensions, reason, seed)
        return Lesson(learned, found, len(questions.user), n_users)
    learned = trained(found, questions, encoder, meanings, settings, seed, fingerprint(reviews))
    return Lesson(learned, found, len(questions.user), n_users)


def masked(
    reviews: pl.DataFrame,
    encoder: StyleVectors,
    titles: Vectors,
    meanings: TextEncoder,
    flagged: Collection[str],
    seed: int,
) -> Questions:
    """Every review of every train user who is one person, at most MOST_QUESTIONS, with its text hidden."""
    train = _train(reviews)
    asked = train.filter(
        ~pl.col("is_shared_text"),
        ~pl.col("user_id").is_in(sorted(flagged)),
        pl.col("text").str.strip_chars() != "",
    )
    order = np.argsort(hashes(asked["review_id"], seed), kind="stable")[:MOST_QUESTIONS]
    asked = asked[np.sort(order)]
    examples = asked.select(
        pl.col("review_id").alias("example_id"),
        "user_id",
        "topic_id",
        pl.col("review_id").alias("target_review_id"),
        pl.col("title").alias("input"),
        pl.lit("long").alias("task"),
        "posted_at",
    )
    title = _titles_of(train.filter(~pl.col("is_shared_text")), titles, meanings)
    about = title.matrix[title.rows_of(asked["review_id"].to_numpy())]
    known = Known.build(train, examples, encoder, flagged, title, about, seed)
    answer = known.features.style[known.corpus.examples["target_row"].to_numpy()]
    return Questions(known.features, answer, asked["user_id"])


def trained(
    found: Fit,
    questions: Questions,
    encoder: StyleVectors,
    meanings: TextEncoder,
    settings: Propagation,
    seed: int,
    data_sha256: str,
) -> Learned:
    """The result of a training, whether or not it was a gain."""
    return Learned(
        origin="trained",
        reason=None,
        model=found.model,
        common=mean_style(questions),
        common_weight=found.common_weight,
        settings=settings,
        style_encoder=encoder.encoder_id,
        meaning_encoder=meanings.encoder_id,
        seed=seed,
        data_sha256=data_sha256,
    )


def fingerprint(reviews: pl.DataFrame) -> str:
    """Hash of everything that propagation learns from: the train users' rows."""
    rows = _train(reviews).select("review_id", "user_id", "topic_id", "title", "text", "posted_at")
    lines = ("\x1f".join(str(value) for value in row) for row in rows.iter_rows())
    return hashlib.sha256("\x1e".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def _titles_of(train: pl.DataFrame, titles: Vectors, meanings: TextEncoder) -> Vectors:
    """Vectors of the titles of these rows: a text shared with anybody else is not in the store."""
    ids = train["review_id"]
    rows = titles.rows_of(ids.to_numpy())
    missing = np.flatnonzero(rows < 0)
    matrix = np.zeros((len(ids), meanings.dimensions), dtype=np.float32)
    matrix[rows >= 0] = titles.matrix[rows[rows >= 0]]
    matrix[missing] = meaning(meanings, train["title"][missing])
    names = ids.to_numpy().astype(object)
    encoders = np.full(len(ids), meanings.encoder_id, dtype=object)
    return Vectors(names, np.full(len(ids), "", dtype=object), encoders, matrix)


def _train(reviews: pl.DataFrame) -> pl.DataFrame:
    """The train users' rows by id; which texts are shared is decided among them."""
    train = reviews.filter(pl.col("split") == "train").sort("review_id")
    return train.with_columns(shared_texts(train))
