"""Supported, refuted or undecided: the tests of every claim, and what they amount to.

A claim is supported when each of its tests finds the arm better (intersection-union test, Berger 1982: the
largest p-value is the claim's) and that p-value survives Holm's correction for all claims of the dataset and
iteration. It is refuted when the interval of one of its tests lies below the smallest effect that matters.
Everything else is undecided. Users whom the audit does not believe to be one person are left out: nothing is
personal about them. The rules are ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from models.evaluation.bootstrap import Values, keyed_seed
from models.evaluation.claims import BEFORE, UNTRAINED, Claim, Test, claims
from models.evaluation.comparison import compare
from models.evaluation.holm import holm
from models.evaluation.leaderboard import ALL, FEW

LEAST_SAMPLES: Final = 10_000  # so that a p-value can be small enough for the correction of many claims

Outcome = Literal["supported", "refuted", "undecided"]
Row = dict[str, object]
Side = tuple[str, str]  # iteration and arm


@dataclass(frozen=True)
class Rules:
    """What decides. samples: resamples and sign flips. smallest_effect: in units of the metric.

    previous: key of the iteration before, None for the first.
    """

    iteration: str
    previous: str | None
    samples: int
    confidence: float
    smallest_effect: float
    seed: int


def rows_of_tests(scores: pl.DataFrame, examples: pl.DataFrame, rules: Rules) -> list[Row]:
    """One row per dataset, task, claim and test, in the order of the claims.

    `scores` has (iteration, arm, example_id, metric, value) of this iteration and the one before; `examples`
    has (example_id, dataset, task, split, history_bucket, user_is_flagged). A claim whose first arm was not
    evaluated on a task has no rows; another arm that was not leaves its test without numbers and with a note.
    """
    held_out = examples.filter(~pl.col("user_is_flagged"))
    kept = scores.join(
        held_out.select("example_id", "dataset", "task", "history_bucket"), on="example_id", validate="m:1"
    )
    rows: list[Row] = []
    for (dataset, task), group in sorted(kept.group_by("dataset", "task"), key=lambda item: item[0]):
        known = Known.of(group)
        keys, tests = [], []
        for claim in claims():
            fitting = [test for test in claim.tests if test.fits(str(task))]
            if fitting and known.has(rules.iteration, fitting[0].arm):
                names = {"dataset": dataset, "task": task, "claim": claim.claim}
                keys += [names | {"test": number} for number in range(1, len(fitting) + 1)]
                tests += fitting
        found = _tested(tests, known, rules, keyed_seed(rules.seed, dataset, task))
        rows += [key | row for key, row in zip(keys, found, strict=True)]
    return rows


@dataclass(frozen=True)
class Known:
    """Scores of one dataset and task by (iteration, arm, metric), aligned: NaN where there is none."""

    buckets: np.ndarray
    values: Mapping[tuple[str, str, str], Values]

    @classmethod
    def of(cls, group: pl.DataFrame) -> Known:
        """From rows (iteration, arm, metric, example_id, history_bucket, value)."""
        ids = group.select("example_id", "history_bucket").unique().sort("example_id")
        place = ids.select("example_id").with_row_index("place")
        values = {}
        for (iteration, arm, metric), part in group.group_by("iteration", "arm", "metric"):
            column = np.full(ids.height, np.nan)
            at = part.join(place, on="example_id")
            column[at["place"].to_numpy()] = at["value"].to_numpy()
            values[str(iteration), str(arm), str(metric)] = column
        return cls(ids["history_bucket"].to_numpy(), values)

    def has(self, iteration: str, arm: str) -> bool:
        """Whether the arm was evaluated."""
        return any(key[:2] == (iteration, arm) for key in self.values)


def _tested(tests: Sequence[Test], known: Known, rules: Rules, seed: int) -> Iterator[Row]:
    """The columns of every test, all from the same resamples."""
    sides = [_sides(test, rules) for test in tests]
    missing = [
        [key for key in (*own, *other) if (*key, test.metric) not in known.values]
        for test, (own, other) in zip(tests, sides, strict=True)
    ]
    gains = np.full((len(known.buckets), len(tests) + 1), np.nan)
    gains[:, -1] = 0  # what every difference is tested against
    for column, (test, (own, other)) in enumerate(zip(tests, sides, strict=True)):
        if not missing[column]:
            of_bucket = (known.buckets == test.bucket) | (test.bucket == ALL)
            gains[of_bucket, column] = (_worth(own, test, known) - _worth(other, test, known))[of_bucket]
    found = compare(
        gains,
        [(column, len(tests)) for column in range(len(tests))],
        samples=max(rules.samples, LEAST_SAMPLES),
        confidence=rules.confidence,
        seed=seed,
    )
    for column, (test, (own, other)) in enumerate(zip(tests, sides, strict=True)):
        row: Row = {
            "arm": _name(own),
            "other_arm": _name(other) if other else None,
            "other_iteration": other[0][0] if other else None,
            "metric": test.metric,
            "history_bucket": test.bucket,
            "smallest_effect": rules.smallest_effect,
            "n": int(found.n_paired[column]),
            "diff": _number(found.diff[column]),
            "ci_low": _number(found.diff_low[column]),
            "ci_high": _number(found.diff_high[column]),
            "p_value": _number(found.p[column]),
        }
        outcome = _outcome(row, rules)
        yield row | {"outcome": outcome, "note": _note(row, test, missing[column], rules)}


def _sides(test: Test, rules: Rules) -> tuple[list[Side], list[Side]]:
    """The arm and what it is compared with, each followed by the arm that is taken off."""
    own = [(rules.iteration, name) for name in (test.arm, test.less) if name is not None]
    if test.against is None:
        return own, []
    if test.against != BEFORE:
        return own, [(rules.iteration, test.against)]
    if rules.previous is None:
        return own, [(rules.iteration, UNTRAINED[name]) for _, name in own]
    return own, [(rules.previous, name) for _, name in own]


def _worth(sides: Sequence[Side], test: Test, known: Known) -> Values:
    """Value of the first arm, less that of the second where there is one; 0 without any."""
    columns = [known.values[*side, test.metric] for side in sides]
    return columns[0] - sum(columns[1:]) if columns else np.zeros(len(known.buckets))


def _name(sides: Sequence[Side]) -> str:
    return " less ".join(arm for _, arm in sides)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _note(row: Row, test: Test, missing: Sequence[Side], rules: Rules) -> str | None:
    """Why numbers are missing or not to be trusted."""
    if missing:
        names = ", ".join(arm if at == rules.iteration else f"{arm} of {at}" for at, arm in missing)
        return f"no {test.metric} of {names}"
    if not row["n"]:
        return "no example in common"
    if isinstance(n := row["n"], int) and n < FEW:
        return f"fewer than {FEW} examples: the interval is too narrow to refute"
    return None


def _outcome(row: Mapping[str, object], rules: Rules) -> Outcome:
    """What one test says, before any correction for the others."""
    n, low, high, p = (row[name] for name in ("n", "ci_low", "ci_high", "p_value"))
    if not isinstance(low, float) or not isinstance(high, float) or not isinstance(p, float):
        return "undecided"
    if high < rules.smallest_effect:
        return "refuted" if isinstance(n, int) and n >= FEW else "undecided"
    return "supported" if low > 0 and p <= 1 - rules.confidence else "undecided"


def corrected(rows: Sequence[Row]) -> list[Row]:
    """The same rows with p_holm: the claim's p-value, corrected for the claims of the dataset.

    A claim with a test that could not be done is no candidate: its tests have none.
    """
    by_dataset: dict[object, dict[tuple[object, object], list[float | None]]] = {}
    for row in rows:
        p = row["p_value"]
        found = by_dataset.setdefault(row["dataset"], {}).setdefault((row["task"], row["claim"]), [])
        found.append(p if isinstance(p, float) else None)
    raised: dict[tuple[object, object, object], float] = {}
    for dataset, found_claims in by_dataset.items():
        whole = {
            key: max(p for p in ps if p is not None) for key, ps in found_claims.items() if None not in ps
        }
        for key, p in zip(whole, holm(list(whole.values())), strict=True):
            raised[dataset, *key] = p
    return [row | {"p_holm": raised.get((row["dataset"], row["task"], row["claim"]))} for row in rows]


def verdict_rows(tests: Sequence[Row], rules: Rules) -> list[Row]:
    """One row per dataset, task and claim from its test rows with p_holm, in their order."""
    grouped: dict[tuple[object, ...], list[Row]] = {}
    for row in tests:
        grouped.setdefault((row["dataset"], row["task"], row["claim"]), []).append(row)
    known = {claim.claim: claim for claim in claims()}
    return [
        {
            "dataset": dataset,
            "task": task,
            "claim": claim,
            "statement": _statement(known[str(claim)], rules),
            "verdict": (verdict := _verdict(rows, rules)),
            "reason": "; ".join(_words(rows, verdict, rules)),
            "n_tests": len(rows),
        }
        for (dataset, task, claim), rows in grouped.items()
    ]


def _statement(claim: Claim, rules: Rules) -> str:
    return claim.statement.replace("{iteration}", rules.iteration)


def _verdict(rows: Sequence[Row], rules: Rules) -> Outcome:
    outcomes = [row["outcome"] for row in rows]
    if "refuted" in outcomes:
        return "refuted"
    p = rows[0]["p_holm"]
    survives = isinstance(p, float) and p <= 1 - rules.confidence
    return "supported" if survives and set(outcomes) == {"supported"} else "undecided"


def _words(rows: Sequence[Row], verdict: Outcome, rules: Rules) -> Iterator[str]:
    """The tests in words, those that decided alone where some did."""
    deciding = {"supported": rows, "refuted": [row for row in rows if row["outcome"] == "refuted"]}
    shown = deciding.get(verdict) or [row for row in rows if row["outcome"] != "supported"] or rows
    for row in shown:
        yield _sentence(row, rules)
    p = rows[0]["p_holm"]
    if isinstance(p, float) and verdict != "refuted":
        yield f"{_p(p)} after correction for all claims of the dataset"


def _sentence(row: Row, rules: Rules) -> str:
    where = "" if row["history_bucket"] == ALL else f", history {row['history_bucket']}"
    other = row["other_arm"] or "nothing"
    if row["other_iteration"] not in (None, rules.iteration):
        other = f"{other} of iteration {row['other_iteration']}"
    head = f"{row['arm']} against {other}"
    if not row["n"]:
        return f"{head}: {row['note']}"
    if row["ci_low"] is None:
        return f"{head}: {row['metric']} {row['diff']:+.3f}, one example{where}"
    small = f", below {rules.smallest_effect:g} which would matter" if row["outcome"] == "refuted" else ""
    return (
        f"{head}: {row['metric']} {row['diff']:+.3f} ({row['ci_low']:+.3f} to {row['ci_high']:+.3f}, "
        f"n = {row['n']}{where}, {_p(row['p_value'])}){small}"
    )


def _p(value: object) -> str:
    return "p < 0.001" if isinstance(value, float) and value < 0.001 else f"p {value:.3f}"
