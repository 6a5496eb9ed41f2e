"""One iteration on a small warehouse, by a random model: every row is there, killing it changes nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from models.agents.drafts import shown_pairs
from models.arms import choose
from models.errors import WorkError
from models.llm import Completion, Sampling
from models.llm.transformers_backend import TransformersBackend
from models.recipes import Recipe, load_recipe
from models.training import dpo
from pat_dagster import tables, writing
from pat_dagster.assets import evaluation, leaderboard, rollout, scoring, training
from pat_dagster.cases import CONTEXTS
from pat_dagster.partitions import ITERATIONS
from pat_dagster.policies import BASE, policies_in_use, policy_id, should_continue
from pat_dagster.resources.warehouse import Warehouse
from pat_dagster.settings import Settings
from pat_dagster.sql_assets import sql_assets
from pat_dagster.table_assets import asset_key

CANDIDATES = 2
ROUNDS = 2
SPLITS = {"train": 6, "validation": 4, "test": 4}
ROLLOUT = [rollout.summaries, rollout.drafts, scoring.draft_scores]
ARMS = [
    "none",
    "random_topic_review",
    "neighbor_review",
    "pat",
    "pat_untrained",
    "pat_one_round",
    "pat_without_style",
    "pat_random_donors",
    "pat_opposed_reviewers",
    "pat_swapped",
]
VARIANTS = {
    agent: {arm.variants[agent] for arm in choose(ARMS) if agent in arm.variants} for agent in CONTEXTS
}
TESTS = f"e{SPLITS['train'] + SPLITS['validation']:02d}"  # the first one
WHOLE = {"base_model", "reward", "examples"}  # parts of the recipe that are replaced, not merged
POLICY = [training.adapters, training.training_log, training.trials, training.promotions]
EVALUATION = [evaluation.predictions, evaluation.evidence, scoring.scores, leaderboard.leaderboard]
QUERIES = {"rollout.rewards", "preference.pairs", "preference.readiness", "policy.iterations"}
MEASURED = "seconds"  # on the machine that wrote: never twice the same
CHECKED = [
    "rollout.summaries",
    "rollout.drafts",
    "rollout.draft_scores",
    "rollout.rewards",
    "preference.pairs",
    "policy.adapters",
    "policy.training_log",
    "policy.trials",
    "policy.promotions",
    "evaluation.predictions",
    "evaluation.evidence",
    "evaluation.scores",
    "mart.leaderboard",
    "ops.completions",
]


@pytest.fixture(scope="module")
def recipe(tiny_model: str) -> Recipe:
    """Small, greedy for pairs, and certain to promote: the decision itself has tests of its own."""
    mini = load_recipe("mini")
    parts = {
        "base_model": tiny_model,
        "generation": {
            "candidates": CANDIDATES,
            "batch_size": 3,
            "max_summary_tokens": 8,
            "max_draft_tokens": 24,
        },
        "reward": {"long": {"rouge1": 1.0}},
        "examples": {"long": {"train": 6, "validation": 4, "test": 4}},
        "agents": {"rounds": ROUNDS},
        "pairs": {"margin": 1e-6, "minimum": 2},
        "training": {"lora_r": 2, "lora_alpha": 4, "epochs": 1, "batch_size": 4},
        "promotion": {"min_gain": -1.0},
        "evaluation": {"bootstrap_samples": 50, "arms": ARMS},
    }
    merged = mini.model_dump()
    for name, part in parts.items():
        merged[name] = part if name in WHOLE else {**merged[name], **part}
    return Recipe.model_validate(merged)


def build_home(home: Path, recipe: Recipe) -> Warehouse:
    """A home whose warehouse holds examples and contexts; the last test example has no evidence."""
    settings = Settings(home)
    recipe.save(settings.recipe_path)
    n = sum(SPLITS.values())
    splits = [split for split, size in SPLITS.items() for _ in range(size)]
    words = "the a e i o s t n battery screen slow great box value".split()  # noqa: SIM905
    frames = {}
    frames["examples"] = pl.DataFrame(
        {
            "example_id": [f"e{i:02d}" for i in range(n)],
            "dataset": "d",
            "task": "long",
            "split": splits,
            "user_id": [f"u{i}" for i in range(n)],
            "topic_id": [f"t{i % 3}" for i in range(n)],
            "target_review_id": [f"of e{i:02d}" for i in range(n)],
            "posted_at": pl.Series([None] * n, dtype=pl.Datetime("us")),
            "target_rating": pl.Series([None] * n, dtype=pl.Float64),
            "history_size": [0, 1] * (n // 2),
            "user_is_flagged": False,
            "target_is_shared": False,
            "input": [f"{words[i]} {words[-i]}" for i in range(n)],
            "target": " ".join(words),
            "history_bucket": ["0", "1"] * (n // 2),
            "is_selected": True,
        }
    )
    frames["reviews"] = pl.DataFrame(
        {
            "review_id": [f"r{i}" for i in range(5)],
            "dataset": "d",
            "user_id": [f"donor{i}" for i in range(5)],
            "topic_id": [f"t{i % 3}" for i in range(5)],
            "posted_at": pl.Series([None] * 5, dtype=pl.Datetime("us")),
            "is_shared_text": False,
            "title": [f"title {word}" for word in words[-5:]],
            "text": [f"I say {word}; {i} times." for i, word in enumerate(words[-5:])],
            "rating": [1.0, 2.0, 3.0, 4.0, None],
        }
    )
    shown = pl.DataFrame(
        [(f"e{i:02d}", k + 1, "donor", f"r{(i + k) % 5}") for i in range(n - 1) for k in range(2)],
        schema=["example_id", "rank", "donor_id", "review_id"],
        orient="row",
    )
    con = duckdb.connect(str(settings.warehouse_path))
    for schema in ("feature", "staging"):
        con.execute(f"create schema {schema}")
    con.register("examples", frames["examples"])
    con.register("some_reviews", frames["reviews"])
    con.execute("create table feature.examples as from examples")
    con.execute("create table staging.reviews as from some_reviews")
    tables.write(con, "context.style_reviews", shown.with_columns(similarity=pl.lit(0.5)))
    usual = shown.filter(pl.col("example_id") >= TESTS)
    for agent, names in VARIANTS.items():
        for name in names:
            where = {"variant": name, "agent": agent}
            changed = usual.with_columns(is_aligned=False, rank=pl.lit(3, pl.Int32) - pl.col("rank"))
            tables.write(con, "context.variant_reviews", changed, where)
    topic = {"alignment": 0.1, "is_aligned": True, "relevance": 0.2, "source": "exact", "distance": 0.0}
    tables.write(con, "context.topic_reviews", shown.with_columns(**{k: pl.lit(v) for k, v in topic.items()}))
    con.close()
    return Warehouse(home=str(home))


def run(home: Path, iteration: str = "0000", *, expect: bool = True) -> bool:
    """Materialize the iteration on the home's own Dagster instance."""
    queries = [asset for asset in sql_assets() if ".".join(asset.key.path) in QUERIES]
    (home / "dagster").mkdir(exist_ok=True)
    with dg.DagsterInstance.local_temp(str(home / "dagster")) as instance:
        instance.add_dynamic_partitions(str(ITERATIONS.name), [iteration])
        result = dg.materialize(
            [*ROLLOUT, *queries, *POLICY, *EVALUATION],
            instance=instance,
            partition_key=iteration,
            resources={"warehouse": Warehouse(home=str(home))},
            raise_on_error=expect,
        )
        if result.success:
            reported = [event.asset_key for event in result.get_asset_materialization_events()]
            assert asset_key("policy_in_use") in reported
    return result.success


