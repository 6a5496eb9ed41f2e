"""One iteration on a small warehouse, by a random model: every row is there, killing it changes nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from models.agents.drafts import shown_pairs
from models.errors import WorkError
from models.llm import Completion, Sampling
from models.llm.transformers_backend import TransformersBackend
from models.recipes import Recipe
from models.training import dpo
from pat_dagster import tables, writing
from pat_dagster.assets import rollout, training
from pat_dagster.policies import BASE, policies_in_use, policy_id, should_continue
from pat_dagster.resources.warehouse import Warehouse
from pat_dagster.settings import Settings
from tests.learning.iterations import (
    ARMS,
    CANDIDATES,
    MEASURED,
    ROUNDS,
    SPLITS,
    build_home,
    contents,
    run,
)


def test_every_row_of_the_iteration_is_there(finished: Path) -> None:
    rows = contents(finished)
    train, validation, test = SPLITS.values()
    assert rows["rollout.summaries"].height == 2 * (ROUNDS * (train + validation + test) + train * CANDIDATES)
    assert rows["rollout.drafts"].height == train * len(list(shown_pairs(CANDIDATES)))
    assert rows["rollout.draft_scores"].height == rows["rollout.drafts"].height
    assert rows["rollout.rewards"].filter(pl.col("differential_reward") != 0).height > 0
    assert rows["policy.adapters"]["status"].to_list() == ["trained", "trained"]
    assert rows["policy.promotions"]["promoted"].all()
    assert rows["policy.trials"].height == 2 * validation
    assert rows["evaluation.predictions"].height == len(ARMS) * test
    assert set(rows["mart.leaderboard"]["arm"]) == set(ARMS)
    assert rows["policy.training_log"].filter(metric="rewards/margins").height > 0


def test_an_example_without_evidence_is_not_asked_about(finished: Path) -> None:
    rows = contents(finished)
    bare = rows["rollout.summaries"].filter(example_id="e13")
    assert bare["text"].to_list() == bare["prompt"].to_list() == [None] * 2 * ROUNDS
    assert set(bare["parse_error"]) == {rollout.NO_EVIDENCE}
    assert bare["prompt_tokens"].sum() == 0
    floor = rows["evaluation.predictions"].filter(example_id="e13", arm="neighbor_review")
    assert floor["text"].to_list() == [""]


def test_a_greedy_text_is_what_the_backend_writes(finished: Path, recipe: Recipe) -> None:
    rows = contents(finished)
    con = duckdb.connect(str(Settings(finished).warehouse_path))
    case = next(case for case in rollout.load_cases(con) if case.example_id == "e00")
    con.close()
    backend = TransformersBackend(recipe.base_model)
    written = backend.generate([case.prompt("topic")], Sampling(max_new_tokens=8))[0][0]
    row = rows["rollout.summaries"].filter(example_id="e00", agent="topic", round=1, candidate=0)
    assert row["raw_text"].to_list() == [written.text]


def test_the_second_round_shows_the_other_agents_summary(finished: Path) -> None:
    rows = contents(finished)["rollout.summaries"].filter(candidate=0, example_id="e00")
    first, second = (rows.filter(round=number, agent="style") for number in (1, 2))
    other = rows.filter(round=1, agent="topic")["text"][0]
    asked = second["prompt"][0]
    assert asked.replace(f"\nFacts: {other}", "") == first["prompt"][0]
    assert asked != first["prompt"][0]


def test_pairs_are_trained_from_the_prompts_that_were_asked(finished: Path) -> None:
    rows = contents(finished)["rollout.summaries"]
    con = duckdb.connect(str(Settings(finished).warehouse_path))
    pairs = training.load_pairs(con, "0000", "style")
    con.close()
    asked = set(rows.filter(agent="style", round=ROUNDS)["prompt"])
    assert pairs and all(pair.prompt in asked for pair in pairs.values())


def test_a_repeated_run_writes_nothing_new(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(finished)

    def refuse(*_: object, **__: object) -> list[list[Completion]]:
        raise AssertionError("a finished batch was written again")

    monkeypatch.setattr(TransformersBackend, "generate", refuse)
    run(finished)
    after = contents(finished)
    for table, frame in before.items():
        assert frame.equals(after[table]), table


def test_a_killed_run_continues_and_ends_with_the_same_rows(
    finished: Path, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_home(tmp_path, recipe)
    calls, kill_after = 0, 20  # in the middle of the drafts
    write = TransformersBackend.generate

    def die(self: TransformersBackend, *args: object, **options: object) -> list[list[Completion]]:
        nonlocal calls
        calls += 1
        if calls == kill_after + 1:
            raise KeyboardInterrupt
        return write(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(TransformersBackend, "generate", die)
    with pytest.raises((KeyboardInterrupt, dg.DagsterExecutionInterruptedError)):
        run(tmp_path, expect=True)
    assert run(tmp_path)
    expected = contents(finished)
    for table, frame in contents(tmp_path).items():
        assert frame.drop(MEASURED, strict=False).equals(expected[table].drop(MEASURED, strict=False)), table
    batches = expected["ops.completions"].select("stage", "batch").unique().height
    assert calls == batches + 1  # only the batch that was cut is written again


def test_an_agent_that_was_trained_before_a_kill_is_not_trained_again(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(finished)["policy.adapters"].filter(iteration="0000").sort("agent")
    trained, real = [], dpo.PairTrainer
    for row in before.iter_rows(named=True):  # the second agent was killed halfway: nothing of it is left
        if row["agent"] == "topic":
            shutil.rmtree(Settings(finished).policies_path / row["path"])

    def watched(**options: object) -> object:
        trained.append(options)
        return real(**options)

    monkeypatch.setattr(dpo, "PairTrainer", watched)
    run(finished)
    assert len(trained) == 1
    after = contents(finished)["policy.adapters"].filter(iteration="0000").sort("agent")
    assert after.equals(before)


def test_a_manifest_names_recipe_seed_and_data(finished: Path, recipe: Recipe) -> None:
    row = contents(finished)["policy.adapters"].filter(policy_id="style-0000").to_dicts()[0]
    manifest = json.loads((Settings(finished).policies_path / row["path"] / "training.json").read_text())
    assert manifest["origin"]["recipe"] == recipe.model_dump(mode="json")
    where = {"iteration": "0000", "agent": "style"}
    with Warehouse(home=str(finished)).connect() as con:
        version, _ = tables.fingerprint(con, "preference.pairs", "0000")
        (ready,) = tables.read(con, "preference.readiness", where).to_dicts()
        goes_on, reason = should_continue(con, "0000")
        with pytest.raises(WorkError, match="has no row"):
            should_continue(con, "0009")
    assert manifest["origin"]["data_version"]["preference.pairs"] == version
    assert row["data_version"] == ready["pairs_version"]
    assert goes_on == reason.startswith("go on")


def test_the_next_iteration_uses_and_continues_what_was_promoted(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAT_HOME", str(finished))
    con = duckdb.connect(str(Settings(finished).warehouse_path))
    before = policies_in_use(con, "0000", after=False)
    after = policies_in_use(con, "0000", after=True)
    con.close()
    assert before == {"style": BASE, "topic": BASE}
    assert {agent: policy.policy_id for agent, policy in after.items()} == {
        agent: policy_id(agent, "0000") for agent in ("style", "topic")
    }
    run(finished, "0001")
    rows = contents(finished)
    written = rows["rollout.summaries"].filter(iteration="0001")
    assert set(written["policy_id"]) == {"style-0000", "topic-0000"}
    parents = rows["policy.adapters"].filter(iteration="0001").sort("agent")["parent_policy_id"].to_list()
    assert parents == ["style-0000", "topic-0000"]
    first, second = (rows["evaluation.predictions"].filter(iteration=one) for one in ("0000", "0001"))
    for arm in ("none", "pat_untrained", "neighbor_review"):
        assert first.filter(arm=arm).drop("iteration").equals(second.filter(arm=arm).drop("iteration")), arm


def test_too_few_pairs_skip_training_with_a_reason(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demanding = recipe.model_copy(update={"pairs": recipe.pairs.model_copy(update={"minimum": 500})})
    build_home(tmp_path, demanding)
    assert run(tmp_path)
    rows = contents(tmp_path)
    assert rows["policy.adapters"]["status"].to_list() == ["skipped", "skipped"]
    assert "at least 500" in rows["policy.adapters"]["reason"][0]
    assert rows["policy.promotions"].is_empty()
    written = rows["evaluation.predictions"].drop("iteration")
    assert written.filter(arm="pat").drop("arm").equals(written.filter(arm="pat_untrained").drop("arm"))


def test_a_shorter_stage_drops_what_it_no_longer_needs(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_home(tmp_path, recipe)
    con = duckdb.connect(str(Settings(tmp_path).warehouse_path))
    writer = writing.Writer.open(con, recipe, "0000")
    prompts = [f"prompt {i}" for i in range(8)]
    long = writer.write_greedy("stage", prompts, 4)
    short = writer.write_greedy("stage", prompts[:2], 4)
    assert short == long[:2]
    assert tables.read(con, "ops.completions").height == 2
    con.close()
