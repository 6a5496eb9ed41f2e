"""pat-mini: its supervised examples and its build, at a size that takes seconds."""

from __future__ import annotations

import hashlib
import json
from itertools import islice, product
from pathlib import Path
from typing import Any

import pytest

from models.agents import AGENTS, NOTHING
from models.sample import PIPELINE_SEED, TRAINING_SEEDS_FROM
from models.training.build_mini import MiniSettings, build_mini
from models.training.mini_data import (
    EXAMPLES_PER_WORLD,
    ROLE_WEIGHTS,
    TASK_WEIGHTS,
    MiniExamples,
    SupervisedExample,
)

TINY = MiniSettings(vocabulary=400, width=64, layers=2, heads=1, mlp=64, examples=64, pool=32)


@pytest.fixture(scope="module")
def examples() -> list[SupervisedExample]:
    return list(islice(MiniExamples(TRAINING_SEEDS_FROM, examples_per_world=100), 600))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("pat-mini")
    return folder, build_mini(folder, TINY)


def test_examples_repeat(examples: list[SupervisedExample]) -> None:
    assert examples[:150] == list(islice(MiniExamples(TRAINING_SEEDS_FROM, examples_per_world=100), 150))


def test_all_roles_appear(examples: list[SupervisedExample]) -> None:
    assert {example.role for example in examples} == {"style", "topic", "generator"}


def test_all_tasks_appear(examples: list[SupervisedExample]) -> None:
    assert {(example.role, example.task) for example in examples} == set(product(ROLE_WEIGHTS, TASK_WEIGHTS))


def test_agents_reply_only_with_what_their_prompt_shows(examples: list[SupervisedExample]) -> None:
    """Copying is learnable: every habit, fact and rating of a reply can be read in the prompt."""
    for example in examples:
        if example.role == "topic":
            said = example.reply.replace("- rating ", "(" if example.task == "rating" else "- ")
            assert all(
                word in example.prompt
                for line in said.splitlines()
                for word in line.removeprefix("- ").split()
            )
        if example.role == "style":
            told = [line for line in example.reply.splitlines() if not line.startswith("case:")]
            assert all(
                part in example.prompt for line in told for part in line.split(": ", 1)[1].split(" / ")
            )


def test_some_agents_see_the_other_agents_summary(examples: list[SupervisedExample]) -> None:
    for role, field in (("style", "\nFacts: "), ("topic", "\nStyle: ")):
        prompts = [example.prompt for example in examples if example.role == role]
        assert 0.2 < sum(field in prompt for prompt in prompts) / len(prompts) < 0.5


def test_marks_carry_what_the_order_does_not(examples: list[SupervisedExample]) -> None:
    """Complete summaries follow the first marked row, which often is not the first row."""
    topic = [example.prompt.splitlines()[1:] for example in examples if example.role == "topic"]
    first = [[line[0] for line in lines if line[:2] in ("+ ", "- ")] for lines in topic]
    marked = [marks for marks in first if "+" in marks]
    assert 0.2 < sum(marks[0] == "-" for marks in marked) / len(marked) < 0.5


def test_replies_pass_the_agents_own_reader(examples: list[SupervisedExample]) -> None:
    for example in examples:
        if example.role == "style":
            assert AGENTS["style"].format_output(example.reply).text == example.reply


def test_nothing_is_in_the_generators_training_prompts(examples: list[SupervisedExample]) -> None:
    prompts = [example.prompt for example in examples if example.role == "generator"]
    for field in ("Style", "Facts"):
        share = sum(f"{field}: {NOTHING}" in prompt for prompt in prompts) / len(prompts)
        assert 0.05 < share < 0.25


def test_the_build_saves_a_model_that_loads_and_says_how_it_was_made(
    built: tuple[Path, dict[str, Any]],
) -> None:
    folder, summary = built
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["sha256"]["model.safetensors"] == digest
    assert summary["settings"]["seed"] == TINY.seed
    assert digest in (folder / "README.md").read_text()
    assert not list(folder.glob("*.bin"))


def test_the_same_settings_build_the_same_weights(built: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    assert build_mini(tmp_path, TINY)["sha256"] == built[1]["sha256"]


def test_the_pipelines_world_is_not_trained_on() -> None:
    worlds = MiniSettings().examples / EXAMPLES_PER_WORLD
    assert not TRAINING_SEEDS_FROM <= PIPELINE_SEED < TRAINING_SEEDS_FROM + worlds
