"""Intervals cover what they claim, pairs are paired, and comparisons over different examples are refused."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from models.evaluation import paired_bootstrap
from models.evaluation.leaderboard import COLUMNS, leaderboard

SETTINGS = {"samples": 500, "confidence": 0.95, "seed": 3}
ARMS = {"none": 0.0, "pat_untrained": 0.1, "pat": 0.3, "neighbor_review": -0.1}


def board_inputs(n: int = 40) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Scores whose arms differ by exactly the amounts of ARMS, over examples of very different difficulty."""
    level = np.random.default_rng(0).uniform(0.2, 0.6, n)
    examples = pl.DataFrame(
        {
            "example_id": [f"e{i:03d}" for i in range(n)],
            "dataset": "sample",
            "task": "long",
            "split": "test",
            "history_bucket": ["0" if i % 4 else "1" for i in range(n)],
        }
    )
    scores = pl.concat(
        [
            pl.DataFrame(
                {"arm": arm, "example_id": examples["example_id"], "metric": metric, "value": level + gain}
            )
            for arm, gain in ARMS.items()
            for metric in ("rouge1", "chrf")
        ]
    )
    return scores, examples


def row(board: pl.DataFrame, **key: str) -> dict[str, object]:
    found = board.filter(**key)
    assert found.height == 1
    return found.row(0, named=True)


def test_a_bootstrap_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    hits = 0
    for trial in range(200):
        gain = rng.normal(0.3, 1.0, 60)
        interval = paired_bootstrap(gain, np.zeros(60), 300, 0.9, seed=trial)
        hits += interval.low <= 0.3 <= interval.high
    assert 0.83 <= hits / 200 <= 0.96


def test_a_paired_interval_does_not_see_what_both_sides_share() -> None:
    shared = np.random.default_rng(1).normal(0, 10, 50)
    interval = paired_bootstrap(shared + 0.2, shared, 500, 0.95, seed=0)
    assert interval.low == pytest.approx(0.2)
    assert interval.high == pytest.approx(0.2)


def test_the_same_seed_gives_the_same_interval_in_chunks_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(2).normal(size=30)
    whole = paired_bootstrap(values, np.zeros(30), 400, 0.95, seed=9)
    monkeypatch.setattr("models.evaluation.bootstrap.CHUNK_VALUES", 1000)
    assert paired_bootstrap(values, np.zeros(30), 400, 0.95, seed=9) == whole


@pytest.mark.parametrize("values", [[], [1.0, float("nan")]])
def test_nothing_or_nan_cannot_be_compared(values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"no examples|finite"):
        paired_bootstrap(values, [0.0] * len(values), 10, 0.95, seed=0)


def test_rows_per_bucket_arm_and_metric_with_their_references() -> None:
    board = leaderboard(*board_inputs(), **SETTINGS)
    assert dict(board.schema) == COLUMNS
    assert board.height == 3 * len(ARMS) * 2  # buckets 0, 1 and all
    pat = row(board, history_bucket="all", arm="pat", metric="rouge1")
    assert pat["reference_arm"] == "pat_untrained"
    assert pat["diff_vs_reference"] == pytest.approx(0.2)
    assert pat["diff_ci_low"] == pytest.approx(0.2)
    assert pat["ci_low"] < pat["mean"] < pat["ci_high"]  # type: ignore[operator]
    assert row(board, history_bucket="1", arm="pat_untrained", metric="chrf")[
        "diff_vs_reference"
    ] == pytest.approx(0.1)
    assert row(board, history_bucket="all", arm="neighbor_review", metric="chrf")["reference_arm"] == "none"
    assert row(board, history_bucket="all", arm="none", metric="chrf")["reference_arm"] is None
    assert row(board, history_bucket="1", arm="none", metric="chrf")["n"] == 10


def test_the_order_of_rows_does_not_matter() -> None:
    scores, examples = board_inputs()
    shuffled = leaderboard(
        scores.sample(fraction=1, shuffle=True, seed=1),
        examples.sample(fraction=1, shuffle=True, seed=2),
        **SETTINGS,
    )
    assert shuffled.equals(leaderboard(scores, examples, **SETTINGS))


def test_an_arm_without_an_example_is_refused() -> None:
    scores, examples = board_inputs()
    with pytest.raises(ValueError, match="exactly once"):
        leaderboard(scores.slice(1), examples, **SETTINGS)
    with pytest.raises(ValueError, match="exactly once"):
        leaderboard(pl.concat([scores, scores.head(1)]), examples, **SETTINGS)
    with pytest.raises(ValueError, match="no known example"):
        leaderboard(scores, examples.slice(1), **SETTINGS)


def test_no_scores_give_no_rows() -> None:
    scores, examples = board_inputs()
    assert leaderboard(scores.clear(), examples, **SETTINGS).is_empty()
