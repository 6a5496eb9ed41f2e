"""Planted traits are seen in the user's own texts and seldom in others'."""

from __future__ import annotations

import random

import pytest

from models.sample import World, WorldSize, build_world
from models.sample.traits import TRAITS, planted_traits
from models.sample.writing import write_review


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(11, WorldSize(topics=5, background_users=60, train=0, validation=0, test=0))


def test_own_texts_show_every_trait(world: World) -> None:
    for number, user in enumerate(world.users):
        text = write_review(world, user, world.topics[number % 5], random.Random(number)).text
        assert planted_traits(text, user, world) == dict.fromkeys(TRAITS, True), text


def test_texts_of_another_community_never_show_all(world: World) -> None:
    for number, user in enumerate(world.users):
        other = next(one for one in world.users if one.community != user.community)
        text = write_review(world, other, world.topics[number % 5], random.Random(number)).text
        assert not all(planted_traits(text, user, world).values())


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_text_shows_nothing(world: World, text: str) -> None:
    assert not any(planted_traits(text, world.users[0], world).values())
