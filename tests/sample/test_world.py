"""What the bundled world promises: determinism, planted traits in the text, homophily, variety."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from models.sample import PIPELINE_SEED, TRAINING_SEEDS_FROM, World, WorldSize, build_world
from models.sample.writing import aspect_names

SMALL = WorldSize(topics=20, background_users=150, train=30, validation=20, test=20)


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(PIPELINE_SEED, SMALL)


def test_equal_seeds_write_equal_worlds(world: World) -> None:
    assert list(world.reviews()) == list(build_world(PIPELINE_SEED, SMALL).reviews())


def test_another_seed_writes_another_world(world: World) -> None:
    other = {row["text"] for row in build_world(PIPELINE_SEED + 1, SMALL).reviews()}
    assert not other & {row["text"] for row in world.reviews()}


def test_pipeline_worlds_are_never_training_worlds() -> None:
    assert PIPELINE_SEED < TRAINING_SEEDS_FROM


def test_a_review_shows_the_planted_habits_of_its_author(world: World) -> None:
    for row in world.reviews():
        user = world.truth[row["user_id"]]
        community = world.communities[user.community]
        text = row["text"].lower()
        assert text.startswith(user.opening)
        assert text.endswith(user.closing + community.marks)
        assert any(lead in text for lead in community.leads)
        assert row["title"].endswith(community.marks)


def test_a_review_reports_facts_of_its_item(world: World) -> None:
    topics = {topic.topic_id: topic for topic in world.topics}
    names = aspect_names(world)
    for row in world.reviews():
        facts = topics[row["topic_id"]].facts
        told = [
            n
            for n in range(len(facts))
            if f"{names[n]} " in row["text"].lower() and facts[n].value in row["text"].lower()
        ]
        assert len(told) >= 3


def test_titles_name_no_aspect(world: World) -> None:
    names = set(aspect_names(world))
    assert all(not names & set(row["title"].lower().split()) for row in world.reviews())


def test_every_target_comes_after_every_background_review(world: World) -> None:
    rows = list(world.reviews())
    last_background = max(row["posted_at"] for row in rows if not row["is_target"])
    assert all(row["posted_at"] >= last_background for row in rows if row["is_target"])


def test_splits_have_the_sizes_asked_for(world: World) -> None:
    counts = Counter(row["split"] for row in world.reviews() if row["is_target"])
    assert counts == {"train": 30, "validation": 20, "test": 20}


def test_communities_prefer_items_and_groups() -> None:
    """Homophily well above the one in six and one in four of a world without it."""
    world = build_world(PIPELINE_SEED)
    topics = {topic.topic_id: topic for topic in world.topics}
    rows = list(world.reviews())
    same_item = [topics[row["topic_id"]].community == world.truth[row["user_id"]].community for row in rows]
    same_group = [user.group == user.community % len(world.groups) for user in world.users]
    assert sum(same_item) / len(same_item) > 0.5
    assert sum(same_group) / len(same_group) > 0.5


def test_people_of_one_community_rarely_write_the_same_text() -> None:
    texts = [row["text"] for row in build_world(PIPELINE_SEED).reviews()]
    assert len(set(texts)) > 0.99 * len(texts)


def test_a_null_world_is_the_same_people_with_texts_of_nobody(world: World) -> None:
    null = build_world(PIPELINE_SEED, SMALL, is_null=True)
    kept = ("user_id", "topic_id", "posted_at", "split", "is_target")
    assert [[row[key] for key in kept] for row in null.reviews()] == [
        [row[key] for key in kept] for row in world.reviews()
    ]
    assert list(null.reviews()) == list(build_world(PIPELINE_SEED, SMALL, is_null=True).reviews())


def test_nothing_in_a_null_world_tells_who_wrote_or_what_about() -> None:
    """Own openings and facts of the own item are as common as those of anybody and anything."""
    world = build_world(PIPELINE_SEED, is_null=True)
    rows = list(world.reviews())
    openings = [user.opening for user in world.users]
    own = [row["text"].lower().startswith(world.truth[row["user_id"]].opening) for row in rows]
    others = [
        row["text"].lower().startswith(openings[(number * 7 + 1) % len(openings)])
        for number, row in enumerate(rows)
    ]
    assert sum(own) / len(rows) == pytest.approx(sum(others) / len(rows), abs=0.03)
    communities = {user.opening: user.community for user in world.users}

    def community(row: dict[str, Any]) -> int:
        return next(found for phrase, found in communities.items() if row["text"].lower().startswith(phrase))

    titled = [row["title"].endswith(world.communities[community(row)].marks) for row in rows]
    marks = Counter(found.marks for found in world.communities)
    assert sum(titled) / len(rows) < 2 * max(marks.values()) / len(world.communities)
