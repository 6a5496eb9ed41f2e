"""A small world of people, items and reviews whose truth is known.

Style communities share phrases, casing and punctuation; preference groups talk about the same three of
eight aspects; items have facts everybody agrees on. Communities prefer some groups and some items
(homophily), so that evidence about a person without text sits in the graph. One seed gives one world.
A null world is the same one with every tie between who, what and text cut: the same is written, but nothing
tells how this person writes about this item, and whoever claims so is wrong.
The construction is ours; the paper evaluates on real corpora only.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from models.sample.lexicon import lexicon
from models.sample.writing import (
    PSEUDO_WORD_RATE,
    Community,
    Fact,
    Review,
    Topic,
    User,
    make_word,
    write_review,
)

N_COMMUNITIES: Final = 6  # chance of the right community is 1/6: a ratio of 3 and more stays visible
N_GROUPS: Final = 4
N_ASPECTS: Final = 8
ASPECTS_PER_GROUP: Final = 3
HOMOPHILY: Final = 0.6  # share of a community in its own group, and at the items it prefers
FIRST_DAY: Final = datetime(2023, 1, 1)
BACKGROUND_DAYS: Final = 700  # background reviews come before every target, so that all of them are visible
TARGET_DAYS: Final = 100

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class WorldSize:
    """How many rows a world has; `history_rate` is the share of target users with earlier reviews."""

    topics: int = 60
    background_users: int = 900
    train: int = 240
    validation: int = 120
    test: int = 200
    history_rate: float = 0.15


SMALL: Final = WorldSize(topics=25, background_users=300, train=80, validation=60, test=90, history_rate=0.15)


@dataclass(frozen=True)
class Group:
    """Who cares about which three aspects (indices into the world's eight)."""

    aspects: tuple[int, ...]
    personas: tuple[str, ...]


@dataclass(frozen=True)
class Visit:
    """One review to be written: who, about what, when, and whether it is a target."""

    user: User
    topic: Topic
    split: Split
    posted_at: datetime
    is_target: bool


@dataclass(frozen=True)
class World:
    """The planted truth and, through `reviews()`, the text written from it."""

    seed: int
    kind: str
    communities: tuple[Community, ...]
    groups: tuple[Group, ...]
    topics: tuple[Topic, ...]
    users: tuple[User, ...]
    visits: tuple[Visit, ...]
    is_null: bool = False  # texts, titles and ratings belong to nobody and are about nothing

    @property
    def truth(self) -> dict[str, User]:
        """Planted community, group and habits by user id (without the dataset's prefix)."""
        return {user.user_id: user for user in self.users}

    def reviews(self) -> Iterator[dict[str, Any]]:
        """Rows with the fields of `raw.reviews` that a source knows, in order of time."""
        for number, visit in enumerate(self.visits):
            rng = random.Random(f"{self.seed}:review:{number}")
            review = self._anybodys(rng) if self.is_null else write_review(self, visit.user, visit.topic, rng)
            yield {
                "user_id": visit.user.user_id,
                "topic_id": visit.topic.topic_id,
                "title": review.title,
                "text": review.text,
                "rating": float(review.rating),
                "posted_at": visit.posted_at,
                "split": visit.split,
                "is_target": visit.is_target,
            }

    def _anybodys(self, rng: random.Random) -> Review:
        """A title, a text and a rating, each by a person and about an item drawn anew."""
        title, text, rating = (
            write_review(self, rng.choice(self.users), rng.choice(self.topics), rng) for _ in range(3)
        )
        return Review(title.title, text.text, rating.rating, text.aspects)


def build_world(seed: int, size: WorldSize | None = None, *, is_null: bool = False) -> World:
    """The world of `seed`: equal seeds and sizes give equal worlds, byte for byte."""
    size = size or WorldSize()
    rng = random.Random(f"world:{seed}")
    kind = rng.choice(lexicon().kinds)
    communities = _communities(rng)
    groups = _groups(rng)
    topics = tuple(_topic(rng, number) for number in range(size.topics))
    users: list[User] = []
    visits: list[Visit] = []

    def add_user(split: Split, visit_count: int, target: bool) -> None:
        community = rng.randrange(N_COMMUNITIES)
        group = community % N_GROUPS if rng.random() < HOMOPHILY else rng.randrange(N_GROUPS)
        user = User(
            user_id=f"u{len(users):05d}",
            community=community,
            group=group,
            persona=rng.choice(groups[group].personas),
            opening=_habit(rng, communities[community].openings),
            closing=_habit(rng, communities[community].closings),
        )
        users.append(user)
        chosen = _topics_of(rng, topics, community, visit_count)
        for position, topic in enumerate(chosen):
            is_target = target and position == 0
            earliest = BACKGROUND_DAYS if is_target else 0
            span = TARGET_DAYS if is_target else BACKGROUND_DAYS
            posted_at = FIRST_DAY + timedelta(
                days=earliest + rng.randrange(span), seconds=rng.randrange(86_400)
            )
            visits.append(Visit(user, topic, split, posted_at, is_target))

    for _ in range(size.background_users):
        add_user("train", rng.choice((1, 1, 1, 2, 2, 3)), target=False)
    for split, count in (("train", size.train), ("validation", size.validation), ("test", size.test)):
        for _ in range(count):
            earlier = rng.choice((1, 2, 3)) if rng.random() < size.history_rate else 0
            add_user(split, 1 + earlier, target=True)  # type: ignore[arg-type]
    visits.sort(key=lambda visit: (visit.posted_at, visit.user.user_id))
    return World(seed, kind, communities, groups, topics, tuple(users), tuple(visits), is_null)


def _habit(rng: random.Random, phrases: tuple[str, ...]) -> str:
    """A user's own phrase; the community's first one is the usual choice."""
    return phrases[0] if rng.random() < 0.85 else phrases[1]


def _phrase(rng: random.Random, heads: list[str], tails: list[str]) -> str:
    tail = make_word(rng) if rng.random() < PSEUDO_WORD_RATE else rng.choice(tails)
    return f"{rng.choice(heads)} {tail}"


def _communities(rng: random.Random) -> tuple[Community, ...]:
    leads = rng.sample(lexicon().leads, 2 * N_COMMUNITIES)
    verbs = rng.sample(lexicon().verbs, 2 * N_COMMUNITIES)
    forms = [(casing, marks) for casing in Community.CASINGS for marks in Community.MARKS]
    rng.shuffle(forms)
    return tuple(
        Community(
            casing=forms[n][0],
            marks=forms[n][1],
            openings=tuple(_phrase(rng, lexicon().opening_heads, lexicon().opening_tails) for _ in range(2)),
            closings=tuple(_phrase(rng, lexicon().closing_heads, lexicon().closing_tails) for _ in range(2)),
            leads=tuple(leads[2 * n : 2 * n + 2]),
            verbs=tuple(verbs[2 * n : 2 * n + 2]),
        )
        for n in range(N_COMMUNITIES)
    )


def _groups(rng: random.Random) -> tuple[Group, ...]:
    """Groups overlap in few aspects: each takes three neighbors on a shuffled ring of eight."""
    ring = rng.sample(range(N_ASPECTS), N_ASPECTS)
    clusters = rng.sample(lexicon().personas, N_GROUPS)
    groups = []
    for n in range(N_GROUPS):
        aspects = tuple(ring[(2 * n + step) % N_ASPECTS] for step in range(ASPECTS_PER_GROUP))
        invented = rng.random() < PSEUDO_WORD_RATE
        personas = (make_word(rng), make_word(rng)) if invented else tuple(rng.sample(clusters[n], 2))
        groups.append(Group(aspects, personas))
    return tuple(groups)


def _topic(rng: random.Random, number: int) -> Topic:
    return Topic(
        topic_id=f"t{number:04d}",
        community=rng.randrange(N_COMMUNITIES),
        facts=tuple(_fact(rng) for _ in range(N_ASPECTS)),
    )


def _fact(rng: random.Random) -> Fact:
    good = rng.random() < 0.6  # most reviewed items are liked, as in the real corpora
    if rng.random() < 0.5:
        return Fact(f"{rng.randint(2, 99)} {rng.choice(lexicon().units)}", good)
    material = make_word(rng) if rng.random() < PSEUDO_WORD_RATE else rng.choice(lexicon().materials)
    return Fact(f"{rng.choice(lexicon().good if good else lexicon().bad)} {material}", good)


def _topics_of(rng: random.Random, topics: tuple[Topic, ...], community: int, count: int) -> list[Topic]:
    """Distinct items; a community meets itself at the items it prefers."""
    preferred = [topic for topic in topics if topic.community == community]
    chosen: list[Topic] = []
    while len(chosen) < min(count, len(topics)):
        pool = preferred if preferred and rng.random() < HOMOPHILY else topics
        topic = rng.choice(pool)
        if topic not in chosen:
            chosen.append(topic)
        elif all(topic in chosen for topic in pool):
            preferred = []
    return chosen
