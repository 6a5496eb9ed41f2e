"""Intervals cover what they claim, tests are right, pairs are paired, and an empty cell says why."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evaluation import paired_bootstrap
from models.evaluation.bootstrap import sign_flip_p
from models.evaluation.comparison import SPARSE, compare
from models.evaluation.holm import holm
from models.evaluation.leaderboard import BUCKETS, COLUMNS, leaderboard

SETTINGS = {"samples": 500, "confidence": 0.95, "seed": 3}
ARMS = {"random_topic_review": 0.0, "none": 0.1, "pat_untrained": 0.2, "pat": 0.4}
FLAGGED = 4  # of the examples: those whose number is a multiple of ten


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
            "user_is_flagged": [i % 10 == 0 for i in range(n)],
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
    found = board.filter(**{"history_bucket": "all", "flagged_users": "in"} | key)
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


@given(st.lists(st.floats(-1, 1).map(lambda x: round(x, 3)), min_size=1, max_size=7))
def test_with_few_examples_every_sign_is_tried(differences: list[float]) -> None:
    observed = abs(sum(differences))
    flips = [
        sum(sign * x for sign, x in zip(signs, differences, strict=True))
        for signs in product((1, -1), repeat=len(differences))
    ]
    expected = sum(abs(flip) >= observed - 1e-9 for flip in flips) / len(flips)
    found = sign_flip_p(np.array(differences)[:, None], 128, seed=0)[0]
    assert found == pytest.approx(expected)
    assert found >= 2 / 2 ** len(differences)  # one example proves nothing, five not enough


def test_a_difference_of_nothing_is_called_real_as_often_as_alpha_says() -> None:
    noise = np.random.default_rng(4).normal(size=(60, 1000))
    p = sign_flip_p(noise, 400, seed=1)
    assert 0.035 <= (p <= 0.05).mean() <= 0.065
    assert (sign_flip_p(noise + 2, 400, seed=1) == 1 / 401).all()
    assert (sign_flip_p(np.zeros((60, 2)), 400, seed=1) == 1).all()


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_rejects_what_its_step_down_rejects(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    for alpha in (0.01, 0.05, 0.3):
        rejected = set()
        for place, index in enumerate(order):
            if p_values[index] * (len(order) - place) > alpha:
                break
            rejected.add(index)
        assert {i for i, p in enumerate(adjusted) if p <= alpha} == rejected


def test_a_p_value_lies_between_0_and_1() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.2, math.nan])


@pytest.mark.parametrize("n", [SPARSE // 4, SPARSE * 2])
def test_columns_are_averaged_over_their_own_examples_and_compared_over_common_ones(n: int) -> None:
    rng = np.random.default_rng(n)
    values = rng.normal(size=(n, 2))
    values[: n // 4, 0] = np.nan
    values[-n // 10 :, 1] = np.nan
    found = compare(values, [(0, 1)], samples=2000, confidence=0.95, seed=1)
    common = values[n // 4 : -n // 10]
    assert found.n.tolist() == [n - n // 4, n - n // 10]
    assert found.n_paired.tolist() == [len(common)]
    assert found.mean == pytest.approx(np.nanmean(values, axis=0))
    assert found.diff == pytest.approx([(common[:, 0] - common[:, 1]).mean()])
    gain = paired_bootstrap(common[:, 0], common[:, 1], 2000, 0.95, seed=2)
    width = gain.high - gain.low
    assert found.diff_low == pytest.approx([gain.low], abs=0.1 * width)
    assert found.diff_high == pytest.approx([gain.high], abs=0.1 * width)


def test_intervals_do_not_depend_on_the_arms_beside_them() -> None:
    values = np.random.default_rng(0).normal(size=(50, 3))
    alone = compare(values[:, :1], [], samples=300, confidence=0.9, seed=1)
    beside = compare(values, [(1, 2)], samples=300, confidence=0.9, seed=1)
    assert (alone.low[0], alone.high[0]) == pytest.approx((beside.low[0], beside.high[0]))


def test_rmse_is_the_root_of_the_mean_and_differs_by_roots() -> None:
    squares = np.random.default_rng(3).uniform(0, 16, size=(80, 2))
    found = compare(squares, [(0, 1)], [0, 1], samples=500, confidence=0.95, seed=1)
    assert found.mean == pytest.approx(np.sqrt(squares.mean(axis=0)))
    assert found.diff == pytest.approx([found.mean[0] - found.mean[1]])
    assert found.low[0] < found.mean[0] < found.high[0] < 4
    assert found.diff_low[0] < found.diff[0] < found.diff_high[0]


def test_rows_per_bucket_arm_and_metric_with_their_references() -> None:
    board = leaderboard(*board_inputs(), **SETTINGS)
    assert dict(board.schema) == COLUMNS
    of_long = board.filter(pl.col("metric").is_in(["rouge1", "chrf"]))
    assert of_long.height == 2 * len(BUCKETS) * len(ARMS) * 2  # flagged users in and out
    pat = row(board, arm="pat", metric="rouge1")
    assert pat["reference_arm"] == "pat_untrained"
    assert pat["diff_vs_reference"] == pytest.approx(0.2)
    assert pat["diff_ci_low"] == pytest.approx(0.2)
    assert pat["ci_low"] < pat["mean"] < pat["ci_high"]  # type: ignore[operator]
    assert pat["p_value"] == pytest.approx(1 / 501)
    assert pat["p_holm"] == pytest.approx(3 / 501)  # three arms have a reference
    assert pat["note"] is None
    assert row(board, history_bucket="1", arm="pat_untrained", metric="chrf")[
        "diff_vs_reference"
    ] == pytest.approx(0.1)
    assert row(board, arm="none", metric="chrf")["reference_arm"] == "random_topic_review"
    few = row(board, history_bucket="1", arm="none", metric="chrf")
    assert few["n"] == 10
    assert "fewer than 30" in str(few["note"])


def test_flagged_users_are_in_and_out() -> None:
    scores, examples = board_inputs()
    of_flagged = pl.col("example_id").is_in(examples.filter("user_is_flagged")["example_id"].to_list())
    lowered = scores.with_columns(value=pl.when(of_flagged).then(0.0).otherwise("value"))
    board = leaderboard(lowered, examples, **SETTINGS)
    with_them, without = (row(board, arm="pat", metric="rouge1", flagged_users=key) for key in ("in", "out"))
    assert (with_them["n"], without["n"]) == (40, 40 - FLAGGED)
    assert with_them["mean"] < without["mean"]  # type: ignore[operator]


def test_the_order_of_rows_does_not_matter() -> None:
    scores, examples = board_inputs()
    shuffled = leaderboard(
        scores.sample(fraction=1, shuffle=True, seed=1),
        examples.sample(fraction=1, shuffle=True, seed=2),
        **SETTINGS,
    )
    assert shuffled.equals(leaderboard(scores, examples, **SETTINGS))


def test_arms_may_answer_different_examples() -> None:
    scores, examples = board_inputs()
    hard = examples["example_id"].to_list()[:30]
    kept = scores.filter((pl.col("arm") != "pat") | pl.col("example_id").is_in(hard))
    board = leaderboard(kept, examples, **SETTINGS)
    pat = row(board, arm="pat", metric="rouge1")
    assert (pat["n"], pat["n_paired"]) == (30, 30)
    assert pat["diff_vs_reference"] == pytest.approx(0.2)  # no example of the others leaks into it
    assert row(board, arm="pat_untrained", metric="rouge1")["n"] == 40


def test_an_empty_cell_says_why() -> None:
    scores, examples = board_inputs()
    late = examples["example_id"].to_list()[20:]
    kept = scores.filter((pl.col("arm") != "pat") | (pl.col("metric") != "chrf"))
    kept = kept.filter((pl.col("arm") != "none") | pl.col("example_id").is_in(late))
    kept = kept.filter((pl.col("arm") != "random_topic_review") | ~pl.col("example_id").is_in(late))
    board = leaderboard(kept, examples, **SETTINGS)
    assert row(board, history_bucket="8+", arm="pat", metric="rouge1")["note"] == "no example in this bucket"
    assert row(board, arm="none", metric="rouge1")["note"] == (
        "fewer than 30 examples: the interval is too narrow; no example in common with random_topic_review"
    )
    assert "random_review was not evaluated" in str(
        row(board, arm="random_topic_review", metric="chrf")["note"]
    )
    assert (
        row(board, arm="pat", metric="chrf")["note"] == "no text of this arm has this metric in this bucket"
    )
    judged = row(board, arm="pat", metric="judge")
    assert (judged["n"], judged["mean"], judged["note"]) == (
        0,
        None,
        "no text has what it needs: a judge in the recipe, and an example among those it reads",
    )
    rating = row(board, task="rating", arm="pat", metric="q")
    assert (rating["n"], rating["note"]) == (0, "sample has no test example of this task")
    numbers = board.select(pl.selectors.float())
    assert not numbers.select(pl.all().is_nan().any()).row(0).count(True)
    assert board.filter((pl.col("n") == 0) & pl.col("note").is_null()).is_empty()


def test_one_example_and_equal_scores_divide_nothing_by_zero() -> None:
    scores, examples = board_inputs(1)
    alone = row(leaderboard(scores, examples, **SETTINGS), arm="pat", metric="rouge1")
    assert (alone["n"], alone["ci_low"], alone["diff_ci_low"], alone["p_value"]) == (1, None, None, 1)
    assert alone["note"] == "one example: no interval"
    scores, examples = board_inputs()
    board = leaderboard(scores.with_columns(value=pl.lit(0.25)), examples, **SETTINGS)
    equal = row(board, arm="pat", metric="rouge1")
    assert (equal["mean"], equal["ci_low"], equal["ci_high"], equal["p_value"]) == (0.25, 0.25, 0.25, 1)
    assert equal["note"] == "all scores are equal"


def test_ratings_are_shown_as_mae_and_rmse() -> None:
    scores, examples = board_inputs()
    named = scores.with_columns(
        pl.col("metric").replace({"rouge1": "rating_absolute_error", "chrf": "rating_squared_error"})
    )
    board = leaderboard(named, examples.with_columns(task=pl.lit("rating")), **SETTINGS)
    assert set(board.filter(pl.col("n") > 0)["metric"]) == {"mae", "rmse"}
    squared = named.filter(arm="pat", metric="rating_squared_error")["value"].to_numpy()
    assert row(board, task="rating", arm="pat", metric="rmse")["mean"] == pytest.approx(
        math.sqrt(squared.mean())
    )


def test_scores_twice_of_strangers_or_not_finite_are_refused() -> None:
    scores, examples = board_inputs()
    with pytest.raises(ValueError, match="twice"):
        leaderboard(pl.concat([scores, scores.head(1)]), examples, **SETTINGS)
    with pytest.raises(ValueError, match="no known example"):
        leaderboard(scores, examples.slice(1), **SETTINGS)
    with pytest.raises(ValueError, match="finite"):
        leaderboard(scores.with_columns(value=pl.lit(math.nan)), examples, **SETTINGS)


def test_no_scores_give_no_rows() -> None:
    scores, examples = board_inputs()
    assert leaderboard(scores.clear(), examples, **SETTINGS).is_empty()
