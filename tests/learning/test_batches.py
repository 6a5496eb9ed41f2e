"""Batches are fixed by their prompts, keyed by what decides their texts, and written once, killed or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.agents.batches import batch_key, derive_seed, plan_batches
from models.agents.drafts import GREEDY, NOTHING_SHOWN, shown_pairs
from models.llm import Completion, Sampling
from models.recipes import load_recipe
from pat_dagster import tables
from pat_dagster.writing import COMPLETIONS, Writer, seconds_of

GREEDY_TEXT = Sampling(max_new_tokens=8)
DRAWN = Sampling(max_new_tokens=8, temperature=1.0, n=3)
REQUESTS = st.lists(st.text(max_size=12), max_size=40, unique=True).map(
    lambda prompts: [(f"id{place:02d}", prompt) for place, prompt in enumerate(prompts)]
)


class Echo:
    """A backend whose texts name all they depend on; dies before call number `dies_at`."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.calls, self.dies_at = 0, dies_at

    def render(self, prompt: str) -> str:
        return prompt

    def fingerprint(self, adapter: str | None = None) -> str:
        return f"base+{adapter}"

    def generate(
        self, prompts: Sequence[str], sampling: Sampling, *, adapter: str | None = None, seed: int = 0
    ) -> list[list[Completion]]:
        self.calls += 1
        if self.calls == self.dies_at:
            raise KeyboardInterrupt
        told = seed if sampling.temperature else 0
        return [
            [Completion(f"{prompt}|{adapter}|{told}|{n}", 1, 2, "stop") for n in range(sampling.n)]
            for prompt in prompts
        ]


def open_writer(backend: Echo, path: Path | str = ":memory:", batch_size: int = 3) -> Writer:
    recipe = load_recipe("mini")
    sized = recipe.generation.model_copy(update={"batch_size": batch_size})
    con = duckdb.connect(str(path))
    tables.ensure_table(con, COMPLETIONS)
    return Writer(con, recipe.model_copy(update={"generation": sized}), "0000", backend)


@settings(max_examples=100, deadline=None)
@given(REQUESTS, st.integers(1, 7))
def test_batches_cover_every_request_once_in_order_of_length(
    requests: list[tuple[str, str]], batch_size: int
) -> None:
    fixed = {"stage": "s", "iteration": "0000", "seed": 1, "sampling": DRAWN, "policy": "p"}
    batches = plan_batches(requests, batch_size, **fixed)
    places = [place for batch in batches for place in batch.places]
    assert Counter(places) == Counter(range(len(requests)))
    lengths = [len(requests[place][1]) for place in places]
    assert lengths == sorted(lengths)
    assert all(len(batch.places) == batch_size for batch in batches[:-1])
    backwards = plan_batches(requests[::-1], batch_size, **fixed)
    assert [batch.prompts for batch in backwards] == [batch.prompts for batch in batches]
    assert [batch.key for batch in backwards] == [batch.key for batch in batches]


def test_a_key_changes_with_all_that_decides_the_texts() -> None:
    keys = {
        batch_key(["a", "b"], "p", DRAWN, 1),
        batch_key(["b", "a"], "p", DRAWN, 1),
        batch_key(["a", "b"], "q", DRAWN, 1),
        batch_key(["a", "b"], "p", Sampling(8, 0.9, n=3), 1),
        batch_key(["a", "b"], "p", DRAWN, 2),
        batch_key(["ab"], "p", DRAWN, 1),
    }
    assert len(keys) == 6
    assert batch_key(["a"], "p", GREEDY_TEXT, 1) == batch_key(["a"], "p", GREEDY_TEXT, 2)


def test_every_place_has_a_seed_of_its_own() -> None:
    places = [
        (0, "0000", "s", 0),
        (0, "0000", "s", 1),
        (0, "0001", "s", 0),
        (1, "0000", "s", 0),
        (0, "0000s", 0),
    ]
    assert len({derive_seed(*place) for place in places}) == len(places)
    assert all(0 <= derive_seed(*place) < 2**63 for place in places)


def test_every_reward_finds_its_draft_and_its_baseline() -> None:
    shown = list(shown_pairs(3))
    assert len(shown) == len(set(shown)) == 3 + 2 * 3
    for candidate in (NOTHING_SHOWN, GREEDY, 1, 2, 3):
        assert (candidate, GREEDY) in shown
        assert (GREEDY, candidate) in shown


@pytest.mark.parametrize("dies_at", range(1, 8))
def test_killed_at_any_batch_it_ends_with_the_same_rows(dies_at: int, tmp_path: Path) -> None:
    requests = [(f"id{number}", "x" * (number % 5) + str(number)) for number in range(20)]
    whole = open_writer(Echo())
    expected = whole.write("stage", requests, DRAWN)

    killed = open_writer(Echo(dies_at), tmp_path / "warehouse.duckdb")
    with pytest.raises(KeyboardInterrupt):
        killed.write("stage", requests, DRAWN)
    killed.con.close()
    resumed = open_writer(backend := Echo(), tmp_path / "warehouse.duckdb")
    assert resumed.write("stage", requests, DRAWN) == expected
    assert backend.calls == 7 - (dies_at - 1)
    rows, expected_rows = (tables.read(one.con, COMPLETIONS).drop("seconds") for one in (resumed, whole))
    assert rows.equals(expected_rows)
    resumed.con.close()


def test_seconds_of_a_stage_are_those_of_its_prompts() -> None:
    writer = open_writer(Echo(), batch_size=2)
    prompts = ["bbb", "a", "dddd", "cc", "a", "ee"]
    written = writer.write_greedy("stage", prompts, 8)
    took = seconds_of(writer.con, writer.iteration, "stage", prompts)
    assert took == {prompt: one.seconds for prompt, one in zip(prompts, written, strict=True)}
    assert all(seconds > 0 for seconds in took.values())
    assert (
        seconds_of(writer.con, writer.iteration, "stage", prompts[:2]) == {}
    )  # not the prompts of the stage
    assert seconds_of(writer.con, writer.iteration, "another", prompts) == {}


def test_equal_prompts_are_written_once_and_answered_everywhere() -> None:
    writer = open_writer(backend := Echo(), batch_size=2)
    texts = [one.text for one in writer.write_greedy("stage", ["b", "a", "b", "b"], 8)]
    assert texts == ["b|None|0|0", "a|None|0|0", "b|None|0|0", "b|None|0|0"]
    assert backend.calls == 1


def test_only_what_changed_is_written_again() -> None:
    writer = open_writer(backend := Echo())
    prompts = [f"{number:02d}" for number in range(9)]
    writer.write_greedy("stage", prompts, 8)
    assert backend.calls == 3
    writer.write_greedy("stage", [*prompts[:8], "99"], 8)
    assert backend.calls == 4
    writer.write_greedy("stage", prompts, 9)
    assert backend.calls == 7
    writer.write_greedy("other", prompts, 9)
    assert backend.calls == 10
    assert writer.write_greedy("stage", [], 9) == []
    assert tables.read(writer.con, COMPLETIONS, {"stage": "stage"}).is_empty()
