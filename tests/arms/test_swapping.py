"""Swapped summaries: who gets whose, whatever the examples are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.arms import swapping
from models.arms.swapping import Giver, swapped

USERS = [f"u{i}" for i in range(8)]


@st.composite
def groups(draw: st.DrawFn) -> list[Giver]:
    """Examples of few users and topics, shown texts by any of these users, with and without times."""
    number = draw(st.integers(0, 14))
    return [
        Giver(
            f"e{i}",
            draw(st.sampled_from(USERS)),
            draw(st.sampled_from(["t0", "t1", "t2"])),
            draw(st.sampled_from([("d", "long"), ("d", "short")])),
            authors=draw(st.sets(st.sampled_from(USERS), max_size=2)),
            **draw(st.sampled_from([{}, {"time": 5, "latest": 3}, {"time": 3, "latest": 5}])),
        )
        for i in range(number)
    ]


@given(groups(), st.integers(0, 3))
def test_nobody_gets_what_they_may_not_see(givers: list[Giver], seed: int) -> None:
    partners = swapped(givers, seed)
    given_away = [partner for partner in partners if partner is not None]
    assert len(given_away) == len(set(given_away))
    for one, partner in zip(givers, partners, strict=True):
        if partner is None:
            continue
        other = givers[partner]
        assert other.group == one.group
        assert other.user != one.user
        assert one.user not in other.authors
        assert other.latest < one.time


@given(groups(), st.randoms(use_true_random=False))
def test_the_order_of_the_examples_does_not_matter(givers: list[Giver], shuffle: object) -> None:
    order = list(range(len(givers)))
    shuffle.shuffle(order)  # type: ignore[attr-defined]
    partners = swapped(givers, 1)
    mixed = swapped([givers[place] for place in order], 1)
    for place, partner in zip(order, mixed, strict=True):
        assert partners[place] == (None if partner is None else order[partner])


def test_another_topic_where_there_is_one() -> None:
    givers = [Giver(f"e{i}", f"u{i}", f"t{i % 2}", "g") for i in range(10)]
    partners = swapped(givers, 1)
    assert all(partner is not None for partner in partners)
    assert all(givers[partner].topic != one.topic for one, partner in zip(givers, partners, strict=True))  # type: ignore[index]
    alone = [replace(one, topic="t") for one in givers]
    assert all(partner is not None for partner in swapped(alone, 1))


def test_chance_depends_on_the_seed() -> None:
    givers = [Giver(f"e{i}", f"u{i}", f"t{i}", "g") for i in range(50)]
    one, other = swapped(givers, 1), swapped(givers, 2)
    assert one != other
    assert one == swapped(givers, 1)
    mutual = sum(one[partner] == place for place, partner in enumerate(one) if partner is not None)
    assert mutual < 10  # not an exchange of pairs


def test_one_example_has_nobody_to_swap_with() -> None:
    assert swapped([Giver("e", "u", "t", "g")], 1) == [None]
    assert swapped([], 1) == []


def test_many_examples_are_swapped_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swapping, "LARGEST", 7)
    givers = [Giver(f"e{i}", f"u{i}", f"t{i}", "g") for i in range(30)]
    partners = swapped(givers, 1)
    assert sorted(partner for partner in partners if partner is not None) == list(range(30))