def contents(home: Path) -> dict[str, pl.DataFrame]:
    con = duckdb.connect(str(Settings(home).warehouse_path))
    try:
        return {table: tables.read(con, table) for table in CHECKED}
    finally:
        con.close()


@pytest.fixture(scope="module")
def finished(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home after iteration 0000."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAT_HOME", str(home))
        build_home(home, recipe)
        run(home)
        yield home


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
    monkeypatch.setenv("PAT_HOME", str(tmp_path))
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


def test_the_next_iteration_uses_and_continues_what_was_promoted(finished: Path) -> None:
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
    monkeypatch.setenv("PAT_HOME", str(tmp_path))
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


def test_summaries_that_are_used_again_cost_what_they_took(finished: Path) -> None:
    """Before any training the rollout and `pat_untrained` are the same agents on the same evidence."""
    rows = contents(finished)
    written = rows["evaluation.predictions"].filter(iteration="0000")
    asked = rows["rollout.summaries"].filter(candidate=0, iteration="0000")
    con = duckdb.connect(str(Settings(finished).warehouse_path))
    seconds = tables.read(con, "ops.arm_seconds", {"iteration": "0000"})
    con.close()
    for column in ("prompt_tokens", "completion_tokens"):
        of_agents = asked.group_by("example_id").agg(pl.col(column).sum().alias("agents"))
        one = written.filter(arm="pat_untrained").join(of_agents, on="example_id")
        assert (one[column] > one["agents"]).all(), column  # and the generator's
        assert written.filter(arm="none")[column].max() < one[column].filter(one["agents"] > 0).min()
    took = dict(seconds.select("arm", "seconds").iter_rows())
    assert took["pat_untrained"] > took["none"] > 0
    stages = set(rows["ops.completions"].filter(iteration="0000")["stage"])
    assert not {stage for stage in stages if stage.startswith("evaluation/pat_untrained/")}  # used again
    assert not {stage for stage in stages if stage.startswith("evaluation/pat_swapped/")}
    assert "evaluation/pat_swapped" in stages  # its drafts


