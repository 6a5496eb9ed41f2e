"""Verdicts say yes only where a control says no: noise, length and missing arms support nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from models.arms import arms
from models.evaluation.claims import BEFORE, UNTRAINED, Claim, Test, claims
from models.evaluation.verdicts import Rules, corrected, rows_of_tests, verdict_rows

RULES = Rules("0000", None, samples=500, confidence=0.95, smallest_effect=0.01, seed=1)
N = 120
PLANTED = {  # what evidence, training and copying are worth where everything is as claimed
    "none": 0.1,
    "pat_untrained": 0.4,
    "pat_untrained_swapped": 0.35,
    "pat": 0.6,
    "pat_swapped": 0.4,
    "pat_without_style": 0.5,
    "pat_without_topic": 0.5,
    "pat_random_donors": 0.45,
    "pat_farthest_donors": 0.35,
    "random_topic_review": 0.2,
    "neighbor_review": 0.3,
    "bm25_review": 0.3,
    "mbr_review": 0.35,
    "mbr_sentences": 0.4,
}


def written(
    levels: Mapping[str, float], noise: float = 0.05, n: int = N, iteration: str = "0000", seed: int = 0
) -> pl.DataFrame:
    """Scores q and specificity of every arm around its level."""
    rng = np.random.default_rng(seed)
    return pl.concat(
        [
            pl.DataFrame(
                {
                    "iteration": iteration,
                    "arm": arm,
                    "example_id": [f"e{i:03d}" for i in range(n)],
                    "metric": metric,
                    "value": level - shift + rng.normal(0, noise, n),
                }
            )
            for arm, level in levels.items()
            for metric, shift in (("q", 0.0), ("specificity", 0.4))
        ]
    )


def examples(n: int = N, task: str = "long") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "example_id": [f"e{i:03d}" for i in range(n)],
            "dataset": "d",
            "task": task,
            "split": "test",
            "history_bucket": ["1" if i % 4 == 0 else "0" for i in range(n)],
            "user_is_flagged": False,
        }
    )


def judged(
    scores: pl.DataFrame, rules: Rules = RULES, known: pl.DataFrame | None = None
) -> dict[str, dict[str, object]]:
    tests = corrected(rows_of_tests(scores, examples() if known is None else known, rules))
    return {str(row["claim"]): row for row in verdict_rows(tests, rules)}


def test_every_claim_holds_where_its_effect_is_planted() -> None:
    found = judged(written(PLANTED))
    assert {name: row["verdict"] for name, row in found.items()} == {
        claim.claim: "supported" for claim in claims()
    }
    helps = found["style_helps_newcomers"]
    assert helps["n_tests"] == 2
    assert "pat against pat_without_style: q +0.0" in str(helps["reason"])
    assert "n = 90, history 0" in str(helps["reason"])
    assert "iteration 0000" in str(found["training_helped"]["statement"])


def test_noise_supports_a_claim_no_more_often_than_alpha(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every arm equally good: an interval around nothing, in 200 worlds with 9 claims each."""
    monkeypatch.setattr("models.evaluation.verdicts.LEAST_SAMPLES", 1)
    wrong = 0
    for seed in range(200):
        found = judged(written(dict.fromkeys(PLANTED, 0.4), 0.2, n=40, seed=seed), known=examples(40))
        wrong += any(row["verdict"] == "supported" for row in found.values())
    assert wrong <= 0.05 * 200


def test_no_difference_is_refuted_once_there_are_examples_enough() -> None:
    found = judged(written(dict.fromkeys(PLANTED, 0.4), 0.005))
    assert {row["verdict"] for row in found.values()} == {"refuted"}
    assert "below 0.01 which would matter" in str(found["evidence_helps"]["reason"])


@pytest.mark.parametrize("control", ["pat_random_donors", "pat_without_style"])
def test_one_failing_test_is_enough(control: str) -> None:
    found = judged(written({**PLANTED, control: 0.6}, 0.2))
    assert found["style_helps_newcomers"]["verdict"] == "undecided"
    found = judged(written({**PLANTED, control: 0.7}))
    assert found["style_helps_newcomers"]["verdict"] == "refuted"


def test_training_that_helps_swapped_summaries_as_much_only_writes_more() -> None:
    found = judged(written({**PLANTED, "pat_swapped": 0.57}))
    assert found["training_helped"]["verdict"] == "refuted"
    assert "pat less pat_swapped against pat_untrained less pat_untrained_swapped" in str(
        found["training_helped"]["reason"]
    )


