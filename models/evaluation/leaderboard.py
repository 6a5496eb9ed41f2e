"""From one score per text to one row per arm, with intervals: the rows of mart.leaderboard.

Every arm is averaged over the examples it answered and compared with its reference over the examples both
answered. Every cell of the grid has a row: one without examples says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import polars as pl

from models.arms.catalog import arms as catalog
from models.evaluation.bootstrap import Values, keyed_seed
from models.evaluation.comparison import Comparison, compare
from models.evaluation.glossary import meanings
from models.evaluation.holm import holm

ALL: Final = "all"  # the bucket that holds every history bucket
BUCKETS: Final = (ALL, "0", "1", "2-3", "4-7", "8+")
FEW: Final = 30  # a percentile bootstrap of fewer values knows too few of them
DERIVED: Final = {  # score of a text -> what its mean is called
    "rating_absolute_error": "mae",
    "rating_squared_error": "rmse",
}
ROOTED: Final = "rmse"  # the root is taken of the mean
COLUMNS: Final = {
    "dataset": pl.String,
    "task": pl.String,
    "split": pl.String,
    "history_bucket": pl.String,
    "flagged_users": pl.String,
    "arm": pl.String,
    "metric": pl.String,
    "n": pl.Int64,
    "mean": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "reference_arm": pl.String,
    "n_paired": pl.Int64,
    "diff_vs_reference": pl.Float64,
    "diff_ci_low": pl.Float64,
    "diff_ci_high": pl.Float64,
    "p_value": pl.Float64,
    "p_holm": pl.Float64,
    "note": pl.String,
}
PLACE: Final = ["dataset", "task", "split"]
Row = dict[str, object]


@dataclass(frozen=True)
class Settings:
    """How intervals and tests are computed."""

    samples: int
    confidence: float
    seed: int


def leaderboard(
    scores: pl.DataFrame,
    examples: pl.DataFrame,
    *,
    samples: int,
    confidence: float,
    seed: int,
) -> pl.DataFrame:
    """One row per dataset, task, split, history bucket, flagged users in or out, arm and metric: `COLUMNS`.

    `scores` has (arm, example_id, metric, value), at most one row each; `examples` has (example_id, dataset,
    task, split, history_bucket, user_is_flagged). p-values are two-sided paired sign-flip tests against the
    reference arm; p_holm corrects them for the arms of one metric. Resamples depend on `seed` and the group,
    not on the order of rows. ValueError for a score twice, of an unknown example, or not finite.
    """
    settings = Settings(samples, confidence, seed)
    keys = examples.select("example_id", *PLACE, "history_bucket", "user_is_flagged")
    known = scores.join(keys, on="example_id", how="inner", validate="m:1")
    if known.height != scores.height:
        raise ValueError(f"{scores.height - known.height} scores belong to no known example")
    if known.select("arm", "example_id", "metric").is_duplicated().any():
        raise ValueError("an arm has a metric of an example twice")
    if not known["value"].is_finite().all():
        raise ValueError("scores must be finite numbers")
    renamed = known.with_columns(pl.col("metric").replace(DERIVED))
    rows: list[Row] = []
    for key, group in sorted(renamed.group_by(PLACE), key=lambda item: item[0]):
        place = dict(zip(PLACE, map(str, key), strict=True))
        rows.extend(_place_rows(place, group, settings))
        rows.extend(_absent_rows(place, group))
    rows.extend(_unasked_rows(renamed, examples))
    return pl.DataFrame(rows, schema=COLUMNS)


def _place_rows(place: Mapping[str, str], group: pl.DataFrame, settings: Settings) -> Iterator[Row]:
    """Every bucket of one dataset, task and split, flagged users in and out."""
    arms, metrics = (group[name].unique().sort().to_list() for name in ("arm", "metric"))
    columns = list(product(arms, metrics))
    wide = (
        group.with_columns(column=pl.concat_str("arm", "metric", separator="\x1f"))
        .pivot(on="column", index=["example_id", "history_bucket", "user_is_flagged"], values="value")
        .sort("example_id")
    )
    names = ["\x1f".join(column) for column in columns]
    missing = [pl.lit(None, pl.Float64).alias(name) for name in names if name not in wide.columns]
    values = wide.with_columns(missing).select(names).to_numpy()
    buckets, flagged = wide["history_bucket"].to_numpy(), wide["user_is_flagged"].to_numpy()
    for bucket in BUCKETS:
        of_bucket = np.full(len(values), True) if bucket == ALL else buckets == bucket
        key = {**place, "history_bucket": bucket}
        inside = list(_group_rows(key, columns, values[of_bucket], settings))
        outside = inside
        if flagged[of_bucket].any():
            outside = list(_group_rows(key, columns, values[of_bucket & ~flagged], settings))
        yield from ({**row, "flagged_users": "in"} for row in inside)
        yield from ({**row, "flagged_users": "out"} for row in outside)


def _group_rows(
    key: Mapping[str, str], columns: Sequence[tuple[str, str]], values: Values, settings: Settings
) -> Iterator[Row]:
    """One row per arm and metric of one group; values (examples, columns), NaN where there is none."""
    number = {column: index for index, column in enumerate(columns)}
    pairs = {
        column: (index, number[reference, column[1]])
        for column, index in number.items()
        if (reference := reference_of(column[0])) and (reference, column[1]) in number
    }
    found = compare(
        values,
        list(pairs.values()),
        [index for (_, metric), index in number.items() if metric == ROOTED],
        samples=settings.samples,
        confidence=settings.confidence,
        seed=keyed_seed(settings.seed, *key.values()),
    )
    paired = {column: index for index, column in enumerate(pairs)}
    corrected = _corrected(paired, found)
    for column, index in number.items():
        arm, metric = column
        row: Row = {**key, "arm": arm, "metric": metric, "reference_arm": reference_of(arm)}
        row |= {
            "n": int(found.n[index]),
            "mean": _number(found.mean[index]),
            "ci_low": _number(found.low[index]),
            "ci_high": _number(found.high[index]),
        }
        if column in paired:
            pair = paired[column]
            row |= {
                "n_paired": int(found.n_paired[pair]),
                "diff_vs_reference": _number(found.diff[pair]),
                "diff_ci_low": _number(found.diff_low[pair]),
                "diff_ci_high": _number(found.diff_high[pair]),
                "p_value": _number(found.p[pair]),
                "p_holm": corrected.get(column),
            }
        own = values[:, index]
        yield row | {"note": _note(row, own[~np.isnan(own)], len(values), column in paired)}


def reference_of(arm: str) -> str | None:
    """The arm that `arm` is compared with; none for an arm that is no longer in the catalog."""
    return catalog()[arm].reference if arm in catalog() else None


def _corrected(paired: Mapping[tuple[str, str], int], found: Comparison) -> dict[tuple[str, str], float]:
    """Holm over the arms of each metric that could be compared."""
    by_metric: dict[str, list[tuple[str, str]]] = {}
    for column, index in paired.items():
        if found.n_paired[index]:
            by_metric.setdefault(column[1], []).append(column)
    return {
        column: p
        for columns in by_metric.values()
        for column, p in zip(columns, holm([found.p[paired[column]] for column in columns]), strict=True)
    }


def _note(row: Mapping[str, object], own: Values, size: int, is_paired: bool) -> str | None:
    """Why numbers are missing or not to be trusted; None for a plain row."""
    reference = row["reference_arm"]
    notes = []
    if not size:
        notes.append("no example in this bucket")
    elif not len(own):
        notes.append("no text of this arm has this metric in this bucket")
    elif len(own) == 1:
        notes.append("one example: no interval")
    elif len(own) < FEW:
        notes.append(f"fewer than {FEW} examples: the interval is too narrow")
    if len(own) > 1 and np.ptp(own) == 0:
        notes.append("all scores are equal")
    if len(own) and reference and not is_paired:
        notes.append(f"{reference} was not evaluated or has no such metric")
    elif len(own) and reference and not row["n_paired"]:
        notes.append(f"no example in common with {reference}")
    elif len(own) >= FEW and isinstance(paired := row.get("n_paired"), int) and paired < FEW:
        notes.append(f"fewer than {FEW} examples in common with {reference}")
    return "; ".join(notes) or None


def _absent_rows(place: Mapping[str, str], group: pl.DataFrame) -> Iterator[Row]:
    """Rows of metrics that no text of a dataset and task has, because none has what they need."""
    arms, present = group["arm"].unique().sort().to_list(), group["metric"].unique().to_list()
    for name, meaning in meanings().items():
        if meaning.needs and place["task"] in meaning.tasks and name not in present:
            yield from _empty_rows(place, arms, name, f"no text has what it needs: {meaning.needs}")


def _unasked_rows(known: pl.DataFrame, examples: pl.DataFrame) -> Iterator[Row]:
    """Rows of tasks that a dataset has no example of, although its arms could answer them."""
    for dataset, split in known.select("dataset", "split").unique().sort("dataset", "split").rows():
        there = examples.filter(dataset=dataset, split=split)["task"].unique().to_list()
        evaluated = known.filter(dataset=dataset)["arm"].unique().sort().to_list()
        for task in sorted({task for arm in catalog().values() for task in arm.tasks} - set(there)):
            able = [arm for arm in evaluated if arm in catalog() and task in catalog()[arm].tasks]
            place = {"dataset": dataset, "task": task, "split": split}
            yield from _empty_rows(place, able, "q", f"{dataset} has no {split} example of this task")


def _empty_rows(place: Mapping[str, str], arms: Sequence[str], metric: str, note: str) -> Iterator[Row]:
    for flagged in ("in", "out"):
        for arm in arms:
            key = {**place, "history_bucket": ALL, "flagged_users": flagged, "arm": arm, "metric": metric}
            yield {**key, "n": 0, "reference_arm": reference_of(arm), "note": note}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
