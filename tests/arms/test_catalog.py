"""The rows of arms.yaml, and how a reader names them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from models.arms import Arm, arms, choose
from models.arms.quoting import QUOTES
from models.errors import InputError
from pat_dagster.arms.procedures import PROCEDURES


def test_every_arm_has_a_procedure_and_a_reference_that_can_answer_its_tasks() -> None:
    for arm in arms().values():
        assert arm.how in PROCEDURES, arm.name
        if arm.reference:
            assert set(arm.tasks) <= set(arms()[arm.reference].tasks), arm.name


def test_no_floor_or_ceiling_needs_a_language_model_and_all_others_do() -> None:
    for arm in arms().values():
        assert arm.needs_model == (arm.family not in ("floor", "ceiling")), arm.name
        assert (arm.how in QUOTES) <= (not arm.needs_model), arm.name


def test_floors_are_every_arm_without_a_language_model() -> None:
    assert choose(["floors"]) == [arm for arm in arms().values() if not arm.needs_model]
    assert {"oracle_review", "mbr_sentences", "neighbor_review"} <= {arm.name for arm in choose(["floors"])}


def test_patterns_groups_and_names_give_each_arm_once_in_the_order_of_the_catalog() -> None:
    chosen = choose(["pat", "pgraphrag_user_*", "pat", "ceilings"])
    order = list(arms())
    assert [arm.name for arm in chosen] == sorted({arm.name for arm in chosen}, key=order.index)
    assert len(chosen) == 1 + 6 + 2
    assert choose(["all"]) == list(arms().values())


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(InputError, match="no arm 'patt'") as error:
        choose(["pat", "patt"])
    assert "floors" in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"family": "floor", "needs": ["model"]}, "needs no language model"),
        ({"family": "baseline", "needs": []}, "a floor or a ceiling"),
        ({"tasks": ["poem"]}, "no tasks"),
        ({"name": "No Name"}, "pattern"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_a_row_that_cannot_be_is_refused(change: dict[str, object], message: str) -> None:
    row = {
        "name": "a",
        "family": "baseline",
        "how": "none",
        "tasks": ["long"],
        "needs": ["model"],
        "description": "d",
    }
    assert Arm.model_validate(row).needs_model
    with pytest.raises(ValidationError, match=message):
        Arm.model_validate(row | change)
