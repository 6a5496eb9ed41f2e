"""Baselines on a little warehouse: what is asked, what the generator is told, and what is answered."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from models.agents import Generator
from models.arms import Arm, arms
from models.llm import Completion, Sampling
from models.recipes import TASKS, Recipe, Task, load_recipe
from models.retrieval.store import VectorStore
from models.retrieval.vectors import sync_reviews
from pat_dagster import tables, writing
from pat_dagster.arms import told as told_module
from pat_dagster.arms.procedures import PROCEDURES
from pat_dagster.arms.written import Workplace, Written
from pat_dagster.cases import Case
from pat_dagster.settings import Settings

BASELINES = [arm for arm in arms().values() if arm.family == "baseline" and arm.how != "none"]
HOWS = sorted({arm.how for arm in BASELINES})
REVIEWS = [  # review, user, topic, text
    ("r0", "writer", "lamp", "the hidden answer"),
    ("r1", "writer", "kettle", "my kettle boils"),
    ("r2", "writer", "mug", "my mug is fine"),
    ("r3", "other", "lamp", "this lamp is bright"),
    ("r4", "third", "lamp", "this lamp is dim"),
    ("r5", "other", "kettle", "kettles whistle"),
    ("r6", "newcomer", "lamp", "another hidden answer"),
    ("r7", "loner", "spoon", "a third hidden answer"),
]
Script = Callable[[str], str]


class Scripted:
    """A backend that answers by a script and remembers what it was asked."""

    def __init__(self, script: Script) -> None:
        self.script, self.asked = script, []

    def render(self, prompt: str) -> str:
        return prompt

    def fingerprint(self, adapter: str | None = None) -> str:
        assert adapter is None  # a baseline is written by the base model
        return "scripted"

    def generate(
        self, prompts: Sequence[str], sampling: Sampling, *, adapter: str | None = None, seed: int = 0
    ) -> list[list[Completion]]:
        assert adapter is None
        self.asked += prompts
        return [[Completion(self.script(prompt), 10, 1, "stop")] for prompt in prompts]


class Letters:
    """Meanings that know letters alone."""

    encoder_id = "letters"
    dimensions = 26

    def encode(self, texts: Sequence[str], progress: bool = False) -> np.ndarray:
        counts = np.array(
            [[1 + text.count(chr(97 + i)) for i in range(26)] for text in texts], dtype=np.float32
        )
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def cases(task: Task) -> dict[str, Case]:
    """By user: one with a history, one with neighbors alone, one with nothing."""
    targets = {"writer": ("r0", "lamp"), "newcomer": ("r6", "lamp"), "loner": ("r7", "spoon")}
    return {
        user: Case(
            example_id=f"{review}:{task}",
            dataset="d",
            task=task,
            split="test",
            user_id=user,
            topic_id=topic,
            input="bright lamp",
            target="hidden",
            reviews={"style": [], "topic": []},
        )
        for user, (review, topic) in targets.items()
    }


def fill(home: Path, hidden: str = "") -> duckdb.DuckDBPyConnection:
    """A warehouse and vectors; `hidden` is added to the writer's answer."""
    is_target = pl.col("review_id") == "r0"
    reviews = pl.DataFrame(REVIEWS, schema=["review_id", "user_id", "topic_id", "text"], orient="row")
    reviews = reviews.with_columns(
        title=pl.lit("T ") + pl.col("topic_id"),
        text=pl.col("text") + pl.when(is_target).then(pl.lit(hidden)).otherwise(pl.lit("")),
        dataset=pl.lit("d"),
        rating=pl.lit(4.0),
        posted_at=pl.lit(None, dtype=pl.Datetime("us")),
        is_shared_text=False,
        source_file=pl.lit("a"),
        source_row=pl.int_range(pl.len()),
    )
    examples = pl.DataFrame(
        [
            {
                "example_id": case.example_id,
                "target_review_id": case.example_id.split(":")[0],
                "dataset": "d",
                "task": task,
                "user_id": case.user_id,
                "topic_id": case.topic_id,
                "input": case.input,
                "target": f"hidden{hidden}",
                "posted_at": None,
                "user_is_flagged": False,
            }
            for task in TASKS
            for case in cases(task).values()
        ],
        schema_overrides={"posted_at": pl.Datetime("us")},
    )
    sync_reviews(VectorStore(Settings(home).vectors_path), reviews, Letters())
    con = duckdb.connect(str(Settings(home).warehouse_path))
    for table, frame in {"feature.examples": examples, "staging.reviews": reviews}.items():
        con.execute(f"create schema {table.split('.')[0]}")
        con.register("incoming", frame)
        con.execute(f"create table {table} as from incoming")
    return con


