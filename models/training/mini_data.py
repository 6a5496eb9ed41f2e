"""Supervised examples for pat-mini: prompts of the three roles with the reply a well-read agent would give.

Replies are a mixture on purpose. An agent that always gave the complete summary would leave preference
training nothing to find; one that never did could not be steered there. So the commonest reply is terse (the
opening alone, one fact of the first review), and complete ones appear a quarter of the time.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from models.agents import AGENTS, Generator, ReviewLine
from models.sample.world import World, WorldSize, build_world
from models.sample.writing import Community, Topic, User, aspect_names, cased, write_review

EXAMPLES_PER_WORLD: Final = 8  # at 300 each world was learned by heart: loss 1.8 inside, 3.4 outside
TRAINING_WORLD: Final = WorldSize(topics=4, background_users=60, train=0, validation=0, test=0)
ROLE_WEIGHTS: Final = {"style": 0.3, "topic": 0.3, "generator": 0.4}
Reply = Literal["terse", "some", "complete"]
AGENT_REPLIES: Final[dict[Reply, float]] = {"terse": 0.45, "some": 0.3, "complete": 0.25}  # headroom for DPO
GENERATOR_REPLIES: Final[dict[Reply, float]] = {
    "terse": 0.2,
    "some": 0.35,
    "complete": 0.45,
}  # it must use all
EMPTY_RATE: Final = 0.12  # without empty summaries in training, "nothing" would be no fair baseline
DISTRACTOR_RATE: Final = 0.15  # generator prompts with a fact the author does not mention
COMMUNITY_PURITY: Final = (1.0, 0.75, 0.5)  # share of a style context that is of the author's community


@dataclass(frozen=True)
class SupervisedExample:
    """A prompt (user message) and the reply to learn."""

    role: str
    prompt: str
    reply: str


@dataclass(frozen=True)
class _Document:
    user: User
    title: str
    text: str
    aspects: tuple[int, ...]


class MiniExamples:
    """Endless supervised examples; a new world every `EXAMPLES_PER_WORLD`, numbered from `first_seed`."""

    def __init__(self, first_seed: int, examples_per_world: int = EXAMPLES_PER_WORLD) -> None:
        self.first_seed = first_seed
        self.examples_per_world = examples_per_world

    def __iter__(self) -> Iterator[SupervisedExample]:
        seed = self.first_seed
        while True:
            world = build_world(seed, TRAINING_WORLD)
            writer = _WorldExamples(world, random.Random(f"examples:{seed}"))
            for _ in range(self.examples_per_world):
                yield writer.example()
            seed += 1


class _WorldExamples:
    def __init__(self, world: World, rng: random.Random) -> None:
        self.world, self.rng = world, rng
        self.names = aspect_names(world)
        self.by_community: dict[int, list[User]] = {}
        self.by_group: dict[int, list[User]] = {}
        for user in world.users:
            self.by_community.setdefault(user.community, []).append(user)
            self.by_group.setdefault(user.group, []).append(user)

    def example(self) -> SupervisedExample:
        user = self.rng.choice(self.world.users)
        topic = self.rng.choice(self.world.topics)
        role = self.rng.choices(list(ROLE_WEIGHTS), list(ROLE_WEIGHTS.values()))[0]
        target = self._write(user, topic)
        if role == "style":
            documents = self._style_documents(user)
            return self._agent_example(
                "style", target, documents, self._style_reply(documents, AGENT_REPLIES)
            )
        if role == "topic":
            rows = self._topic_documents(user, topic)
            return self._agent_example("topic", target, rows, self._topic_reply(rows, topic))
        return self._generator_example(target, topic)

    def _write(self, user: User, topic: Topic) -> _Document:
        review = write_review(self.world, user, topic, self.rng)
        return _Document(user, review.title, review.text, review.aspects)

    def _agent_example(
        self, role: str, target: _Document, documents: list[_Document], reply: str
    ) -> SupervisedExample:
        agent = AGENTS["style" if role == "style" else "topic"]
        lines = [ReviewLine(document.title, document.text) for document in documents]
        return SupervisedExample(role, agent.format_input(target.title, lines), reply)

    def _style_documents(self, user: User) -> list[_Document]:
        purity = self.rng.choice(COMMUNITY_PURITY)
        documents = []
        for _ in range(self.rng.choice((2, 3, 3, 4))):
            same = self.rng.random() < purity
            donor = self.rng.choice(self.by_community[user.community] if same else self.world.users)
            documents.append(self._write(donor, self.rng.choice(self.world.topics)))
        return documents

    def _kind(self, rates: dict[Reply, float]) -> Reply:
        return self.rng.choices(list(rates), list(rates.values()))[0]

    def _style_reply(self, documents: list[_Document], rates: dict[Reply, float]) -> str:
        """Habits of the community most of the documents come from, read off those documents alone."""
        community_id = Counter(document.user.community for document in documents).most_common(1)[0][0]
        community = self.world.communities[community_id]
        members = [document for document in documents if document.user.community == community_id]
        lines = _habit_lines(community, members)
        kind = self._kind(rates)
        if kind == "terse":
            return lines[0]
        if kind == "complete":
            return "\n".join(lines)
        kept = sorted(self.rng.sample(range(len(lines)), self.rng.choice((1, 2, 3))))
        return "\n".join(lines[position] for position in kept)

    def _topic_documents(self, user: User, topic: Topic) -> list[_Document]:
        """Aligned reviewers first, then others, as a ranking by alignment would list them."""
        aligned = self.rng.choice((1, 2, 2))
        others = self.rng.choice((1, 2, 3))
        rows = [self._write(self.rng.choice(self.by_group[user.group]), topic) for _ in range(aligned)]
        rows += [self._write(self.rng.choice(self.world.users), topic) for _ in range(others)]
        return rows

    def _topic_reply(self, rows: list[_Document], topic: Topic) -> str:
        """One fact of the first row, all of its facts, or some facts of any row."""
        kind = self._kind(AGENT_REPLIES)
        if kind == "some":
            row = self.rng.choice(rows)
            return self._fact_lines(tuple(self.rng.sample(row.aspects, self.rng.choice((1, 2, 3)))), topic)
        return self._fact_lines(rows[0].aspects[:1] if kind == "terse" else rows[0].aspects, topic)

    def _fact_lines(self, aspects: tuple[int, ...], topic: Topic) -> str:
        return "\n".join(f"- {self.names[aspect]} {topic.facts[aspect].value}" for aspect in aspects)

    def _generator_example(self, target: _Document, topic: Topic) -> SupervisedExample:
        style: str | None = None
        facts: str | None = None
        if self.rng.random() >= EMPTY_RATE:
            donors = self.by_community[target.user.community]
            documents = [
                self._write(self.rng.choice(donors), self.rng.choice(self.world.topics)) for _ in range(3)
            ]
            style = self._style_reply(
                [target, *documents] if self.rng.random() < 0.5 else documents, GENERATOR_REPLIES
            )
        if self.rng.random() >= EMPTY_RATE:
            aspects = list(target.aspects)[: self.rng.choice((1, 2, 3, 3))]
            if self.rng.random() < DISTRACTOR_RATE:
                aspects[-1] = self.rng.randrange(len(topic.facts))
            facts = self._fact_lines(tuple(aspects), topic)
        return SupervisedExample(
            "generator", Generator().format_input(target.title, style, facts), target.text
        )


def _habit_lines(community: Community, members: list[_Document]) -> list[str]:
    """Six lines: opening, closing, leads, verbs, marks, casing; only what the documents show, quoted."""
    opening = Counter(document.user.opening for document in members).most_common(1)[0][0]
    closing = Counter(document.user.closing for document in members).most_common(1)[0][0]
    leads = [cased(lead, community.casing) for lead in community.leads]
    leads = [lead for lead in leads if any(lead in document.text for document in members)]
    verbs = [verb for verb in community.verbs if any(verb in document.text for document in members)]
    return [
        f"opening: {cased(opening, community.casing, outer=True)}",
        f"closing: {cased(closing, community.casing, outer=True)}",
        f"lead: {' / '.join(leads)}",
        f"verb: {' / '.join(verbs)}",
        f"marks: {community.marks.strip()}",
        f"case: {community.casing}",
    ]
