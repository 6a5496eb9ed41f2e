"""Why a table is computed, decided from what the ledger recorded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.recipes import load_recipe
from pat_dagster.recipe_parts import TracedRecipe, recipe_sha256, values_of
from pat_dagster.reuse import Inputs, Version, Written, only_changed, reason_to_write
from pat_dagster.untouched import settled

UPSTREAM = '{"staging.reviews": "a"}'
INPUTS = Inputs("code", "duckdb=2", [Version("staging.reviews", None, "a")], "{}")
VALUES = {"seed": 1}
LAST = Written("run", "code", 3, "content", UPSTREAM, ("seed",), "{}", INPUTS.sha256(VALUES))


def test_the_same_inputs_are_no_reason() -> None:
    assert reason_to_write(LAST, INPUTS, UPSTREAM, VALUES) is None


@pytest.mark.parametrize(
    ("last", "inputs", "upstream", "values", "words"),
    [
        (None, INPUTS, UPSTREAM, VALUES, "never written"),
        (replace(LAST, inputs_sha256=None), INPUTS, UPSTREAM, VALUES, "not finished, or written by an older"),
        (LAST, replace(INPUTS, code_version="other"), UPSTREAM, VALUES, "its code changed"),
        (
            LAST,
            replace(INPUTS, upstream=[Version("staging.reviews", None, "b")]),
            '{"staging.reviews": "b"}',
            VALUES,
            "changed: staging.reviews",
        ),
        (
            LAST,
            replace(INPUTS, upstream=[Version("staging.reviews", None, "a", is_finished=False)]),
            UPSTREAM,
            VALUES,
            "not finished: staging.reviews",
        ),
        (LAST, replace(INPUTS, config='{"arms": []}'), UPSTREAM, VALUES, "other things are asked for"),
        (LAST, INPUTS, UPSTREAM, {"seed": 2}, "the recipe, a library or an earlier iteration"),
        (LAST, replace(INPUTS, libraries="duckdb=3"), UPSTREAM, VALUES, "the recipe, a library"),
        (
            LAST,
            replace(INPUTS, upstream=[*INPUTS.upstream, Version("rollout.drafts", "0000", "c")]),
            UPSTREAM,
            VALUES,
            "an earlier iteration changed",
        ),
    ],
)
def test_every_other_input_is_a_reason(
    last: Written | None, inputs: Inputs, upstream: str, values: dict[str, object], words: str
) -> None:
    assert words in str(reason_to_write(last, inputs, upstream, values))


def test_the_order_of_upstream_tables_says_nothing() -> None:
    both = [Version("a.b", None, "1"), Version("a.c", "0000", "2")]
    first, second = (replace(INPUTS, upstream=one).sha256(VALUES) for one in (both, both[::-1]))
    assert first == second


def test_only_runs_that_ask_for_it_leave_tables_alone() -> None:
    assert only_changed({"pat/refresh": "changed"})
    assert not only_changed({"pat/refresh": "everything"})
    assert not only_changed({})  # somebody clicked Materialize


def test_a_recipe_tells_which_parts_were_read() -> None:
    recipe = TracedRecipe.of(load_recipe("mini"))
    assert recipe.parts == []
    assert recipe.retrieval.topic_reviews == 4
    assert recipe.parts == ["retrieval"]
    recipe.model_copy(update={"name": "other"}).seed  # noqa: B018
    assert recipe.parts == ["retrieval", "seed"]
    assert len(TracedRecipe.of(recipe).model_dump()) == len(type(recipe).model_fields)
    recipe.model_dump()
    assert set(recipe.parts) == set(type(recipe).model_fields)


def test_values_of_the_parts_that_were_read_decide() -> None:
    recipe = load_recipe("mini")
    other = recipe.model_copy(update={"seed": recipe.seed + 1})
    assert values_of(recipe, ["retrieval"]) == values_of(other, ["retrieval"])
    assert values_of(recipe, ["seed"]) != values_of(other, ["seed"])
    assert values_of(recipe, ["$pair_margin"]) == {"$pair_margin": recipe.pairs.margin}
    assert values_of(recipe, ["of an older version"]) == {"of an older version": None}
    assert "base_model: weights" in values_of(recipe, ["base_model"])  # a retrained model under the same name
    assert recipe_sha256(recipe) == recipe_sha256(TracedRecipe.of(recipe)) != recipe_sha256(other)


def test_what_follows_from_something_that_is_run_is_run() -> None:
    reads = {"b": {"a"}, "c": {"b"}, "d": {"x"}, "e": {"d", "c"}}
    assert settled({"b", "c", "d", "e"}, reads) == {"b", "c", "d", "e"}  # a and x are not of this run
    assert settled({"c", "d", "e"}, reads) == {"d"}
    assert settled({"b", "c", "d"}, reads) == {"b", "c", "d"}


def test_checks_that_read_later_tables_make_no_circle() -> None:
    reads = {"a": {"b"}, "b": {"a"}}  # a check of a looks at b, which is made from a
    assert settled({"a", "b"}, reads) == {"a", "b"}
    assert settled({"a"}, reads) == set()
