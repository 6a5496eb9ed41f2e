"""Corpora that no method can do much with: each ends in a finished run that says why, or in an early error.

One run covers them all, each as a dataset of its own, with a margin that no two summaries are apart.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from models.recipes import Recipe, load_recipe
from tests.end_to_end.corpora import CORPORA, LONG, MANY, no_ratings, write

pytestmark = pytest.mark.slow

EXAMPLES = "4"  # per split, task and dataset
REMARKS = {
    "one_user": "one user: nobody else can be learned from",
    "one_topic": "one topic: no donor writes about another one",
    "one_review": "one user: nobody else can be learned from",
    "same_text": "every text is shared: nothing can be shown or asked for",
    "no_titles": "no title: no short examples, and long ones from nothing",
    "thin_topics": "no topic has a second review",
}


def tiny_recipe(path: Path) -> Path:
    """`mini` with short texts and few of them, and a margin that nothing reaches."""
    content = load_recipe("mini").model_dump(mode="json")
    content["name"] = "tiny"
    content["generation"] |= {"candidates": 2, "max_summary_tokens": 12, "max_draft_tokens": 12}
    content["pairs"] |= {"margin": 2.0, "minimum": 1}
    content["evaluation"]["bootstrap_samples"] = 50
    Recipe.model_validate(content).save(path)
    return path


def pat_run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from pat_dagster.cli import main; main()"
    command = [sys.executable, "-c", code, "run", *arguments, "--home", str(home)]
    environment = {
        name: value for name, value in os.environ.items() if name not in {"PAT_HOME", "DAGSTER_HOME"}
    }
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpora")
    recipe = tiny_recipe(folder / "tiny.yaml")
    arguments = ["--recipe", str(recipe), "--max-examples", EXAMPLES]
    for name, rows in CORPORA.items():
        arguments += ["--data", str(write(folder, name, rows(random.Random(1))))]
    run = pat_run(folder / "home", *arguments)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    assert "done in" in run.stdout
    return folder / "home"


def rows(home: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as con:
        return con.sql(query).fetchall()


def test_only_warnings_are_left(home: Path) -> None:
    failed = rows(home, "select distinct check_name, severity from ops.check_results where not passed")
    assert failed == [("there_is_something_to_train_on_and_to_test", "warn")]


def test_the_tables_say_what_is_missing(home: Path) -> None:
    found = dict(rows(home, "select dataset, coalesce(remarks, '') from mart.datasets"))
    assert set(found) == set(CORPORA)
    assert {name: remark for name, remark in REMARKS.items() if remark not in found[name]} == {}


def test_no_pair_is_far_enough_apart_so_nothing_is_trained(home: Path) -> None:
    assert rows(home, "from preference.pairs") == []
    skipped = rows(home, "select agent, status, reason from policy.adapters order by agent")
    assert [(agent, status) for agent, status, _ in skipped] == [("style", "skipped"), ("topic", "skipped")]
    assert all("0 pairs of" in reason for _, _, reason in skipped)
    assert rows(home, "from policy.promotions") == []


def test_an_agent_without_evidence_says_so(home: Path) -> None:
    silent = rows(home, "select distinct parse_error, text from rollout.summaries where prompt is null")
    assert silent == [("retrieval found no review to summarize", None)]


def test_a_shared_name_has_no_history_and_donates_nothing(home: Path) -> None:
    (flagged,) = rows(home, "select user_id, n_reviews, evidence from feature.user_audit where is_flagged")
    assert flagged[:2] == ("shared_name:A verified traveler", 20)
    assert flagged[2] == "generic name: a word for anybody, not a name"
    asked = "select distinct history_size, history_bucket from feature.examples where user_is_flagged"
    assert rows(home, asked) == [(0, "0")]
    donors = {donor for (donor,) in rows(home, "select donor_id from context.style_reviews")}
    assert donors and flagged[0] not in donors


def test_a_thousand_reviews_under_an_id_are_believed(home: Path) -> None:
    asked = "select is_flagged, n_reviews from feature.user_audit where user_id = 'busy_user:u0'"
    assert rows(home, asked) == [(False, MANY)]
    own = "select distinct history_bucket from feature.examples where user_id = 'busy_user:u0'"
    assert rows(home, own) == [("8+",)]


def test_long_texts_fit(home: Path) -> None:
    (longest,) = rows(home, "select longest_text from mart.datasets where dataset = 'long_texts'")
    assert longest == (LONG,)
    query = "select count(*), max(length(prompt)) from rollout.summaries where example_id like 'long%'"
    asked = rows(home, query)
    assert asked[0][0] > 0
    assert asked[0][1] < 4_000  # characters: every review and the input are shown by their beginnings


def test_without_ratings_no_work_is_done(tmp_path: Path) -> None:
    data = write(tmp_path, "no_ratings", no_ratings(random.Random(1)))
    run = pat_run(tmp_path / "home", "--data", str(data))
    assert run.returncode == 2
    assert "none of 12 rows is usable (12 times: rating is missing" in run.stderr
    with duckdb.connect(str(tmp_path / "home" / "warehouse.duckdb"), read_only=True) as con:
        made = con.sql("select distinct schema_name from duckdb_tables() where estimated_size > 0").fetchall()
    assert {schema for (schema,) in made} <= {"raw", "ops"}
