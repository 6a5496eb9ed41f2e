"""The prompts of the baselines and how their replies are read.

A baseline quotes reviews as the topic agent is shown them, a line each with title and text. Everything ends
in the slots of the same generator: the user's own reviews and what is said about them as style, what others
wrote as facts. The methods are their authors', the prompts ours, in the manner of our agents'.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

from models.agents.agents import AGENTS, LABELS, ReviewLine, one_line
from models.prompts import render
from models.recipes import Task

Whose = Literal["history", "neighbors", "random"]
Choice = Literal["A", "B"]

# a letter alone, or one before a stop or a reason: "A good review" chooses nothing
_CHOICE: Final = re.compile(
    r"\W*(?i:(?:the|review|text|title|rating|option|answer|choice|is)\W+)*"
    r"([AB])(?=[ \t]*(?:$|\n|[^\w\s])|\s+(?i:is|because)\b)"
)


def quote(task: Task, whose: Whose, reviews: Sequence[ReviewLine]) -> str | None:
    """Reviews as they stand in a slot of the generator; None where there are none."""
    if not reviews:
        return None
    return render("quotes", task=task, whose=whose, reviews=excerpts(task, reviews))


def excerpts(task: Task, reviews: Sequence[ReviewLine]) -> list[str]:
    """One line a review, as the topic agent is shown it."""
    return [one_line(AGENTS["topic"].line(task, review)) for review in reviews]


def ask_summary(task: Task, text_input: str, whose: Whose, reviews: Sequence[ReviewLine]) -> str:
    """Richardson et al. 2023 (arXiv 2310.20081): a summary of the history that knows the task.

    Theirs is written ahead and does not know the input; ours does, as our agents do: the stronger variant.
    """
    return render("summary", whose=whose, **_asked(task, text_input), reviews=excerpts(task, reviews))


def ask_digest(task: Task, text_input: str, reviews: Sequence[ReviewLine]) -> str:
    """Guided Profile Generation (Zhang 2024, arXiv 2409.13093), first prompt: a guiding question."""
    return render("digest", **_asked(task, text_input), reviews=excerpts(task, reviews))


def ask_profile(task: Task, text_input: str, reviews: Sequence[ReviewLine], digest: str | None) -> str:
    """Guided Profile Generation, second prompt: a profile from the history and the answer to the first."""
    return render("profile", **_asked(task, text_input), reviews=excerpts(task, reviews), digest=digest)


def ask_difference(
    task: Task, text_input: str, compared: Sequence[tuple[ReviewLine, Sequence[ReviewLine]]]
) -> str:
    """Difference-aware Personalization Learning (Qiu et al. 2025, arXiv 2503.02450).

    compared: each of the user's reviews with what others wrote about the same.
    """
    rows = [{"own": excerpts(task, [own])[0], "others": excerpts(task, others)} for own, others in compared]
    return render("difference", **_asked(task, text_input), compared=rows)


def ask_criticism(
    task: Task, text_input: str, history: Sequence[ReviewLine], others: Sequence[ReviewLine], draft: str
) -> str:
    """PerFine (Maram et al. 2025, arXiv 2510.24469), the critic: where the draft departs from the profile."""
    return render("criticism", **_asked(task, text_input), **_told(task, history, others), draft=flat(draft))


def ask_revision(
    task: Task, text_input: str, style: str | None, topic: str | None, draft: str, criticism: str
) -> str:
    """PerFine, the generator again: the prompt of the draft, with the draft and its criticism."""
    return render(
        "revision",
        **_asked(task, text_input),
        style=style,
        topic=topic,
        draft=flat(draft),
        criticism=criticism,
    )


def ask_choice(
    task: Task,
    text_input: str,
    history: Sequence[ReviewLine],
    others: Sequence[ReviewLine],
    texts: tuple[str, str],
) -> str:
    """PerFine, the knockout: which of two texts, A or B, fits the profile better."""
    first, second = texts
    return render(
        "choice",
        **_asked(task, text_input),
        **_told(task, history, others),
        first=flat(first),
        second=flat(second),
    )


def read_choice(raw: str) -> Choice | None:
    """The letter with which a reply begins, "Text B" and "answer: (B)" included; None where it is neither."""
    found = _CHOICE.match(raw)
    if found is None:
        return None
    return "A" if found[1] == "A" else "B"


def flat(text: str) -> str:
    """A text on one line, so that it cannot pass for another part of a prompt."""
    return " ".join(text.split())


def _asked(task: Task, text_input: str) -> dict[str, str]:
    return {"task": task, "label": LABELS[task], "input": one_line(text_input)}


def _told(task: Task, history: Sequence[ReviewLine], others: Sequence[ReviewLine]) -> dict[str, list[str]]:
    return {"history": excerpts(task, history), "others": excerpts(task, others)}