def test_later_iterations_are_compared_with_the_one_before() -> None:
    rules = replace(RULES, iteration="0002", previous="0001")
    now = written(PLANTED, iteration="0002")
    before = written({"pat": 0.5, "pat_swapped": 0.4}, iteration="0001", seed=9)
    found = judged(pl.concat([now, before]), rules)
    assert found["training_helped"]["verdict"] == "supported"
    assert "pat against pat of iteration 0001: q +0.0" in str(found["training_helped"]["reason"])
    assert judged(now, rules)["training_helped"]["verdict"] == "undecided"
    assert "no q of pat of 0001" in str(judged(now, rules)["training_helped"]["reason"])
    same = pl.concat([now, now.with_columns(iteration=pl.lit("0001"))])
    assert judged(same, rules)["training_helped"]["verdict"] == "refuted"  # nothing was promoted


def test_an_arm_that_was_not_evaluated_supports_nothing() -> None:
    without = {arm: level for arm, level in PLANTED.items() if arm != "bm25_review"}
    found = judged(written(without))["beats_the_copy_floor"]
    assert (found["verdict"], found["reason"]) == (
        "undecided",
        "pat against bm25_review: no q of bm25_review",
    )
    assert judged(written({"none": 0.1, "mbr_review": 0.3})) == {}  # no claim is about floors alone


def test_few_examples_neither_support_nor_refute() -> None:
    for gain in (0.3, -0.3):
        levels = {**PLANTED, "none": PLANTED["pat"] - gain, "pat_swapped": PLANTED["pat"] - gain}
        found = judged(written(levels, 0.01, n=6), known=examples(6))
        assert found["evidence_helps"]["verdict"] == "undecided"
    one = judged(written(PLANTED, n=1), known=examples(1))
    assert {row["verdict"] for row in one.values()} == {"undecided"}


def test_claims_are_corrected_together() -> None:
    rows = [
        {"dataset": "d", "task": "long", "claim": f"c{i}", "test": 1, "p_value": p}
        for i, p in enumerate([0.02, 0.04, None])
    ]
    rows.append({"dataset": "d", "task": "long", "claim": "c0", "test": 2, "p_value": 0.03})
    rows.append({"dataset": "other", "task": "long", "claim": "c0", "test": 1, "p_value": 0.03})
    assert [row["p_holm"] for row in corrected(rows)] == pytest.approx([0.06, 0.06, None, 0.06, 0.03])


def test_flagged_users_are_nobody_to_be_personal_about() -> None:
    scores = written(PLANTED)
    flagged = examples().with_columns(user_is_flagged=pl.col("example_id") < "e050")
    tests = rows_of_tests(scores, flagged, RULES)
    assert {row["n"] for row in tests if row["history_bucket"] == "all"} == {N - 50}


def test_metrics_are_compared_where_all_arms_have_them() -> None:
    scores = written(PLANTED)
    specific = (pl.col("metric") == "specificity") & (pl.col("arm") == "mbr_sentences")
    tests = rows_of_tests(scores.filter(~specific | (pl.col("example_id") < "e040")), examples(), RULES)
    personal = [row["n"] for row in tests if row["claim"] == "is_personal"]
    assert personal == [N, 40, N]


def test_tasks_keep_the_tests_that_they_can_answer() -> None:
    rating = {**PLANTED, "majority_rating": 0.3, "neighbor_mean_rating": 0.3}
    rating = {arm: level for arm, level in rating.items() if arm not in ("mbr_review", "mbr_sentences")}
    found = judged(written(rating), known=examples(task="rating"))
    assert (found["is_personal"]["verdict"], found["is_personal"]["n_tests"]) == ("supported", 3)
    assert found["beats_the_strongest_floor"]["verdict"] == "supported"
    assert found["beats_the_strongest_floor"]["n_tests"] == 3


def test_the_order_of_rows_does_not_matter() -> None:
    scores = written(PLANTED)
    assert judged(scores.sample(fraction=1, shuffle=True, seed=3)) == judged(scores)


def test_claims_name_arms_of_the_catalog() -> None:
    for test in (test for claim in claims() for test in claim.tests):
        assert {test.arm, test.less or test.arm} <= set(arms())
        assert test.against in {None, BEFORE, *arms()}
    for wrong in ({"arm": "patt"}, {"arm": "none", "against": BEFORE}, {"arm": "pat", "less": "none"}):
        with pytest.raises(ValidationError):
            Test.model_validate(wrong)
    with pytest.raises(ValidationError):
        Claim.model_validate({"claim": "empty", "statement": "nothing", "tests": []})


def test_every_claim_of_quality_has_a_control_with_other_evidence() -> None:
    """A world without signal passes no test against an arm that is fed with somebody else's evidence."""
    controls = {"pat_swapped", "pat_random_donors"}
    for claim in claims():
        named = {name for test in claim.tests for name in (test.arm, test.against, test.less)}
        assert named & controls, claim.claim
    assert set(UNTRAINED) <= set(arms())
