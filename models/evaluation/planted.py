"""Use of planted traits by arm, with intervals: the rows of evaluation.planted_traits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from models.evaluation.bootstrap import bounds, resampled_means
from models.sample.traits import TRAITS, planted_traits
from models.sample.world import World

REFERENCES: Final = ("none", "pat_random_donors")  # writes from nothing; reads the wrong people
MEAN: Final = "all"


def trait_values(texts: Sequence[str], user_ids: Sequence[str], world: World) -> np.ndarray:
    """(n, len(TRAITS) + 1): 1 where text shows the trait of its user, then the mean of the five."""
    truth = world.truth
    rows = [
        [float(value) for value in planted_traits(text, truth[user_id], world).values()]
        for text, user_id in zip(texts, user_ids, strict=True)
    ]
    values = np.array(rows, dtype=np.float64).reshape(len(rows), len(TRAITS))
    return np.column_stack([values, values.mean(axis=1) if len(rows) else np.zeros(0)])


def planted_trait_rows(
    written: pl.DataFrame, world: World, *, samples: int, confidence: float, seed: int
) -> list[dict[str, object]]:
    """Rows of one history bucket of one dataset.

    `written` has arm, example_id, user_id (as in the world, without the dataset) and text; every arm has
    every example once. An arm is compared with each of `REFERENCES` that was evaluated, save itself.
    """
    ordered = written.sort("arm", "example_id")
    arms = ordered["arm"].unique().sort().to_list()
    n = ordered["example_id"].n_unique()
    if not n or ordered.height != n * len(arms):
        raise ValueError(f"{ordered.height} texts of {len(arms)} arms and {n} examples")
    values = trait_values(ordered["text"].to_list(), ordered["user_id"].to_list(), world)
    width = values.shape[1]
    table = values.reshape(len(arms), n, width).transpose(1, 0, 2).reshape(n, len(arms) * width)
    means = resampled_means(table, samples, seed)
    low, high = bounds(means, confidence)
    rows: list[dict[str, object]] = []
    for place, arm in enumerate(arms):
        for reference in (one for one in REFERENCES if one in arms and one != arm):
            other = arms.index(reference)
            for number, trait in enumerate((*TRAITS, MEAN)):
                column, against = place * width + number, other * width + number
                diff_low, diff_high = bounds(means[:, [column]] - means[:, [against]], confidence)
                rows.append(
                    {
                        "arm": arm,
                        "trait": trait,
                        "n": n,
                        "share": float(table[:, column].mean()),
                        "ci_low": float(low[column]),
                        "ci_high": float(high[column]),
                        "reference_arm": reference,
                        "diff_vs_reference": float((table[:, column] - table[:, against]).mean()),
                        "diff_ci_low": float(diff_low[0]),
                        "diff_ci_high": float(diff_high[0]),
                    }
                )
    return rows
