"""PerFine (Maram et al. 2025, arXiv 2510.24469) in one round: draft, criticism, revision, the better of both.

The profile is PGraphRAG's, as theirs is: the user's own reviews and others' of the topic. The knockout asks
for the better text in both orders, because models favor a position: the draft stays unless the revision wins
twice. Without evidence there is nothing to criticize against: the draft is that of `none`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from models.agents import NOTHING
from models.agents.baselines import Choice, ask_choice, ask_criticism, ask_revision, quote, read_choice
from models.arms import Arm
from models.arms.evidence import Evidence
from pat_dagster.arms.told import Told, asked, drafts, evidence_of
from pat_dagster.arms.written import Call, Workplace, Written, spent
from pat_dagster.assets.rollout import GENERATOR
from pat_dagster.cases import Case

UNCHANGED: Final = "no text, or the draft again"
CHOICE_TOKENS: Final = 8  # for one letter and the words that some models put around it
ORDERS: Final[tuple[Choice, ...]] = ("A", "B")  # the letter under which the revision stands


@dataclass
class Turn:
    """One case on its way: its profile, what was written so far, and the calls after the draft."""

    case: Case
    profile: Evidence
    draft: Written
    criticism: str | None = None
    revision: str | None = None
    wins: int = 0  # of the revision
    calls: list[Call] = field(default_factory=list)


def critique(place: Workplace, arm: Arm, cases: Sequence[Case]) -> list[Written]:
    """The draft or its revision, with what all calls took."""
    profiles = evidence_of(place, arm, cases, "both", "bm25")
    told = [_told(case, profile) for case, profile in zip(cases, profiles, strict=True)]
    written = drafts(place, arm, cases, told)
    turns = [Turn(*parts) for parts in zip(cases, profiles, written, strict=True)]
    _criticize(place, arm, turns)
    _revise(place, arm, turns)
    _choose(place, arm, turns)
    return [_finished(turn) for turn in turns]


def _told(case: Case, profile: Evidence) -> Told:
    """The reviews themselves, as PGraphRAG shows them."""
    return Told(
        style=quote(case.task, "history", profile.history),
        topic=quote(case.task, "neighbors", profile.others),
        shown={"generator": profile.review_ids},
    )


def _criticize(place: Workplace, arm: Arm, turns: Sequence[Turn]) -> None:
    prompts = [
        ask_criticism(
            turn.case.task, turn.case.input, turn.profile.history, turn.profile.others, turn.draft.text
        )
        if turn.profile.review_ids
        else None
        for turn in turns
    ]
    for turn, call in zip(turns, asked(place, arm, "criticism", "generator", prompts), strict=True):
        turn.criticism = call.text
        turn.calls.append(call)


def _revise(place: Workplace, arm: Arm, turns: Sequence[Turn]) -> None:
    prompts = [
        ask_revision(
            turn.case.task,
            turn.case.input,
            turn.draft.style or NOTHING,
            turn.draft.topic or NOTHING,
            turn.draft.text,
            turn.criticism,
        )
        if turn.criticism is not None
        else None
        for turn in turns
    ]
    limit = place.recipe.generation.max_draft_tokens
    for turn, call in zip(turns, asked(place, arm, "revision", "generator", prompts, limit), strict=True):
        text = GENERATOR.format_output(call.reply.text)
        turn.revision = text if text and text != turn.draft.text else None
        turn.calls.append(call if call.prompt is None else _revised(call, turn.revision))


def _revised(call: Call, text: str | None) -> Call:
    return replace(call, text=text, error=UNCHANGED if text is None else None)


def _choose(place: Workplace, arm: Arm, turns: Sequence[Turn]) -> None:
    for letter in ORDERS:
        prompts = [_choice(turn, letter) if turn.revision is not None else None for turn in turns]
        step = f"choice/revision_as_{letter}"
        calls = asked(place, arm, step, "generator", prompts, CHOICE_TOKENS)
        for turn, call in zip(turns, calls, strict=True):
            turn.wins += read_choice(call.reply.text) == letter
            turn.calls.append(call)


def _choice(turn: Turn, letter: Choice) -> str:
    texts = (turn.revision or "", turn.draft.text)
    return ask_choice(
        turn.case.task,
        turn.case.input,
        turn.profile.history,
        turn.profile.others,
        texts if letter == "A" else texts[::-1],
    )


def _finished(turn: Turn) -> Written:
    """The better text; the revision must win in both orders."""
    draft, after = turn.draft, spent(turn.calls)
    return replace(
        draft,
        calls=(*draft.calls, *turn.calls),
        text=turn.revision if turn.revision is not None and turn.wins == len(ORDERS) else draft.text,
        prompt_tokens=draft.prompt_tokens + after["prompt_tokens"],
        completion_tokens=draft.completion_tokens + after["completion_tokens"],
        seconds=draft.seconds + after["seconds"],
    )
