"""Supervised examples for pat-mini: prompts of the three roles with the reply a well-read agent would give.

Replies are a mixture on purpose. An agent that always gave the complete summary would leave preference
training nothing to find; one that never did could not be steered there. So the commonest reply is terse (the
opening alone, one fact of the first review), and complete ones appear a quarter of the time. Complete topic
summaries follow the reviewer marked as aligned, wherever that row stands.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from models.agents import AGENTS, Generator, ReviewLine
from models.agents.agents import AgentName
from models.recipes import Task
from models.sample.world import World, WorldSize, build_world
from models.sample.writing import Community, Topic, User, aspect_names, cased, write_review

EXAMPLES_PER_WORLD: Final = 8  # at 300 each world was learned by heart: loss 1.8 inside, 3.4 outside
TRAINING_WORLD: Final = WorldSize(topics=4, background_users=60, train=0, validation=0, test=0)
ROLE_WEIGHTS: Final = {"style": 0.3, "topic": 0.3, "generator": 0.4}
TASK_WEIGHTS: Final[dict[Task, float]] = {"long": 0.8, "short": 0.1, "rating": 0.1}
Reply = Literal["terse", "some", "complete"]
AGENT_REPLIES: Final[dict[Reply, float]] = {"terse": 0.5, "some": 0.25, "complete": 0.25}  # headroom for DPO
GENERATOR_REPLIES: Final[dict[Reply, float]] = {
    "terse": 0.2,
    "some": 0.35,
    "complete": 0.45,
}  # it must use all
EMPTY_RATE: Final = 0.12  # without empty summaries in training, "nothing" would be no fair baseline
DISTRACTOR_RATE: Final = 0.15  # generator prompts with a fact the author does not mention
OTHER_RATE: Final = 0.35  # agent prompts of a later round, which show the other agent's summary
SHUFFLE_RATE: Final = (
    0.5  # topic prompts whose rows are in no order: there only the marks tell who is aligned
)
MARK_NOISE: Final = (0.0, 0.1, 0.3)  # share of wrong marks: they come from an estimate
UNMARKED_RATE: Final = 0.15  # prompts without any mark, as with alignment switched off
COMMUNITY_PURITY: Final = (1.0, 0.75, 0.5)  # share of a style context that is of the author's community


@dataclass(frozen=True)
class SupervisedExample:
    """A prompt (user message) and the reply to learn."""

    role: str
    prompt: str
    reply: str
    task: Task = "long"


@dataclass(frozen=True)
class _Document:
    user: User
    title: str
    text: str
    rating: int
    aspects: tuple[int, ...]
    is_aligned: bool = False

    def asked(self, task: Task) -> str:
        """What the author gives as input."""
        return {"long": self.title, "short": self.text, "rating": f"{self.title}\n{self.text}"}[task]

    def wanted(self, task: Task) -> str:
        """What the author would write."""
        return {"long": self.text, "short": self.title, "rating": str(self.rating)}[task]


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
        task = self.rng.choices(list(TASK_WEIGHTS), list(TASK_WEIGHTS.values()))[0]
        target = self._write(user, topic)
        if role == "style":
            documents = self._style_documents(user)
            reply = self._style_reply(task, documents, AGENT_REPLIES)
            other = self._topic_reply(task, self._topic_documents(user, topic), topic)
            return self._agent_example("style", task, target, documents, reply, other)
        if role == "topic":
            rows = self._topic_documents(user, topic)
            reply = self._topic_reply(task, rows, topic)
            other = self._style_reply(task, self._style_documents(user), AGENT_REPLIES)
            return self._agent_example("topic", task, target, rows, reply, other)
        return self._generator_example(task, target, topic)

    def _write(self, user: User, topic: Topic) -> _Document:
        review = write_review(self.world, user, topic, self.rng)
        return _Document(user, review.title, review.text, review.rating, review.aspects)

    def _agent_example(
        self, role: AgentName, task: Task, target: _Document, rows: list[_Document], reply: str, other: str
    ) -> SupervisedExample:
        lines = [ReviewLine(row.title, row.text, row.rating, row.is_aligned) for row in rows]
        shown = other if self.rng.random() < OTHER_RATE else None
        prompt = AGENTS[role].format_input(task, target.asked(task), lines, shown)
        return SupervisedExample(role, prompt, reply, task)

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

    def _style_reply(self, task: Task, documents: list[_Document], rates: dict[Reply, float]) -> str:
        """Habits of the community most of the documents come from, read off those documents alone."""
        community_id = Counter(document.user.community for document in documents).most_common(1)[0][0]
        community = self.world.communities[community_id]
        members = [document for document in documents if document.user.community == community_id]
        if task == "long":
            lines = _habit_lines(community, members)
        elif task == "short":
            lines = [f"marks: {community.marks.strip()}", f"case: {community.casing}"]
        else:
            lines = [f"rating: {document.rating}" for document in documents]
        kind = self._kind(rates)
        if kind == "terse":
            return lines[0]
        if kind == "complete":
            return "\n".join(lines)
        kept = sorted(self.rng.sample(range(len(lines)), self.rng.randint(1, min(3, len(lines)))))
        return "\n".join(lines[position] for position in kept)

    def _topic_documents(self, user: User, topic: Topic) -> list[_Document]:
        """Aligned reviewers, marked but for noise, and others; half of the time the aligned come first."""
        aligned = self.rng.choice((1, 2, 2, 3))
        others = self.rng.choice((1, 1, 2, 3))
        writers = [self.rng.choice(self.by_group[user.group]) for _ in range(aligned)]
        writers += [self.rng.choice(self.world.users) for _ in range(others)]
        noise = self.rng.choice(MARK_NOISE)
        rows = [self._write(writer, topic) for writer in writers]
        if self.rng.random() >= UNMARKED_RATE:
            rows = [
                replace(row, is_aligned=(row.user.group == user.group) != (self.rng.random() < noise))
                for row in rows
            ]
        if self.rng.random() < SHUFFLE_RATE:
            self.rng.shuffle(rows)
        return rows

    def _topic_reply(self, task: Task, rows: list[_Document], topic: Topic) -> str:
        """One thing the first row says, all that the first aligned row says, or some of any row."""
        kind = self._kind(AGENT_REPLIES)
        aligned = next((row for row in rows if row.is_aligned), rows[0])
        row = {"terse": rows[0], "complete": aligned, "some": self.rng.choice(rows)}[kind]
        if task == "short":
            return f"- {row.title}"
        if task == "rating":
            return f"- rating {row.rating}"
        if kind == "some":
            return self._fact_lines(tuple(self.rng.sample(row.aspects, self.rng.choice((1, 2, 3)))), topic)
        return self._fact_lines(row.aspects[:1] if kind == "terse" else row.aspects, topic)

    def _fact_lines(self, aspects: tuple[int, ...], topic: Topic) -> str:
        return "\n".join(f"- {self.names[aspect]} {topic.facts[aspect].value}" for aspect in aspects)

    def _generator_example(self, task: Task, target: _Document, topic: Topic) -> SupervisedExample:
        style: str | None = None
        facts: str | None = None
        if self.rng.random() >= EMPTY_RATE:
            donors = self.by_community[target.user.community]
            documents = [
                self._write(self.rng.choice(donors), self.rng.choice(self.world.topics)) for _ in range(3)
            ]
            style = self._style_reply(
                task, [target, *documents] if self.rng.random() < 0.5 else documents, GENERATOR_REPLIES
            )
        if self.rng.random() >= EMPTY_RATE:
            if task == "long":
                facts = self._true_facts(target, topic)
            else:
                facts = self._topic_reply(task, self._topic_documents(target.user, topic), topic)
        prompt = Generator().format_input(task, target.asked(task), style, facts)
        return SupervisedExample("generator", prompt, target.wanted(task), task)

    def _true_facts(self, target: _Document, topic: Topic) -> str:
        """What the author will mention, with a distractor now and then."""
        aspects = list(target.aspects)[: self.rng.choice((1, 2, 3, 3))]
        if self.rng.random() < DISTRACTOR_RATE:
            aspects[-1] = self.rng.randrange(len(topic.facts))
        return self._fact_lines(tuple(aspects), topic)


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
