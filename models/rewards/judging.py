"""Everything that is recorded about a draft: Q, and the habits by which Q could be gamed.

A policy that is rewarded for ROUGE can learn to write more, to repeat itself or to copy what it was shown.
These habits are measured for every draft, and the recipe can make Q pay for two of them:

    Q - length * max(0, words / target words - 1) - copying * copied run / words, at least 0

A rating is one word, and rightly one that others wrote too: it is measured, and never penalized.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from models.evaluation.metrics import distinct_ngrams
from models.evaluation.rouge import Scores
from models.evaluation.words import words
from models.rewards.copying import copied_runs
from models.rewards.quality import quality

PENALIZED_TASKS: Final = frozenset({"long", "short"})
REPEATED_WORDS: Final = 3  # as in the n-gram blocking of decoders: two words repeat in any honest text

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Judgement:
    """About n drafts, each of shape (n,)."""

    quality: Scores  # Q with the recipe's penalties, 0..1: what is rewarded
    unpenalized_quality: Scores  # 0..1
    n_words: Counts
    target_words: Counts
    copied_run: Counts  # words
    repeated_share: Scores  # 0..1

    @classmethod
    def empty(cls, n: int) -> Judgement:
        """Room for n drafts, all zero."""
        return cls(
            quality=np.zeros(n),
            unpenalized_quality=np.zeros(n),
            n_words=np.zeros(n, dtype=np.int64),
            target_words=np.zeros(n, dtype=np.int64),
            copied_run=np.zeros(n, dtype=np.int64),
            repeated_share=np.zeros(n),
        )


def penalized(
    values: Scores,
    n_words: Counts,
    target_words: Counts,
    copied_run: Counts,
    *,
    length: float = 0.0,
    copying: float = 0.0,
) -> Scores:
    """Q less its penalties, at least 0; arrays of shape (n,). A target without words counts as one word."""
    excess = np.maximum(n_words / np.maximum(target_words, 1) - 1, 0)
    copied = copied_run / np.maximum(n_words, 1)
    return np.maximum(values - length * excess - copying * copied, 0.0)


def repeated_share(text: str) -> float:
    """Share of the three-word runs of a text that it has used before, 0..1; 0 for a text without any."""
    return 1 - distinct_ngrams(words(text), REPEATED_WORDS)


def judge(
    task: str,
    drafts: Sequence[str],
    targets: Sequence[str],
    shown: Sequence[Sequence[str]],
    weights: Mapping[str, float],
    *,
    length: float = 0.0,
    copying: float = 0.0,
) -> Judgement:
    """Judge n drafts of one task; `shown` has the review texts that each draft's agents were shown.

    `weights` is the recipe's reward for the task, `length` and `copying` its penalties.
    """
    unpenalized = quality(drafts, targets, weights)
    n_words, target_words = (
        np.array([len(words(text)) for text in texts], dtype=np.int64) for texts in (drafts, targets)
    )
    runs = copied_runs(drafts, shown)
    values = unpenalized
    if task in PENALIZED_TASKS:
        values = penalized(unpenalized, n_words, target_words, runs, length=length, copying=copying)
    return Judgement(
        quality=values,
        unpenalized_quality=unpenalized,
        n_words=n_words,
        target_words=target_words,
        copied_run=runs,
        repeated_share=np.array([repeated_share(draft) for draft in drafts], dtype=np.float64),
    )
