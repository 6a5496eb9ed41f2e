"""The end of a run: the leaderboard of the analytics file, with a warning where it needs one."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from models.recipes import load_recipe
from models.sources import SourceSpec
from pat_dagster import tables
from pat_dagster.home import sample_source
from pat_dagster.report import (
    agents_report,
    datasets_report,
    leaderboard_report,
    next_steps,
    verdicts_report,
)
from pat_dagster.rows import frame
from pat_dagster.settings import SQL_ROOT, Settings

SHOP = SourceSpec("shop.csv", "shop", "table")
BOARD, VERDICTS = "mart.leaderboard", "mart.verdicts"
MEANS = {"neighbor_review": 0.15, "none": 0.10, "pat_untrained": 0.20, "pat": 0.25}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(tmp_path)
    load_recipe("mini").save(made.recipe_path)
    with duckdb.connect(str(made.analytics_path)) as con:
        for iteration, dataset, arm in [
            (iteration, dataset, arm)
            for iteration in ("0000", "0001")
            for dataset in ("sample", "shop")
            for arm in MEANS
        ]:
            mean = MEANS[arm] + (0.5 if iteration == "0001" else 0)
            for metric in ("rouge1", "rougeL", "chrf"):
                row = {
                    "dataset": dataset,
                    "task": "long",
                    "split": "test",
                    "history_bucket": "all",
                    "flagged_users": "in",
                    "arm": arm,
                    "metric": metric,
                    "n": 120,
                    "mean": mean,
                    "ci_low": mean - 0.02,
                    "ci_high": mean + 0.02,
                }
                if arm != "none":
                    row |= {"reference_arm": "none", "n_paired": 120, "diff_vs_reference": mean - 0.1}
                    row |= {"diff_ci_low": mean - 0.12, "diff_ci_high": mean - 0.08}
                for other in (
                    {},
                    {"flagged_users": "out", "mean": 0.9},
                    {"history_bucket": "0", "mean": 0.9},
                ):
                    write(con, iteration, row | other)
    return made


def write(con: duckdb.DuckDBPyConnection, iteration: str, row: dict[str, object]) -> None:
    tables.append(con, BOARD, frame(BOARD, [row]), {"iteration": iteration})


def test_arms_stand_in_order_with_intervals_and_gains_of_the_last_iteration(settings: Settings) -> None:
    text = leaderboard_report(settings, [sample_source()])
    lines = [line for line in text.splitlines() if line.startswith(tuple(MEANS))][: len(MEANS)]
    assert [line.split()[0] for line in lines] == list(MEANS)
    assert "0.750" in lines[3]
    assert "0.730 to 0.770" in lines[3]
    assert "+0.650 (+0.630 to +0.670) none" in lines[3]
    assert "+" not in lines[1]


def test_a_difference_that_survives_the_correction_is_marked_and_an_arm_without_examples_left_out(
    settings: Settings,
) -> None:
    with duckdb.connect(str(settings.analytics_path)) as con:
        con.execute("update mart.leaderboard set p_holm = 0.04 where arm = 'pat'")
        con.execute("update mart.leaderboard set n = 0, mean = null where arm = 'none'")
    text = leaderboard_report(settings, [sample_source()])
    assert "+0.650* (" in text
    assert "+0.600 (" in text
    assert not any(line.startswith("none") for line in text.splitlines())


def test_a_dataset_that_pat_mini_never_saw_is_reported_with_its_floor(settings: Settings) -> None:
    text = leaderboard_report(settings, [sample_source(), SHOP])
    assert text.count("Read with care") == 1
    assert "not shop's" in text
    assert "pat 0.750 against neighbor_review 0.650" in text


def test_another_base_model_gets_no_such_warning(settings: Settings) -> None:
    load_recipe("mini").model_copy(update={"base_model": "some/model"}).save(settings.recipe_path)
    assert "Read with care" not in leaderboard_report(settings, [SHOP])


def test_no_test_examples_is_said_and_no_error(settings: Settings) -> None:
    with duckdb.connect(str(settings.analytics_path)) as con:
        con.execute("delete from mart.leaderboard")
    assert "No leaderboard" in leaderboard_report(settings, [SHOP])


def test_next_steps_name_the_home_unless_it_is_the_usual_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"--home {settings.home}" in next_steps(settings)
    monkeypatch.chdir(settings.home)
    assert "--home" not in next_steps(Settings(settings.home / ".pat"))


def test_each_agent_is_trained_or_says_why_not(settings: Settings) -> None:
    with duckdb.connect(str(settings.analytics_path)) as con:
        con.execute("create schema policy")
        for table in ("adapters", "promotions"):
            con.execute((SQL_ROOT / "65_policy" / f"{table}.sql").read_text(encoding="utf-8"))
        con.execute(
            "insert into policy.adapters by name "
            "select 'p' as policy_id, '0000' as iteration, 'm' as base_model, '{}' as metrics, * from "
            "(values ('style', 163, 'trained', null), ('topic', 3, 'skipped', '3 pairs')) "
            "as t (agent, n_pairs, status, reason)"
        )
        con.execute(
            "insert into policy.promotions values "
            "('0000', 'style', 'p', 120, 0.06, 0.04, 0.08, 0.95, true, 'gain 0.060, lower bound above 0')"
        )
    lines = agents_report(settings).splitlines()
    assert lines[-2] == "  style  trained on 163 pairs, promoted: gain 0.060, lower bound above 0"
    assert lines[-1] == "  topic  not trained: 3 pairs"


def test_what_a_dataset_cannot_show_is_said(settings: Settings) -> None:
    with duckdb.connect(str(settings.analytics_path)) as con:
        con.execute("create table mart.datasets as select 'shop' as dataset, null::varchar as remarks")
    assert datasets_report(settings) == ""
    with duckdb.connect(str(settings.analytics_path)) as con:
        con.execute("insert into mart.datasets values ('tiny', 'one user: nobody else to learn from')")
    assert datasets_report(settings).splitlines()[-1] == "  tiny: one user: nobody else to learn from"


def test_a_claim_has_one_line_with_its_verdict_for_every_task(settings: Settings) -> None:
    with duckdb.connect(str(settings.analytics_path)) as con:
        for iteration, task, verdict in [
            ("0000", "long", "refuted"),
            ("0001", "long", "supported"),
            ("0001", "rating", "undecided"),
        ]:
            row = {"dataset": "shop", "task": task, "claim": "c", "statement": "it helps", "verdict": verdict}
            row |= {"reason": "why", "n_tests": 1}
            tables.append(con, VERDICTS, frame(VERDICTS, [row]), {"iteration": iteration})
    lines = verdicts_report(settings).splitlines()
    assert lines[-1].split("  ")[0] == "it helps"
    assert lines[-1].split()[2:] == ["supported", "undecided"]
    assert verdicts_report(settings, "0000").splitlines()[-1].split()[2:] == ["refuted"]