@pytest.fixture
def recipe() -> Recipe:
    """Small batches, so that every stage has several."""
    mini = load_recipe("mini")
    generation = mini.generation.model_copy(
        update={"batch_size": 2, "max_summary_tokens": 8, "max_draft_tokens": 12}
    )
    return mini.model_copy(update={"generation": generation})


@pytest.fixture
def con(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[duckdb.DuckDBPyConnection]:
    monkeypatch.setenv("PAT_HOME", str(tmp_path))
    monkeypatch.setattr(told_module, "_encoder", lambda name: Letters())
    opened = fill(tmp_path)
    yield opened
    opened.close()


Ask = Callable[..., tuple[dict[str, Written], list[str]]]


@pytest.fixture
def ask(con: duckdb.DuckDBPyConnection, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Let an arm answer: (arm or its name, script, task) -> answers by user, prompts asked."""

    def answer(
        arm: Arm | str, script: Script = lambda prompt: "reply", task: Task = "long", opened: object = None
    ) -> tuple[dict[str, Written], list[str]]:
        backend = Scripted(script)
        monkeypatch.setattr(writing, "load_backend", lambda base_model: backend)
        arm = arms()[arm] if isinstance(arm, str) else arm
        asked = cases(task)
        place = Workplace(opened or con, recipe, "0000")  # type: ignore[arg-type]
        written = PROCEDURES[arm.how](place, arm, list(asked.values()))
        con.execute("delete from ops.completions")  # the next script starts anew
        return dict(zip(asked, written, strict=True)), backend.asked

    return answer


def test_every_baseline_has_a_procedure() -> None:
    assert {arm.how for arm in BASELINES} <= set(PROCEDURES)
    assert len(BASELINES) == 26


@pytest.mark.parametrize("task", TASKS)
def test_without_evidence_an_arm_asks_and_answers_as_none(ask: Ask, task: Task) -> None:
    bare = Generator().format_input(task, "bright lamp", None, None)
    for arm in BASELINES:
        if arm.name == "random":
            continue  # there is always somebody's review
        written, asked = ask(arm, task=task)
        assert asked.count(bare) == 1, arm  # nobody else is asked either
        loner, newcomer = written["loner"], written["newcomer"]
        assert (loner.style, loner.topic, loner.prompt_tokens) == (None, None, 10), arm
        assert not any(loner.shown.values()), arm
        if arm.options.get("source") == "history" or arm.how in ("guided_profile", "difference"):
            assert (newcomer.style, newcomer.topic, newcomer.text) == (None, None, loner.text), arm
        else:
            assert newcomer.topic, arm


def test_no_prompt_depends_on_the_hidden_answer(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(prompt: str) -> str:
        return f"reply {zlib.crc32(prompt.encode())}"  # whatever was read is in all that follows

    def answers(opened: duckdb.DuckDBPyConnection | None = None) -> dict[str, Written]:
        found = {arm.name: ask(arm, script, opened=opened)[0]["writer"] for arm in BASELINES}
        return {arm: replace(one, seconds=0.0) for arm, one in found.items()}

    before = answers()
    home = tmp_path / "changed"
    home.mkdir()
    monkeypatch.setenv("PAT_HOME", str(home))
    changed = fill(home, hidden=" in other words: bright lamp zzz")
    assert answers(changed) == before
    changed.close()


def test_history_is_told_as_style_and_neighbors_as_facts(ask: Ask) -> None:
    written, asked = ask("pgraphrag_both_bm25_k1")
    one = written["writer"]
    assert one.style is not None and one.style.splitlines()[1:] == ["- T mug: my mug is fine"]
    assert one.topic is not None and one.topic.splitlines()[1:] == ["- T lamp: this lamp is bright"]
    assert one.shown == {"generator": ["r2", "r3"]}
    (prompt,) = [prompt for prompt in asked if "mug" in prompt]
    assert prompt == Generator().format_input("long", "bright lamp", one.style, one.topic)
    written, _ = ask("pgraphrag_neighbors_dense_k2")
    assert sorted(written["writer"].shown["generator"]) == ["r3", "r4"]
    assert written["writer"].style is None


def test_a_summary_is_of_the_history_or_else_of_the_neighbors(ask: Ask) -> None:
    written, asked = ask("summary", lambda prompt: f"sum{len(prompt)}" if "Summarize" in prompt else "text")
    one, other = written["writer"], written["newcomer"]
    assert one.topic is None and one.style is not None and one.style.startswith("sum")
    assert set(one.shown) == {"style"} and set(one.shown["style"]) == {"r1", "r2"}
    assert other.style is None and other.topic is not None and other.topic.startswith("sum")
    assert set(other.shown) == {"topic"} and set(other.shown["topic"]) == {"r0", "r3", "r4"}
    assert sum("this person" in prompt for prompt in asked) == 1
    assert (one.prompt_tokens, one.completion_tokens) == (20, 2)


@pytest.mark.parametrize("arm", ["summary", "guided_profile", "difference"])
def test_a_reply_that_cannot_be_read_shows_nothing_and_is_paid_for(ask: Ask, arm: str) -> None:
    written, _ = ask(arm, lambda prompt: " \n ")
    one = written["writer"]
    assert (one.style, one.topic, dict(one.shown), one.text) == (None, None, {}, "")
    assert one.prompt_tokens == (30 if arm == "guided_profile" else 20)


def test_a_guided_profile_is_written_from_the_answer_to_the_question(ask: Ask) -> None:
    def script(prompt: str) -> str:
        return "calm words" if "stands out" in prompt else "a calm person" if "Describe" in prompt else "text"

    written, asked = ask("guided_profile", script)
    (request,) = [prompt for prompt in asked if "Describe" in prompt]
    assert "Notes: calm words" in request and "my kettle boils" in request
    assert written["writer"].style == "a calm person"
    assert written["writer"].prompt_tokens == 30


def test_a_difference_is_to_others_on_the_topics_of_the_history(ask: Ask) -> None:
    written, asked = ask("difference", lambda prompt: "calmer" if "apart" in prompt else "text")
    (request,) = [prompt for prompt in asked if "apart" in prompt]
    lines = request.splitlines()
    place = lines.index("- this person: T kettle: my kettle boils")
    assert lines[place + 1] == "- another on the same: T kettle: kettles whistle"
    assert "lamp is" not in request  # those are no topics of the history
    assert written["writer"].style == "calmer"
    assert written["writer"].shown == {"style": ["r2", "r1", "r5"]}


def critic(choice: Callable[[str, str], str], revision: str = "revision") -> Script:
    """A script of a critic that chooses by what stands under A and B."""

    def script(prompt: str) -> str:
        if prompt.startswith("Which"):
            first, second = (line[3:] for line in prompt.splitlines()[-2:])
            return choice(first, second)
        if prompt.startswith("Criticize"):
            return "too long"
        return revision if "Criticism: too long" in prompt else "draft"

    return script


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (lambda first, second: "A" if first == "revision" else "B", "revision"),
        (lambda first, second: "A" if first == "draft" else "B", "draft"),
        (lambda first, second: "A", "draft"),  # whoever likes a position says nothing
        (lambda first, second: "B", "draft"),
        (lambda first, second: "neither", "draft"),
    ],
)
def test_a_revision_must_win_in_both_orders(
    ask: Ask, choice: Callable[[str, str], str], expected: str
) -> None:
    written, _ = ask("critique", critic(choice))
    assert written["writer"].text == expected
    assert written["writer"].prompt_tokens == 50  # draft, criticism, revision, two choices
    assert written["loner"].text == "draft"
    assert written["loner"].prompt_tokens == 10


def test_a_revision_that_changes_nothing_is_not_compared(ask: Ask) -> None:
    written, asked = ask("critique", critic(lambda first, second: "A", revision="draft"))
    assert not [prompt for prompt in asked if prompt.startswith("Which")]
    assert written["writer"].prompt_tokens == 30


@pytest.mark.parametrize("how", HOWS)
def test_a_real_model_answers_every_task_and_never_twice(
    con: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    tiny_model: str,
    how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arm = next(arm for arm in BASELINES if arm.how == how)
    place = Workplace(con, recipe.model_copy(update={"base_model": tiny_model}), "0000")
    asked = [case for task in TASKS for case in cases(task).values()]
    first = PROCEDURES[how](place, arm, asked)
    assert len(first) == len(asked)
    assert all(one.completion_tokens > 0 for one in first)
    before = tables.read(con, "ops.completions")
    monkeypatch.setattr(place.writer.backend, "generate", None)  # calling it would fail
    assert PROCEDURES[how](place, arm, asked) == first
    assert tables.read(con, "ops.completions").equals(before)
