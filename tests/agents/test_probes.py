"""A probe changes what it names and nothing else."""

from __future__ import annotations

import pytest

from models.agents import ReviewLine
from models.agents.probes import PROBES, perturb

ROWS = [
    [ReviewLine("t", f"{example}-{row}", 4.0, is_aligned=row < 2) for row in range(5)] for example in range(6)
]
TOPICS = ["a", "a", "b", "b", "b", "c"]


def texts(rows: list[list[ReviewLine]]) -> list[list[str]]:
    return [[row.text for row in own] for own in rows]


@pytest.mark.parametrize("probe", PROBES["topic"])
def test_draws_repeat(probe: str) -> None:
    assert perturb(probe, ROWS, TOPICS, 1) == perturb(probe, ROWS, TOPICS, 1)  # type: ignore[arg-type]


def test_as_is_changes_nothing() -> None:
    assert perturb("as_is", ROWS, TOPICS, 1) == ROWS


def test_shuffling_keeps_the_rows() -> None:
    found = perturb("shuffled", ROWS, TOPICS, 1)
    assert found != ROWS
    assert [sorted(own) for own in texts(found)] == [sorted(own) for own in texts(ROWS)]


def test_marks_alone_change() -> None:
    for probe, marks in (("unmarked", [False] * 5), ("flipped", [False, False, True, True, True])):
        found = perturb(probe, ROWS, TOPICS, 1)  # type: ignore[arg-type]
        assert texts(found) == texts(ROWS)
        assert all([row.is_aligned for row in own] == marks for own in found)


def test_rows_of_somebody_else() -> None:
    same_topic = {0: {1}, 1: {0}, 2: {3, 4}, 3: {2, 4}, 4: {2, 3}, 5: set(range(5))}
    for place, own in enumerate(perturb("other_user", ROWS, TOPICS, 1)):
        assert int(own[0].text[0]) in same_topic[place]
    for place, own in enumerate(perturb("other_topic", ROWS, TOPICS, 1)):
        assert TOPICS[int(own[0].text[0])] != TOPICS[place]


def test_without_a_partner_the_rows_stay() -> None:
    assert perturb("other_topic", ROWS[:2], TOPICS[:2], 1) == ROWS[:2]
    assert perturb("other_user", ROWS[:1], TOPICS[:1], 1) == ROWS[:1]
