"""Use of planted traits by arm, with intervals: the rows of evaluation.planted_traits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from models.evaluation.comparison import compare
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

    `written` has arm, example_id, user_id (as in the world, without the dataset) and text, each example of an
    arm once. An arm is compared with each of `REFERENCES` that was evaluated, save itself, over the examples
    that both answered; without any there is no row.
    """
    ordered = written.sort("arm", "example_id")
    if ordered.select("arm", "example_id").is_duplicated().any():
        raise ValueError("an arm has two texts of an example")
    arms = ordered["arm"].unique().sort().to_list()
    names = [*TRAITS, MEAN]
    shown = trait_values(ordered["text"].to_list(), ordered["user_id"].to_list(), world)
    examples = ordered.select("example_id").unique().sort("example_id").with_row_index("place")
    places = ordered.join(examples, on="example_id", maintain_order="left")["place"].to_numpy()
    table = np.full((examples.height, len(arms), len(names)), np.nan)
    table[places, ordered["arm"].replace_strict(arms, range(len(arms))).to_numpy()] = shown
    keys = [
        (place, arms.index(reference), number)
        for place, arm in enumerate(arms)
        for reference in REFERENCES
        if reference in arms and reference != arm
        for number in range(len(names))
    ]
    found = compare(
        table.reshape(examples.height, len(arms) * len(names)),
        [(place * len(names) + number, other * len(names) + number) for place, other, number in keys],
        samples=samples,
        confidence=confidence,
        seed=seed,
    )
    return [
        {
            "arm": arms[place],
            "trait": names[number],
            "n": int(found.n[column := place * len(names) + number]),
            "share": float(found.mean[column]),
            "ci_low": float(found.low[column]),
            "ci_high": float(found.high[column]),
            "reference_arm": arms[other],
            "diff_vs_reference": float(found.diff[pair]),
            "diff_ci_low": float(found.diff_low[pair]),
            "diff_ci_high": float(found.diff_high[pair]),
        }
        for pair, (place, other, number) in enumerate(keys)
        if found.n_paired[pair] > 1
    ]
