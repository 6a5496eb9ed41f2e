"""Every recipe loads, says what SQL needs, and refuses what nobody does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError
from models.recipes import Recipe, load_recipe, recipe_names


def mini() -> dict[str, Any]:
    return load_recipe("mini").model_dump(mode="json")


def written(folder: Path, content: object) -> Path:
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", recipe_names())
def test_every_bundled_recipe_loads_under_its_own_name(name: str) -> None:
    assert load_recipe(name).name == name


def test_a_saved_recipe_is_the_same_recipe_in_the_same_bytes(tmp_path: Path) -> None:
    recipe = load_recipe("mini")
    recipe.save(tmp_path / "a.yaml")
    load_recipe(tmp_path / "a.yaml").save(tmp_path / "b.yaml")
    assert load_recipe(tmp_path / "a.yaml") == recipe
    assert (tmp_path / "a.yaml").read_bytes() == (tmp_path / "b.yaml").read_bytes()


@pytest.mark.parametrize("section", [None, "agents", "training", "generation"])
def test_an_unknown_key_is_refused_by_its_name(tmp_path: Path, section: str | None) -> None:
    content = mini()
    (content if section is None else content[section])["learning_rat"] = 1
    with pytest.raises(InputError, match="learning_rat: Extra inputs") as caught:
        load_recipe(written(tmp_path, content))
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("pairs", "margin", 0.0),  # ties would become pairs
        ("generation", "temperature", 0),
        ("generation", "top_p", 1.5),
        ("training", "learning_rate", -1e-3),
        ("evaluation", "confidence", 1.0),
        ("reward", "rouge1", -0.5),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(tmp_path: Path, section: str, key: str, value: float) -> None:
    content = mini()
    content[section][key] = value
    with pytest.raises(InputError, match=section):
        load_recipe(written(tmp_path, content))


@pytest.mark.parametrize("text", ["", "- a list", "name: [", "\x00"])
def test_a_file_that_is_no_recipe_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"broken\.yaml"):
        load_recipe(path)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match="mini"):
        load_recipe("maxi")


@given(st.integers(min_value=1, max_value=10_000))
def test_max_examples_caps_every_task_and_split_and_raises_none(most: int) -> None:
    before, after = load_recipe("mini"), load_recipe("mini").with_max_examples(most)
    for task, sizes in before.examples.items():
        for split, size in sizes.model_dump().items():
            assert getattr(after.examples[task], split) == min(size, most)
    assert after.model_copy(update={"examples": before.examples}) == before


def test_variables_carry_the_values_that_sql_asks_for() -> None:
    variables = load_recipe("mini").variables()
    limits = variables.pop("example_limits")
    assert {"task": "long", "split": "train", "max_examples": 240} in limits  # type: ignore[operator]
    assert variables["pair_margin"] == 0.05
    assert all(isinstance(value, int | float | str | bool) for value in variables.values())


def test_every_task_with_examples_needs_a_reward(tmp_path: Path) -> None:
    content = mini()
    del content["reward"]["short"]
    with pytest.raises(InputError, match="tasks short have examples but no metrics"):
        load_recipe(written(tmp_path, content))


def test_one_agent_at_least_is_on(tmp_path: Path) -> None:
    content = mini()
    content["agents"] = {"style": False, "topic": False}
    with pytest.raises(InputError, match="at least one of style and topic"):
        load_recipe(written(tmp_path, content))


def test_a_recipe_cannot_be_changed_in_place() -> None:
    recipe: Recipe = load_recipe("mini")
    with pytest.raises(ValueError, match="frozen"):
        recipe.seed = 1  # type: ignore[misc]
