"""How a person of the sample world writes a review."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from models.sample.lexicon import lexicon

if TYPE_CHECKING:
    from models.sample.world import World

PERSONA_TITLE_RATE: Final = 0.8  # the title is the only hint of a cold-start author's group
STRAY_ASPECT_RATE: Final = 0.1  # people now and then talk about what their group does not care for
FILLER_RATE: Final = 0.4
TAIL_RATE: Final = 0.3
PSEUDO_WORD_RATE: Final = 0.2  # invented words teach a model to copy


@dataclass(frozen=True)
class Community:
    """Shared habits of writing: the planted style."""

    CASINGS: ClassVar[tuple[str, ...]] = ("lower", "sentence", "shout")
    MARKS: ClassVar[tuple[str, ...]] = (".", "!", "!!", "...", " ;)", " -")

    casing: str
    marks: str
    openings: tuple[str, ...]
    closings: tuple[str, ...]
    leads: tuple[str, ...]
    verbs: tuple[str, ...]


@dataclass(frozen=True)
class Fact:
    """What everybody finds about one aspect of an item, and whether that is good."""

    value: str
    good: bool


@dataclass(frozen=True)
class Topic:
    """An item; `facts` follow the order of the world's aspects, `community` reviews it most."""

    topic_id: str
    community: int
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class User:
    """Planted truth of one person."""

    user_id: str
    community: int
    group: int
    persona: str
    opening: str
    closing: str


@dataclass(frozen=True)
class Review:
    """A written review and the aspects it mentions (indices into the world's aspects)."""

    title: str
    text: str
    rating: int
    aspects: tuple[int, ...]


def make_word(rng: random.Random) -> str:
    """An invented word of two or three syllables."""
    return "".join(rng.choice(lexicon().syllables) for _ in range(rng.choice((2, 2, 3))))


def aspect_names(world: World) -> tuple[str, ...]:
    """The eight aspects people of this world talk about; a fifth of the names is invented."""
    rng = random.Random(f"{world.seed}:aspects")
    names = rng.sample(lexicon().aspects, 8)
    return tuple(make_word(rng) if rng.random() < PSEUDO_WORD_RATE else name for name in names)


def write_review(world: World, user: User, topic: Topic, rng: random.Random) -> Review:
    """What `user` writes about `topic`; `rng` picks among their habits."""
    community = world.communities[user.community]
    names = aspect_names(world)
    aspects = list(world.groups[user.group].aspects)
    rng.shuffle(aspects)
    if rng.random() < STRAY_ASPECT_RATE:
        aspects[-1] = rng.choice([n for n in range(len(topic.facts)) if n not in aspects])
    sentences = [user.opening]
    for aspect in aspects:
        lead, verb = rng.choice(community.leads), rng.choice(community.verbs)
        tail = f" {rng.choice(lexicon().tails)}" if rng.random() < TAIL_RATE else ""
        sentences.append(f"{lead} {names[aspect]} {verb} {topic.facts[aspect].value}{tail}")
    if rng.random() < FILLER_RATE:
        filler = rng.choice(lexicon().fillers)
        sentences.append(
            filler.format(who=rng.choice(lexicon().who), when=rng.choice(lexicon().when), kind=world.kind)
        )
    sentences.append(user.closing)
    liked = sum(topic.facts[aspect].good for aspect in aspects)
    rating = min(5, max(1, 1 + liked + rng.choice((0, 0, 1))))
    return Review(_title(community, user, rng), render(sentences, community), rating, tuple(aspects))


def _title(community: Community, user: User, rng: random.Random) -> str:
    if rng.random() < PERSONA_TITLE_RATE:
        words = rng.choice(lexicon().titles_with_persona).format(persona=user.persona)
    else:
        words = rng.choice(lexicon().titles_plain)
    return cased(words, community.casing, outer=True) + community.marks


def render(sentences: list[str], community: Community) -> str:
    """Sentences in the casing and punctuation of a community."""
    last = len(sentences) - 1
    return " ".join(
        cased(sentence, community.casing, outer=position in (0, last)) + community.marks
        for position, sentence in enumerate(sentences)
    )


def cased(words: str, casing: str, *, outer: bool = False) -> str:
    """`words` as a community of this casing writes them; `outer`: title, first or last sentence."""
    if casing == "lower":
        return words
    if casing == "shout" and outer:
        return words.upper()
    return words[0].upper() + words[1:]
