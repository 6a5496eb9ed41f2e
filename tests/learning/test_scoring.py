"""The scoring tables on a little home: three tasks, two arms, penalties, and no model."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from models.evaluation.metrics import METRICS_BY_TASK
from models.recipes import Recipe, load_recipe
from models.rewards import quality
from pat_dagster import tables
from pat_dagster.assets import scoring
from pat_dagster.cases import load_cases
from pat_dagster.partitions import ITERATIONS
from pat_dagster.resources.warehouse import Warehouse
from pat_dagster.rows import frame as rows_of
from pat_dagster.settings import Settings

ITERATION = "0000"
TARGET = {"long": "the battery lasts long", "short": "Good battery", "rating": "4"}
TITLE_OF_DONOR = "Good battery"
TEXT_OF_DONOR = "I say the battery lasts"
TEXT_OF_STRANGER = "box of value"
DRAFT = "I say the battery lasts and lasts"
# beside those of METRICS_BY_TASK; specificity and style likeness need more reviews than there are here
OF_TASK: dict[str, set[str]] = {
    "long": {"copied_run", "repeated_sentences", "fragments"},
    "short": {"copied_run"},
    "rating": set(),
}
WRITTEN = {"long": DRAFT, "short": "good battery of value", "rating": "5 stars"}


def recipe(agents: dict[str, bool]) -> Recipe:
    content = load_recipe("mini").model_dump()
    content["agents"] |= agents
    content["penalties"] = {"length": 0.125, "copying": 0.25}
    return Recipe.model_validate(content)


def build_home(home: Path, chosen: Recipe) -> None:
    """Per task one train and one test example, all shown one review for style and none about the topic."""
    chosen.save(Settings(home).recipe_path)
    examples = pl.DataFrame(
        [
            {"example_id": f"{split}:{task}", "dataset": "d", "task": task, "split": split, "input": "x"}
            | {"user_id": f"user of {split}", "topic_id": "t", "target_is_shared": False}
            | {"target": target, "history_bucket": "0", "is_selected": True}
            for split in ("train", "test")
            for task, target in TARGET.items()
        ]
    )
    reviews = pl.DataFrame(
        {
            "dataset": "d",
            "review_id": ["donor", "stranger"],
            "user_id": ["u", "v"],
            "is_shared_text": False,
            "title": [TITLE_OF_DONOR, "None"],
            "text": [TEXT_OF_DONOR, TEXT_OF_STRANGER],
            "rating": [4.0, None],
        }
    )
    shown = examples.select("example_id", rank=1, donor_id=pl.lit("u"), review_id=pl.lit("donor"))
    con = duckdb.connect(str(Settings(home).warehouse_path))
    for table, frame in {"feature.examples": examples, "staging.reviews": reviews}.items():
        con.execute(f"create schema {table.split('.')[0]}")
        con.register("incoming", frame)
        con.execute(f"create table {table} as from incoming")
    tables.write(con, "context.style_reviews", shown.with_columns(similarity=0.5))
    behind = [
        {"arm": arm, "example_id": f"test:{task}", "role": "style", "rank": 1, "review_id": review}
        for arm, review in {"pat": "donor", "pat_random_donors": "stranger"}.items()
        for task in WRITTEN
    ]
    tables.write(con, "evaluation.evidence", rows_of("evaluation.evidence", behind), {"iteration": ITERATION})
    topic = {
        "alignment": 0.1,
        "is_aligned": True,
        "relevance": 0.2,
        "source": pl.lit("exact"),
        "distance": 0.0,
    }
    tables.write(con, "context.topic_reviews", shown.head(0).with_columns(**topic))
    tokens = {"prompt_tokens": 1, "completion_tokens": 1}
    drafts = [
        {"example_id": f"train:{task}", "style_candidate": 0, "topic_candidate": 0, "text": text} | tokens
        for task, text in WRITTEN.items()
    ]
    tables.write(con, "rollout.drafts", pl.DataFrame(drafts), {"iteration": ITERATION})
    predictions = [
        {"arm": arm, "example_id": f"test:{task}", "text": text, "style_summary": None, "topic_summary": None}
        | tokens
        for arm in ("pat", "pat_random_donors")
        for task, text in WRITTEN.items()
    ]
    tables.write(con, "evaluation.predictions", pl.DataFrame(predictions), {"iteration": ITERATION})
    con.close()


def scored(home: Path, monkeypatch: pytest.MonkeyPatch, **agents: bool) -> duckdb.DuckDBPyConnection:
    """An open warehouse after both assets."""
    monkeypatch.setenv("PAT_HOME", str(home))
    build_home(home, recipe(agents))
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions(str(ITERATIONS.name), [ITERATION])
    dg.materialize(
        [scoring.draft_scores, scoring.scores],
        instance=instance,
        partition_key=ITERATION,
        resources={"warehouse": Warehouse(home=str(home))},
    )
    return duckdb.connect(str(Settings(home).warehouse_path))


def test_both_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    con = scored(tmp_path, monkeypatch)
    rows = {row["example_id"]: row for row in tables.read(con, "rollout.draft_scores").iter_rows(named=True)}
    long = rows["train:long"]
    weights = load_recipe("mini").reward["long"]
    assert long["unpenalized_quality"] == pytest.approx(quality([DRAFT], [TARGET["long"]], weights)[0])
    assert (long["n_words"], long["target_words"], long["copied_run"]) == (7, 4, 5)
    assert long["quality"] == pytest.approx(long["unpenalized_quality"] - 0.125 * 3 / 4 - 0.25 * 5 / 7)
    assert rows["train:short"]["copied_run"] == 2  # titles are shown too
    assert rows["train:rating"]["quality"] == rows["train:rating"]["unpenalized_quality"] == 0.75

    written = tables.read(con, "evaluation.scores", {"iteration": ITERATION}).drop("iteration")
    for task, names in METRICS_BY_TASK.items():
        always = {*names, "q", "prompt_tokens", "completion_tokens"}
        for arm in ("pat", "pat_random_donors"):
            found = written.filter(example_id=f"test:{task}", arm=arm)["metric"].to_list()
            assert len(found) == len(set(found)) and set(found) == always | OF_TASK[task]
    value = {(row["arm"], row["example_id"], row["metric"]): row["value"] for row in written.to_dicts()}
    assert value["pat", "test:long", "q"] == long["quality"]  # one definition of good
    assert value["pat", "test:long", "copied_run"] == 5
    assert value["pat_random_donors", "test:long", "copied_run"] == 0  # it was shown other people
    assert value["pat_random_donors", "test:short", "copied_run"] == 2
    assert value["pat", "test:rating", "rating_absolute_error"] == 1
    con.close()


def test_an_agent_that_is_off_was_shown_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    con = scored(tmp_path, monkeypatch, style=False)
    assert tables.read(con, "rollout.draft_scores")["copied_run"].to_list() == [0, 0, 0]
    con.close()


def test_quality_of_cases_keeps_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    con = scored(tmp_path, monkeypatch)
    cases = load_cases(con, ["train"])
    texts = [WRITTEN[case.task] for case in cases]
    straight = scoring.case_quality(cases, texts, recipe({}))
    assert scoring.case_quality(cases[::-1], texts[::-1], recipe({})) == straight[::-1]
    assert len(set(straight)) == 3
    con.close()
