"""What each role is asked and how its reply is read.

A prompt is a file in `models/prompts`; a role is `format_input` plus `format_output`. Text from reviews is
untrusted: it enters as a value on one line, never as a template, and chat-template control tokens in it are
neutralized by the backend before tokenizing (`models.llm`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from models.prompts import render
from models.recipes import Task

NOTHING: Final = "nothing"  # what the generator is told when an agent has no summary
EXCERPT_CHARACTERS: Final = 300  # the longest sample review; six leave a small model room to answer
LABELS: Final[dict[Task, str]] = {"long": "Title", "short": "Review", "rating": "Review"}  # what the input is

AgentName = Literal["style", "topic"]


@dataclass(frozen=True)
class ReviewLine:
    """One review shown to an agent; `is_aligned`: its author's preferences are like the example's user's."""

    title: str
    text: str
    rating: float | None = None
    is_aligned: bool = False
    review_id: str = ""  # where it comes from; no prompt shows it


@dataclass(frozen=True)
class Parsed:
    """A reply as read: `text` is None when it cannot be used, and then `error` says why."""

    text: str | None
    error: str | None = None


def one_line(text: str, limit: int = EXCERPT_CHARACTERS) -> str:
    """`text` on one line, cut at a word before `limit` characters."""
    flat = " ".join(text.split())
    if len(flat) <= limit:
        return flat
    return flat[:limit].rsplit(" ", 1)[0] + "..."


def read_summary(raw: str) -> Parsed:
    """A reply's lines without blank ones; one that is empty or says "nothing" is an error."""
    lines = [" ".join(line.split()) for line in raw.splitlines()]
    text = "\n".join(line for line in lines if line)
    if not text:
        return Parsed(None, "the reply is empty")
    if text.casefold() == NOTHING:
        return Parsed(None, "the reply says nothing")
    return Parsed(text)


@dataclass(frozen=True)
class Agent:
    """A language-model agent that turns reviews into a summary."""

    name: AgentName
    template: str

    def format_input(
        self, task: Task, text_input: str, reviews: Sequence[ReviewLine], other: str | None = None
    ) -> str:
        """The prompt for one example: its input and the reviews of its context, best first.

        `other` is the other agent's summary of the round before, None in the first round.
        """
        lines = [
            {"line": one_line(self.line(task, review)), "is_aligned": review.is_aligned} for review in reviews
        ]
        return render(
            self.template,
            task=task,
            label=LABELS[task],
            reviews=lines,
            other=other,
            input=one_line(text_input),
        )

    def line(self, task: Task, review: ReviewLine) -> str:
        """What the agent sees of one review: the style agent what the task asks for, the topic agent all."""
        text = review.text
        if self.name == "topic" and review.title:
            text = f"{review.title}: {review.text}"
        if self.name == "style" and task == "short":
            text = review.title
        if task == "rating":
            text = f"({'?' if review.rating is None else format(review.rating, 'g')}) {text}"
        return text

    def format_output(self, raw: str) -> Parsed:
        """The summary in a raw reply: its lines without blank ones; an empty reply is an error."""
        return read_summary(raw)


@dataclass(frozen=True)
class Generator:
    """Writes the draft from the input and both summaries; stays frozen."""

    template: str = "generator"

    def format_input(self, task: Task, text_input: str, style: str | None, topic: str | None) -> str:
        """The prompt for one draft; a summary that is None is shown as nothing."""
        return render(
            self.template,
            task=task,
            label=LABELS[task],
            input=one_line(text_input),
            style=style or NOTHING,
            topic=topic or NOTHING,
        )

    def format_output(self, raw: str) -> str:
        """The draft: the reply without outer blanks (an empty draft is a draft that scores 0)."""
        return raw.strip()


AGENTS: Final[dict[AgentName, Agent]] = {
    "style": Agent("style", "style_agent"),
    "topic": Agent("topic", "topic_agent"),
}
