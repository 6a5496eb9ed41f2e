"""What each role is asked and how its reply is read.

A prompt is a file in `models/prompts`; a role is `format_input` plus `format_output`. Text from reviews is
untrusted: it enters as a value on one line, never as a template, and chat-template control tokens in it are
neutralized by the backend before tokenizing (`models.llm`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, Literal

import jinja2

NOTHING: Final = "nothing"  # what the generator is told when an agent has no summary
EXCERPT_CHARACTERS: Final = 300  # the longest sample review; six leave a small model room to answer

AgentName = Literal["style", "topic"]


@dataclass(frozen=True)
class ReviewLine:
    """One review shown to an agent."""

    title: str
    text: str


@dataclass(frozen=True)
class Parsed:
    """A reply as read: `text` is None when it cannot be used, and then `error` says why."""

    text: str | None
    error: str | None = None


@cache
def _template(name: str) -> jinja2.Template:
    source = resources.files("models.prompts").joinpath(f"{name}.jinja2").read_text(encoding="utf-8")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, autoescape=False)
    return environment.from_string(source)


def one_line(text: str, limit: int = EXCERPT_CHARACTERS) -> str:
    """`text` on one line, cut at a word before `limit` characters."""
    flat = " ".join(text.split())
    if len(flat) <= limit:
        return flat
    return flat[:limit].rsplit(" ", 1)[0] + "..."


@dataclass(frozen=True)
class Agent:
    """A language-model agent that turns reviews into a summary."""

    name: AgentName
    template: str
    show_titles: bool

    def format_input(self, text_input: str, reviews: Sequence[ReviewLine]) -> str:
        """The prompt for one example: its input and the reviews of its context, best first."""
        lines = [
            one_line(f"{review.title}: {review.text}" if self.show_titles and review.title else review.text)
            for review in reviews
        ]
        return _template(self.template).render(reviews=lines, input=one_line(text_input)).strip()

    def format_output(self, raw: str) -> Parsed:
        """The summary in a raw reply: its lines without blank ones; an empty reply is an error."""
        lines = [" ".join(line.split()) for line in raw.splitlines()]
        text = "\n".join(line for line in lines if line)
        if not text:
            return Parsed(None, "the reply is empty")
        if text.casefold() == NOTHING:
            return Parsed(None, "the reply says nothing")
        return Parsed(text)


@dataclass(frozen=True)
class Generator:
    """Writes the draft from the input and both summaries; stays frozen."""

    template: str = "generator"

    def format_input(self, text_input: str, style: str | None, topic: str | None) -> str:
        """The prompt for one draft; a summary that is None is shown as nothing."""
        return (
            _template(self.template)
            .render(input=one_line(text_input), style=style or NOTHING, topic=topic or NOTHING)
            .strip()
        )

    def format_output(self, raw: str) -> str:
        """The draft: the reply without outer blanks (an empty draft is a draft that scores 0)."""
        return raw.strip()


AGENTS: Final[dict[AgentName, Agent]] = {
    "style": Agent("style", "style_agent", show_titles=False),
    "topic": Agent("topic", "topic_agent", show_titles=True),
}