def test_one_thing_is_changed_in_every_arm(finished: Path) -> None:
    rows = contents(finished)["evaluation.predictions"].filter(iteration="0000").sort("example_id")
    pat, style_off, one_round, random, opposed, swapped = (
        rows.filter(arm=arm)
        for arm in (
            "pat",
            "pat_without_style",
            "pat_one_round",
            "pat_random_donors",
            "pat_opposed_reviewers",
            "pat_swapped",
        )
    )
    assert style_off["style_summary"].null_count() == style_off.height
    assert style_off["topic_summary"].to_list() == one_round["topic_summary"].to_list()  # nobody to listen to
    assert pat["style_summary"].to_list() != one_round["style_summary"].to_list()
    for changed in (random, opposed):
        assert not changed.drop("arm").equals(pat.drop("arm"))
    pairs = pat.filter(pl.col("style_summary").is_not_null())["style_summary", "topic_summary"].rows()
    assert set(swapped["style_summary", "topic_summary"].rows()) <= {*pairs, (None, None)}
    given = dict(swapped.select("example_id", "style_summary").iter_rows())
    own = dict(pat.select("example_id", "style_summary").iter_rows())
    assert not [example for example in own if own[example] is not None and given[example] == own[example]]


def test_evidence_is_what_the_agents_behind_the_text_read(finished: Path) -> None:
    rows = contents(finished)["evaluation.evidence"].filter(iteration="0000")
    con = duckdb.connect(str(Settings(finished).warehouse_path))
    usual = tables.read(con, "context.style_reviews").sort("example_id", "rank")
    con.close()
    mine = rows.filter(role="style", arm="pat").sort("example_id", "rank")
    expected = usual.filter(pl.col("example_id").is_in(mine["example_id"].unique().to_list()))
    assert mine["review_id"].to_list() == expected["review_id"].to_list()
    changed = rows.filter(role="style", arm="pat_random_donors").sort("example_id", "rank")
    assert changed["review_id"].to_list() != mine["review_id"].to_list()
    assert rows.filter(arm="pat_without_style", role="style").is_empty()
    swapped = rows.filter(arm="pat_swapped").sort("example_id", "role", "rank")
    sets = (
        swapped.group_by("example_id", "role")
        .agg("review_id")
        .join(
            rows.filter(arm="pat")
            .sort("example_id", "role", "rank")
            .group_by("example_id", "role")
            .agg("review_id"),
            on=["example_id", "role"],
        )
    )
    assert (sets["review_id"] != sets["review_id_right"]).all()
