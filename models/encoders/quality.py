"""How well style encoders tell authors apart: contrastive authorship verification, with intervals.

One row per encoder and control. Every encoder answers the same trials, authors are the unit of the bootstrap.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import polars as pl

from models.encoders.projection import MOST_TRIALS, SEED, cross_fit, fold_of, project
from models.encoders.style import StyleVectors, fit_stylometry
from models.encoders.stylometry import StyleEncoder
from models.encoders.verification import (
    CONTROLS,
    Trials,
    by_author,
    eligible,
    make_trials,
    outcomes,
    overlap_outcomes,
)
from models.evaluation.bootstrap import bounds, resampled_means

RAW, PROJECTED = "raw features", "trained projection"
STYLE_MODEL, SEMANTIC = "style model", "semantic encoder"
CONTENT, CHANCE = "content words", "chance"
MOST_SCORED: Final = 4_000  # trials per control: a style model needs some seconds for their texts
LEAST_HELD_OUT: Final = 200  # authors; with fewer the train authors are asked too, each by weights not theirs
HELD_OUT, CROSS_FITTED = "held out", "held out and cross-fitted"
NO_TRIALS: Final = "no author has reviews of two topics, one of them reviewed by somebody else"


class Meanings(Protocol):
    """What texts are about, by the sentence model that style encoders are compared with."""

    encoder_id: str | None

    def of(self, review_ids: pl.Series) -> np.ndarray:
        """(n, d) unit rows: the meanings of the texts of reviews, without their titles."""


@dataclass(frozen=True)
class Settings:
    """Of the bootstrap: resamples, two-sided confidence, seed."""

    samples: int
    confidence: float
    seed: int


def style_quality(
    reviews: pl.DataFrame,
    in_use: StyleVectors,
    semantic: Meanings,
    settings: Settings,
    excluded: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Rows of feature.style_encoder_quality for one dataset, without its name.

    reviews: rows of staging.reviews. excluded: ids of users who are not one person; they are in no trial.
    """
    known = eligible(reviews, excluded)
    is_train = (known["split"] == "train").to_numpy()
    rows: list[dict[str, Any]] = []
    for control in CONTROLS:
        every = make_trials(known, control, MOST_TRIALS * 4, settings.seed)
        held_out = every.where(~is_train[every.author])
        enough = held_out.n_authors >= LEAST_HELD_OUT
        trials = (held_out if enough else every).head(MOST_SCORED)
        found = _answers(known, reviews, trials, in_use, semantic, excluded, settings.seed)
        about = HELD_OUT if enough else CROSS_FITTED
        rows += [{"control": control, "authors": about, **row} for row in _rows(trials, found, settings)]
    return rows


@dataclass(frozen=True)
class _Answer:
    encoder: str
    encoder_id: str | None
    is_in_use: bool
    outcomes: np.ndarray | None  # (t,), None where there is no such encoder
    note: str | None = None


def _answers(
    known: pl.DataFrame,
    reviews: pl.DataFrame,
    trials: Trials,
    in_use: StyleVectors,
    semantic: Meanings,
    excluded: Collection[str],
    seed: int,
) -> list[_Answer]:
    """What every encoder says about the same trials."""
    texts = known["text"].to_list()
    ours = in_use if isinstance(in_use, StyleEncoder) else _fitted(reviews, excluded)
    raw = ours.with_projection(None)
    vectors = raw.encode(texts)
    answers = [_projected(known, trials, ours, vectors, ours is in_use)]
    projected = answers[0].is_in_use
    answers.append(_Answer(RAW, raw.encoder_id, ours is in_use and not projected, outcomes(trials, vectors)))
    if ours is not in_use:
        answers.append(
            _Answer(STYLE_MODEL, in_use.encoder_id, True, outcomes(trials, _encoded(in_use, texts, trials)))
        )
    meanings = semantic.of(known["review_id"])
    answers.append(_Answer(SEMANTIC, semantic.encoder_id, False, outcomes(trials, meanings)))
    answers.append(_Answer(CONTENT, None, False, overlap_outcomes(trials, texts)))
    answers.append(_Answer(CHANCE, None, False, _coins(trials, known["review_id"], seed)))
    return answers


def _fitted(reviews: pl.DataFrame, excluded: Collection[str]) -> StyleEncoder:
    return fit_stylometry(reviews.filter(pl.col("split") == "train"), excluded)


def _projected(
    known: pl.DataFrame, trials: Trials, ours: StyleEncoder, vectors: np.ndarray, is_ours: bool
) -> _Answer:
    """The trained projection: its weights for held-out authors, those of other folds for train authors."""
    projection = ours.projection
    if projection is None or not projection.decision.n_trials:
        note = "no projection: no train author has reviews to compare"
        return _Answer(PROJECTED, None, False, None, note)
    is_train = (known["split"] == "train").to_numpy()
    about_train = is_train[trials.author]
    found = np.zeros(len(trials))
    found[~about_train] = outcomes(trials.where(~about_train), project(vectors, projection.weights))
    if about_train.any():
        place = np.flatnonzero(is_train)
        learn = make_trials(known.filter(pl.Series(is_train)), "same topic", MOST_TRIALS, SEED).at(place)
        found[about_train] = cross_fit(vectors, learn, fold_of(known["user_id"]), trials.where(about_train))
    used = is_ours and projection.decision.is_in_use
    return _Answer(PROJECTED, ours.encoder_id if used else None, used, found, projection.decision.reason)


def _encoded(encoder: StyleVectors, texts: list[str], trials: Trials) -> np.ndarray:
    """(n, d) vectors, computed for the rows that trials name alone."""
    vectors = np.zeros((len(texts), encoder.dimensions), dtype=np.float32)
    if len(trials):
        vectors[trials.rows] = encoder.encode([texts[row] for row in trials.rows])
    return vectors


def _coins(trials: Trials, review_ids: pl.Series, seed: int) -> np.ndarray:
    """(t,) 0 or 1 by a hash of the three reviews."""
    named = zip(*(review_ids.gather(rows).to_list() for rows in trials.reviews), strict=True)
    coins = [hashlib.sha256(f"{seed}:{names}".encode()).digest()[0] & 1 for names in named]
    return np.array(coins, dtype=np.float64)


def _rows(trials: Trials, answers: list[_Answer], settings: Settings) -> list[dict[str, Any]]:
    used = next(answer for answer in answers if answer.is_in_use)
    rows = []
    for answer in answers:
        row: dict[str, Any] = {
            "encoder": answer.encoder,
            "encoder_id": answer.encoder_id,
            "is_in_use": answer.is_in_use,
            "n_authors": trials.n_authors,
            "n": len(trials),
            **dict.fromkeys(("accuracy", "ci_low", "ci_high", "lead", "lead_ci_low", "lead_ci_high")),
            "note": answer.note,
        }
        if answer.outcomes is None:
            row |= {"n_authors": 0, "n": 0}
        elif not len(trials):
            row |= {"note": NO_TRIALS}
        else:
            assert used.outcomes is not None  # an encoder in use exists
            values = by_author(trials, np.column_stack([answer.outcomes, used.outcomes - answer.outcomes]))
            low, high = bounds(resampled_means(values, settings.samples, settings.seed), settings.confidence)
            mean = values.mean(axis=0)
            row |= {"accuracy": float(mean[0]), "ci_low": float(low[0]), "ci_high": float(high[0])}
            if not answer.is_in_use:
                row |= {"lead": float(mean[1]), "lead_ci_low": float(low[1]), "lead_ci_high": float(high[1])}
        rows.append(row)
    return rows
