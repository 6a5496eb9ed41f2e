"""Both trajectories measured alone: is what they show closer to the hidden target than chance?

Every held-out example is judged by what it was shown and, as references, by as many reviews drawn at random
from its own topic and from the whole dataset, both by others and earlier where times are known. Differences
are paired by example. Rows of evaluation.trajectory_quality; the design of the table is ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import polars as pl

from models.evaluation.bootstrap import bounds, keyed_seed, resampled_means
from models.evaluation.evidence import INAPPLICABLE, TRAJECTORIES, Judged, Measure, Trajectory
from models.retrieval.corpus import Corpus

ALL: Final = "all"  # the bucket that holds every history bucket
DRAWS: Final = 8  # random contexts per example and reference: their noise is a third of one draw's
REFERENCES: Final = ("same_topic", "any_topic")
NO_ROWS: Final = "no example of this bucket was shown anything that can be measured"
NO_REFERENCE: Final = "no example with as many other reviews of its topic as it was shown"


def trajectory_rows(
    judged: Judged,
    shown: Mapping[Trajectory, pl.DataFrame],
    *,
    samples: int,
    confidence: float,
    seed: int,
) -> list[dict[str, object]]:
    """One row per task, trajectory, history bucket (and "all") and measure, sorted.

    `shown` has the rows (example_id, review_id) of each trajectory's context. A cell without a value is
    null and the column reason says why; resamples depend on `seed` and the row's key alone.
    """
    buckets = judged.examples["history_bucket"].to_numpy()
    tasks = judged.examples["task"].to_numpy()
    rows: list[dict[str, object]] = []
    for trajectory in TRAJECTORIES:
        contexts = list(_contexts(judged.corpus, shown[trajectory], seed, trajectory))
        for task in sorted(set(tasks)):
            present = sorted({ALL, *buckets[tasks == task]})
            for name, measure in sorted(judged.measures(trajectory, task).items()):
                values = _values(measure, contexts, tasks == task)
                for bucket in present:
                    key = {"task": task, "trajectory": trajectory, "history_bucket": bucket, "measure": name}
                    chosen = values[(tasks == task) & ((bucket == ALL) | (buckets == bucket))]
                    rows.append(key | _cell(chosen, samples, confidence, keyed_seed(seed, *key.values())))
            if (trajectory, task) in INAPPLICABLE:
                name, reason = INAPPLICABLE[(trajectory, task)]
                for bucket in present:
                    key = {"task": task, "trajectory": trajectory, "history_bucket": bucket, "measure": name}
                    empty = _cell(np.empty((0, 3)), samples, confidence, seed)
                    rows.append(key | empty | {"reason": reason})
    return rows


def _contexts(
    corpus: Corpus, shown: pl.DataFrame, seed: int, trajectory: str
) -> Iterator[tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]]:
    """Per example the rows shown, and random ones of its topic and of any, none where there are too few."""
    places = pl.DataFrame({"review_id": corpus.reviews["review_id"]}).with_row_index("row")
    found = shown.join(places, on="review_id").group_by("example_id").agg(pl.col("row").sort())
    by_example = {name: np.array(rows, dtype=np.int64) for name, rows in found.iter_rows()}
    user, topic, time = (corpus.reviews[name].to_numpy() for name in ("user", "topic", "time"))
    for name, own, about, before in corpus.examples.select("example_id", "user", "topic", "time").iter_rows():
        rows = by_example.get(name, np.empty(0, dtype=np.int64))
        rng = np.random.default_rng(keyed_seed(seed, trajectory, name))
        allowed = (user != own) & (time < before)
        pools = (np.flatnonzero(allowed & (topic == about)), np.flatnonzero(allowed))
        same, anywhere = (
            [rng.choice(pool, len(rows), replace=False) for _ in range(DRAWS)]
            if 0 < len(rows) <= len(pool)
            else []
            for pool in pools
        )
        yield rows, same, anywhere


def _values(
    measure: Measure,
    contexts: list[tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]],
    wanted: np.ndarray,
) -> np.ndarray:
    """(m, 3): value of what was shown and mean over the draws of both references; NaN where there is none."""
    values = np.full((len(contexts), 3), np.nan)
    for example in np.flatnonzero(wanted):
        rows, *references = contexts[example]
        if len(rows):
            values[example, 0] = measure(int(example), rows)
        for column, draws in enumerate(references, start=1):
            drawn = [measure(int(example), draw) for draw in draws]
            values[example, column] = np.mean(drawn) if drawn else np.nan
    return values


def _cell(values: np.ndarray, samples: int, confidence: float, seed: int) -> dict[str, object]:
    """Means, intervals and reasons of one row; values (n, 3)."""
    values = values[~np.isnan(values[:, 0])]
    columns = {("value", "ci"): values[:, 0]}
    cell: dict[str, object] = {"n": len(values)}
    reasons = [] if len(values) else [NO_ROWS]
    for place, name in enumerate(REFERENCES, start=1):
        known = ~np.isnan(values[:, place])
        cell[f"n_{name}"] = int(known.sum())
        cell[f"random_{name}"] = float(values[known, place].mean()) if known.any() else None
        columns[(f"diff_{name}", f"diff_{name}_ci")] = values[:, 0] - values[:, place]
        if len(values) and not known.any():
            reasons.append(NO_REFERENCE)
    return cell | _intervals(columns, samples, confidence, seed) | {"reason": "; ".join(reasons) or None}


def _intervals(
    columns: Mapping[tuple[str, str], np.ndarray], samples: int, confidence: float, seed: int
) -> dict[str, object]:
    """Mean and bounds of each column without its NaNs; columns with the same gaps share the resamples."""
    found: dict[str, object] = {}
    by_rows: dict[bytes, list[tuple[str, str]]] = {}
    for names, values in columns.items():
        by_rows.setdefault(np.isnan(values).tobytes(), []).append(names)
    for group in by_rows.values():
        table = np.column_stack([columns[names] for names in group])
        table = table[~np.isnan(table).any(axis=1)]
        means = resampled_means(table, samples, seed) if len(table) else np.empty((0, len(group)))
        low, high = bounds(means, confidence) if len(table) else (means, means)
        for place, (name, interval) in enumerate(group):
            numbers = (table[:, place].mean(), low[place], high[place]) if len(table) else (None, None, None)
            keys = (name, f"{interval}_low", f"{interval}_high")
            found |= {key: None if x is None else float(x) for key, x in zip(keys, numbers, strict=True)}
    return found
