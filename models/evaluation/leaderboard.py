"""From one score per text to one row per arm, with intervals: the rows of mart.leaderboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from models.evaluation.bootstrap import bounds, keyed_seed, resampled_means

ALL: Final = "all"  # the bucket that holds every history bucket
REFERENCES: Final = {  # what an arm is compared with; every other arm:
    "pat": "pat_untrained",
    "pat_random_donors": "pat",
}
DEFAULT_REFERENCE: Final = "none"
COLUMNS: Final = {
    "dataset": pl.String,
    "task": pl.String,
    "split": pl.String,
    "history_bucket": pl.String,
    "arm": pl.String,
    "metric": pl.String,
    "n": pl.Int64,
    "mean": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "reference_arm": pl.String,
    "diff_vs_reference": pl.Float64,
    "diff_ci_low": pl.Float64,
    "diff_ci_high": pl.Float64,
}
GROUP: Final = ["dataset", "task", "split", "history_bucket"]


def reference_arm(arm: str, arms: set[str]) -> str | None:
    """The arm that `arm` is compared with, if it was evaluated and is not the arm itself."""
    reference = REFERENCES.get(arm, DEFAULT_REFERENCE)
    return reference if reference in arms and reference != arm else None


def leaderboard(
    scores: pl.DataFrame, examples: pl.DataFrame, *, samples: int, confidence: float, seed: int
) -> pl.DataFrame:
    """One row per dataset, task, split, history bucket (and "all"), arm and metric; columns as `COLUMNS`.

    `scores` has (arm, example_id, metric, value), `examples` has (example_id, dataset, task, split,
    history_bucket). Within a group every arm must have every example and metric exactly once: ValueError
    otherwise, because a comparison over different examples is none. Resamples depend on `seed` and the group
    alone and are shared by its arms and metrics.
    """
    known = scores.join(examples.select("example_id", *GROUP), on="example_id", how="inner", validate="m:1")
    if known.height != scores.height:
        raise ValueError(f"{scores.height - known.height} scores belong to no known example")
    both = pl.concat([known, known.with_columns(history_bucket=pl.lit(ALL))])
    rows: list[dict[str, object]] = []
    for key, group in sorted(both.group_by(GROUP), key=lambda item: item[0]):
        rows.extend(_group_rows(dict(zip(GROUP, key, strict=True)), group, samples, confidence, seed))
    return pl.DataFrame(rows, schema=COLUMNS)


def _group_rows(
    key: Mapping[str, object], group: pl.DataFrame, samples: int, confidence: float, seed: int
) -> list[dict[str, object]]:
    columns = group.select("arm", "metric").unique().sort("arm", "metric").rows()
    n = group["example_id"].n_unique()
    ordered = group.sort("arm", "metric", "example_id")
    cells = ordered.select("arm", "metric", "example_id")
    if cells.height != n * len(columns) or cells.is_duplicated().any():
        raise ValueError(f"{dict(key)}: every arm needs every example and metric exactly once")
    values = ordered["value"].to_numpy().reshape(len(columns), n).T
    means = resampled_means(values, samples, keyed_seed(seed, *key.values()))
    low, high = bounds(means, confidence)
    place = {column: index for index, column in enumerate(columns)}
    arms = {arm for arm, _ in columns}
    rows: list[dict[str, object]] = []
    for (arm, metric), index in place.items():
        row = {
            **key,
            "arm": arm,
            "metric": metric,
            "n": n,
            "mean": float(values[:, index].mean()),
            "ci_low": float(low[index]),
            "ci_high": float(high[index]),
        }
        if reference := reference_arm(arm, arms):
            other = place[(reference, metric)]
            diff_low, diff_high = bounds(means[:, [index]] - means[:, [other]], confidence)
            row |= {
                "reference_arm": reference,
                "diff_vs_reference": float((values[:, index] - values[:, other]).mean()),
                "diff_ci_low": float(diff_low[0]),
                "diff_ci_high": float(diff_high[0]),
            }
        rows.append(row)
    return rows
