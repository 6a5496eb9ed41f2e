"""The guard against gaming Q: copied runs, penalties, and what is recorded about every draft."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.agents.drafts import NOTHING_SHOWN, shown_pairs
from models.errors import InputError
from models.evaluation.metrics import METRICS_BY_TASK
from models.evaluation.words import words
from models.recipes import load_recipe, recipe_names
from models.rewards import copied_runs, copying, judge, quality
from models.rewards.judging import penalized, repeated_share

TEXT = st.lists(st.sampled_from(["a", "b", "C", "não", "d!", "é"]), max_size=12).map(" ".join)
WEIGHTS = {"rouge1": 0.5, "rougeL": 0.5}


def brute_force(draft: str, shown: list[str]) -> int:
    """Every run of the draft, looked for in every shown text."""
    written = words(draft)
    longest = 0
    for text in map(words, shown):
        for start in range(len(written)):
            for end in range(start + 1, len(written) + 1):
                run = written[start:end]
                if any(text[place : place + len(run)] == run for place in range(len(text))):
                    longest = max(longest, len(run))
    return longest


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(TEXT, st.lists(TEXT, max_size=3)), max_size=4))
def test_copied_runs_equal_brute_force(cases: list[tuple[str, list[str]]]) -> None:
    runs = copied_runs([draft for draft, _ in cases], [shown for _, shown in cases])
    assert runs.tolist() == [brute_force(*case) for case in cases]


def test_copied_runs_do_not_depend_on_when_codes_start_again(monkeypatch: pytest.MonkeyPatch) -> None:
    drafts = ["the battery lasts", "screen is bright", "nothing", "the battery lasts"]
    shown = [["The battery lasts!"], ["a bright screen is bright"], [], ["lasts the battery"]]
    expected = copied_runs(drafts, shown).tolist()
    assert expected == [3, 3, 0, 2]
    monkeypatch.setattr(copying, "MOST_WORDS", 1)
    assert copied_runs(drafts, shown).tolist() == expected


@pytest.mark.parametrize(
    ("draft", "shown", "run"),
    [
        ("one two three four", ["one two", "three four"], 2),  # a run does not cross into the next text
        ("Sound: VERY good", ["the sound very good indeed"], 3),  # case and punctuation do not hide a copy
        ("não gostei", ["gostei não; não gostei"], 2),
        ("a a a a", ["a a"], 2),
        ("word", ["word"], 1),
        ("", ["word"], 0),
        ("word", [""], 0),
        ("...", ["..."], 0),
    ],
)
def test_copied_run(draft: str, shown: list[str], run: int) -> None:
    assert copied_runs([draft], [shown]).tolist() == [run]


def test_a_long_copy_is_found_in_a_long_text() -> None:
    text = " ".join(f"w{number}" for number in range(5000))
    draft = "x " + " ".join(f"w{number}" for number in range(1000, 4000)) + " x"
    assert copied_runs([draft, text], [[text], [draft]]).tolist() == [3000, 3000]


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="2 drafts"):
        copied_runs(["a", "b"], [[]])


COUNTS = st.integers(0, 200)
RATES = st.floats(0, 5)


@given(st.floats(0, 1), COUNTS, COUNTS, COUNTS, RATES, RATES, RATES)
def test_penalties_only_ever_take_more(
    value: float, n_words: int, target: int, run: int, length: float, copied: float, more: float
) -> None:
    numbers = (np.array([value]), np.array([n_words]), np.array([target]), np.array([min(run, n_words)]))
    plain = penalized(*numbers)
    some = penalized(*numbers, length=length, copying=copied)
    longer = penalized(*numbers, length=length + more, copying=copied)
    bolder = penalized(*numbers, length=length, copying=copied + more)
    assert plain == value
    assert 0 <= longer[0] <= some[0] <= value and 0 <= bolder[0] <= some[0]


def test_penalties_are_what_the_recipe_says() -> None:
    numbers = (np.full(3, 0.9), np.array([20, 10, 5]), np.array([10, 10, 10]), np.array([5, 5, 5]))
    assert penalized(*numbers, length=0.1) == pytest.approx([0.8, 0.9, 0.9])  # too short costs nothing
    assert penalized(*numbers, copying=0.4) == pytest.approx([0.8, 0.7, 0.5])


def test_a_judgement_holds_q_and_the_habits() -> None:
    drafts = ["the battery lasts and the battery lasts", "", "battery"]
    targets = ["the battery lasts", "fine", ""]
    shown = [["I think the battery lasts."], ["x"], ["battery"]]
    judged = judge("long", drafts, targets, shown, WEIGHTS, length=0.1, copying=0.1)
    assert judged.n_words.tolist() == [7, 0, 1]
    assert judged.target_words.tolist() == [3, 1, 0]
    assert judged.copied_run.tolist() == [3, 0, 1]
    assert judged.repeated_share == pytest.approx([0.2, 0, 0])  # 1 of 5 runs of three words
    assert judged.unpenalized_quality == pytest.approx(quality(drafts, targets, WEIGHTS))
    assert judged.quality[0] == pytest.approx(judged.unpenalized_quality[0] - 0.1 * 4 / 3 - 0.1 * 3 / 7)
    assert judged.quality[1:].tolist() == [0, 0]


def test_without_penalties_q_is_the_quality() -> None:
    judged = judge("long", ["a b b", "c"], ["a b", "d"], [["a b b"], ["c"]], WEIGHTS)
    assert judged.quality.tolist() == judged.unpenalized_quality.tolist()


def test_a_rating_is_never_penalized() -> None:
    judged = judge(
        "rating",
        ["4 stars", "2"],
        ["4", "4"],
        [["4 stars"], []],
        {"rating_closeness": 1},
        length=9,
        copying=9,
    )
    assert judged.quality.tolist() == [1.0, 0.5]
    assert judged.copied_run.tolist() == [2, 0]  # logged all the same


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT, st.lists(TEXT, max_size=2)), min_size=1, max_size=6), st.randoms())
def test_judging_does_not_depend_on_the_order(
    cases: list[tuple[str, str, list[str]]], random: Random
) -> None:
    order = list(range(len(cases)))
    random.shuffle(order)
    straight, mixed = (
        judge(
            "long", *(list(column) for column in zip(*chosen, strict=True)), WEIGHTS, length=0.2, copying=0.3
        )
        for chosen in (cases, [cases[place] for place in order])
    )
    for field in fields(straight):
        assert getattr(straight, field.name)[order].tolist() == getattr(mixed, field.name).tolist()
    for share in (straight.quality, straight.unpenalized_quality, straight.repeated_share):
        assert ((share >= 0) & (share <= 1)).all()


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("", 0),
        ("a b", 0),
        ("a b c", 0),
        ("Good. Bad. Fine.", 0),
        ("so so so so", 0.5),
        ("It is. It is. It is.", 0.5),
    ],
)
def test_repeated_share(text: str, share: float) -> None:
    assert repeated_share(text) == pytest.approx(share)


@pytest.mark.parametrize("name", recipe_names())
def test_recipes_reward_each_task_by_its_own_metrics(name: str) -> None:
    recipe = load_recipe(name)
    for task, weights in recipe.reward.items():
        assert set(weights) <= set(METRICS_BY_TASK[task])
        assert np.isfinite(quality(["4"], ["4"], weights)).all()


@pytest.mark.parametrize("agents", [("style", "topic"), ("style",), ("topic",)])
def test_every_counterfactual_draft_is_planned_once(agents: tuple[str, ...]) -> None:
    plan = list(shown_pairs(4, agents))  # type: ignore[arg-type]
    assert len(plan) == len(set(plan)) == (3 + 2 * 4 if len(agents) == 2 else 2 + 4)
    beside = {agent: 0 if agent in agents else NOTHING_SHOWN for agent in ("style", "topic")}
    for agent in agents:
        own = [pair if agent == "style" else pair[::-1] for pair in plan]
        other = beside["topic" if agent == "style" else "style"]
        assert {candidate for candidate, shown in own if shown == other} >= {NOTHING_SHOWN, 0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    ("task", "name"), [("rating", "rouge1"), ("long", "rating_closeness"), ("long", "chrf")]
)
def test_a_recipe_cannot_reward_a_task_by_what_does_not_judge_it(
    task: str, name: str, tmp_path: Path
) -> None:
    content = load_recipe("mini").model_dump(mode="json")
    content["reward"][task] = {name: 1.0}
    path = tmp_path / "wrong.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match=rf"{task}: Q is made of .* not \['{name}'\]"):
        load_recipe(path)
