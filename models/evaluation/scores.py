"""Every metric of many texts of one dataset and task: the values of evaluation.scores.

Many arms quote the same reviews, so each text, and each text with its target, is measured once. What the
metrics mean is in metrics.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import polars as pl

from models.encoders.distortion import DistortionEncoder
from models.evaluation.coherence import Coherence, Polarity
from models.evaluation.metrics import METRICS_BY_TASK, distinct_ngrams, metric_values
from models.evaluation.rouge import Scores
from models.evaluation.specificity import OtherTargets, specificity
from models.evaluation.words import words
from models.rewards.copying import copied_runs
from models.rewards.judging import PENALIZED_TASKS, penalized
from models.rewards.quality import quality, weighted

OF_WORDS = frozenset({"n_words", "length_ratio", "distinct_1", "distinct_2"})  # each text cut once for all
LIKENESS_ROWS = 4_096  # texts at a time, with their targets at most 50 MB of vectors

Value = TypeVar("Value", bound=Hashable)


class Shown(NamedTuple):
    """A review that stood behind a text."""

    user_id: str
    title: str
    text: str


@dataclass(frozen=True)
class Texts:
    """n texts, what they should have been, and the reviews behind them, in order of rank."""

    example_ids: Sequence[str]
    texts: Sequence[str]
    targets: Sequence[str]
    shown: Sequence[Sequence[Shown]]


@dataclass(frozen=True)
class Yardstick:
    """What texts of one dataset and task are measured with.

    weights: the recipe's Q of the task. length, copying: its penalties. styles, polarity: None where the task
    or the corpus has none.
    """

    task: str
    weights: Mapping[str, float]
    length: float
    copying: float
    others: OtherTargets
    styles: DistortionEncoder | None
    polarity: Polarity | None

    @classmethod
    def build(
        cls,
        task: str,
        reviews: pl.DataFrame,
        examples: pl.DataFrame,
        weights: Mapping[str, float],
        *,
        length: float,
        copying: float,
        seed: int,
    ) -> Yardstick:
        """From rows of staging.reviews and feature.examples of one dataset."""
        known = reviews.filter(~pl.col("is_shared_text")).sort("review_id")
        written = {"long": "text", "short": "title"}.get(task)
        return cls(
            task=task,
            weights=weights,
            length=length,
            copying=copying,
            others=OtherTargets.build(examples.filter(task=task), seed),
            styles=DistortionEncoder.fit(known[written].fill_null("").to_list()) if written else None,
            polarity=Polarity.learn(known["text"].fill_null(""), known["rating"]) if task == "long" else None,
        )

    def measure(self, written: Texts) -> dict[str, Scores]:
        """Values by metric, each of shape (n,); NaN where a text cannot have one."""
        values = self._by_target(written)
        values["specificity"] = specificity(
            written.texts,
            weighted(values, self.weights),
            written.example_ids,
            [{review.user_id for review in shown} for shown in written.shown],
            self.others,
            lambda texts, targets: quality(texts, targets, self.weights),
        )
        if self.task in PENALIZED_TASKS:
            values["copied_run"] = self._copied(written)
        values["q"] = self._q(written, values)
        if self.styles is not None:
            values["style_likeness"] = likeness(self.styles, written.texts, written.targets)
        if self.task == "long":
            values |= self._coherence(written.texts)
        return values

    def _by_target(self, written: Texts) -> dict[str, Scores]:
        """The metrics of `METRICS_BY_TASK`."""
        pairs, place = once(list(zip(written.texts, written.targets, strict=True)))
        wanted = METRICS_BY_TASK[self.task]
        slow = [name for name in wanted if name not in OF_WORDS]
        values = metric_values(slow, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
        found = {name: value[place] for name, value in values.items()}
        if OF_WORDS & set(wanted):
            found |= word_values(written.texts, written.targets)
        return {name: found[name] for name in wanted}

    def _copied(self, written: Texts) -> Scores:
        shown = [[part for one in told for part in (one.title, one.text)] for told in written.shown]
        return copied_runs(written.texts, shown).astype(np.float64)

    def _q(self, written: Texts, values: Mapping[str, Scores]) -> Scores:
        """Q with the recipe's penalties, as the rewards have it."""
        unpenalized = weighted(values, self.weights)
        if self.task not in PENALIZED_TASKS:
            return unpenalized
        n_words, target_words = (
            per_text(texts, lambda text: len(words(text))) for texts in (written.texts, written.targets)
        )
        return penalized(
            unpenalized,
            n_words.astype(np.int64),
            target_words.astype(np.int64),
            values["copied_run"].astype(np.int64),
            length=self.length,
            copying=self.copying,
        )

    def _coherence(self, texts: Sequence[str]) -> dict[str, Scores]:
        distinct, place = once(texts)
        found = Coherence.measure(distinct, self.polarity)
        values = {"repeated_sentences": found.repeated_sentences, "fragments": found.fragments}
        if found.contradicting_pairs is not None:
            values["contradicting_pairs"] = found.contradicting_pairs
        return {name: value[place] for name, value in values.items()}


def word_values(texts: Sequence[str], targets: Sequence[str]) -> dict[str, Scores]:
    """The metrics `OF_WORDS`, equal to those of `METRICS`."""
    distinct, place = once(texts)
    cut = [words(text) for text in distinct]
    n_words = np.array([len(text) for text in cut], dtype=np.float64)[place]
    expected = per_text(targets, lambda text: len(words(text)))
    return {
        "n_words": n_words,
        "length_ratio": n_words / np.maximum(expected, 1),
        "distinct_1": np.array([distinct_ngrams(text, 1) for text in cut], dtype=np.float64)[place],
        "distinct_2": np.array([distinct_ngrams(text, 2) for text in cut], dtype=np.float64)[place],
    }


def likeness(encoder: DistortionEncoder, texts: Sequence[str], targets: Sequence[str]) -> Scores:
    """(n,) cosine in style of each text to its target; 0 for an empty text, NaN for an empty target."""
    values = np.zeros(len(texts))
    for start in range(0, len(texts), LIKENESS_ROWS):
        rows = slice(start, start + LIKENESS_ROWS)
        distinct, place = once([*texts[rows], *targets[rows]])
        vectors = encoder.encode(distinct)
        text, target = np.split(place, 2)
        cosines = np.einsum("ij,ij->i", vectors[text], vectors[target])
        values[rows] = np.where(np.any(vectors[target], axis=1), cosines, np.nan)
    return values


def per_text(texts: Sequence[str], measure: Callable[[str], float]) -> Scores:
    """(n,) a measure of each text, taken once for equal texts."""
    distinct, place = once(texts)
    return np.array([measure(text) for text in distinct], dtype=np.float64)[place]


def once(values: Sequence[Value]) -> tuple[list[Value], np.ndarray]:
    """(distinct values in order of appearance, place of each value among them)."""
    places: dict[Value, int] = {}
    place = [places.setdefault(value, len(places)) for value in values]
    return list(places), np.array(place, dtype=np.int64)
