"""`pat evaluate`: only what is asked for, and nothing that was evaluated before is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from models.errors import InputError
from pat_dagster.cli import app
from pat_dagster.commands.evaluate import tasks_of

run = CliRunner(env={"COLUMNS": "160", "NO_COLOR": "1", "TERM": "dumb"})
REVIEWS = """user,topic,title,text,rating
{rows}
"""
COUNTS = """
    select task, max(n) from mart.leaderboard
    where arm = 'random_topic_review' and history_bucket = 'all' group by task
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evaluate") / "home"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve users who each write about one of three topics."""
    rows = [
        f"u{i},t{i % 3},title {i} of item,I found item {i % 3} good. It lasted {i} days!,{1 + i % 5}"
        for i in range(12)
    ]
    path = tmp_path_factory.mktemp("data") / "reviews.csv"
    path.write_text(REVIEWS.format(rows="\n".join(rows)), encoding="utf-8")
    return path


WITHOUT_MODEL = """
from pat_dagster import writing

def refuse(name):
    raise AssertionError(f"{name} was loaded")

writing.load_backend = refuse
from pat_dagster.cli import main

main()
"""


def evaluate(home: Path, *arguments: str) -> str:
    """In a process of its own, because Dagster keeps its first home, and with no way to load a model."""
    strangers = {"PAT_HOME", "DAGSTER_HOME"}
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_MODEL, "evaluate", "--home", str(home), *arguments],
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name not in strangers},
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout


def texts(home: Path) -> dict[tuple[str, str], str]:
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as con:
        rows = con.sql("select arm, example_id, text from evaluation.predictions").fetchall()
    return {(arm, example): text for arm, example, text in rows}


def test_floors_run_on_a_fresh_home_without_any_model(home: Path, data: Path) -> None:
    files = ["--data", str(data), "--format", "table", "--dataset", "shop", "--split", "test"]
    output = evaluate(home, "--arms", "floors", *files)
    assert "neighbor_review left out" in output
    assert "random_topic_review" in output
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as con:
        n = dict(con.sql(COUNTS).fetchall())
    assert n == {"long": 12, "short": 12, "rating": 12}


def test_asking_for_less_keeps_what_was_there_and_gives_the_same_texts(home: Path) -> None:
    before = texts(home)
    evaluate(home, "--arms", "random_topic_review", "--tasks", "long", "--max-examples", "3")
    assert texts(home) == before


def test_an_arm_that_needs_policies_is_refused_before_any_work(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAT_HOME", str(home))
    result = run.invoke(app, ["evaluate", "--home", str(home), "--arms", "pat"])
    assert result.exit_code == 2
    assert "pat needs its policies" in result.output


def test_a_mistyped_iteration_or_arm_or_task_is_bad_usage(home: Path) -> None:
    for arguments in (["--iteration", "7"], ["--arms", "patt"], ["--tasks", "poem"]):
        result = run.invoke(app, ["evaluate", "--home", str(home), "--arms", "floors", *arguments])
        assert result.exit_code == 2, result.output


def test_tasks_come_in_their_usual_order() -> None:
    assert tasks_of("rating, long") == ["long", "rating"]
    with pytest.raises(InputError, match="poem"):
        tasks_of("poem")
