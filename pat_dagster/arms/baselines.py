"""Baselines: published ways to fill the prompt, through the same generator and with the same budget.

An example for which there is no evidence is answered as the arm `none` answers it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from models.agents import ReviewLine
from models.agents.baselines import Whose, ask_difference, ask_digest, ask_profile, ask_summary, quote
from models.arms import Arm
from pat_dagster.arms.told import Told, asked, compared_of, drafts, evidence_of
from pat_dagster.arms.written import Call, Role, Workplace, Written
from pat_dagster.cases import Case

PEERS: Final = 2  # beside each of the user's reviews: a prompt of four has twelve lines then


def reviews_in_prompt(place: Workplace, arm: Arm, cases: Sequence[Case]) -> list[Written]:
    """Reviews as they are, by the option source: the user's own, other users' of the topic, both, anybody's.

    LaMP (Salemi et al. 2024, arXiv 2304.11406) and PGraphRAG (Au et al. 2025, arXiv 2501.02157).
    """
    source = arm.options["source"]
    evidence = evidence_of(place, arm, cases, source, arm.options["ranker"])
    whose: Whose = "random" if source == "random" else "neighbors"
    told = [
        Told(
            style=quote(case.task, "history", one.history),
            topic=quote(case.task, whose, one.others),
            shown={"generator": one.review_ids},
        )
        for case, one in zip(cases, evidence, strict=True)
    ]
    return drafts(place, arm, cases, told)


def summary(place: Workplace, arm: Arm, cases: Sequence[Case]) -> list[Written]:
    """A summary of the history, told as style; without one of the neighbors' reviews, told as facts."""
    evidence = evidence_of(place, arm, cases, "both", "bm25")
    prompts = [
        ask_summary(case.task, case.input, "history", one.history)
        if one.history
        else (ask_summary(case.task, case.input, "neighbors", one.others) if one.others else None)
        for case, one in zip(cases, evidence, strict=True)
    ]
    told = []
    for one, call in zip(evidence, asked(place, arm, "summary", "style", prompts), strict=True):
        if one.history:
            told.append(_as_style(call.text, one.history, [call]))
        else:
            shown = _shown("topic", call.text, one.others)
            told.append(Told(topic=call.text, shown=shown, calls=(replace(call, role="topic"),)))
    return drafts(place, arm, cases, told)


def guided_profile(place: Workplace, arm: Arm, cases: Sequence[Case]) -> list[Written]:
    """A profile of the user from the history and from the answer to a guiding question about it."""
    evidence = evidence_of(place, arm, cases, "history", "bm25")
    both = list(zip(cases, evidence, strict=True))
    questions = [
        ask_digest(case.task, case.input, one.history) if one.history else None for case, one in both
    ]
    digests = asked(place, arm, "digest", "style", questions)
    requests = [
        ask_profile(case.task, case.input, one.history, digest.text) if one.history else None
        for (case, one), digest in zip(both, digests, strict=True)
    ]
    profiles = asked(place, arm, "profile", "style", requests)
    told = [
        _as_style(profile.text, one.history, [digest, profile])
        for one, digest, profile in zip(evidence, digests, profiles, strict=True)
    ]
    return drafts(place, arm, cases, told)


def difference(place: Workplace, arm: Arm, cases: Sequence[Case]) -> list[Written]:
    """What sets the user apart from others who wrote about the same topics as the user did before."""
    comparisons = compared_of(place, arm, cases, PEERS)
    prompts = [
        ask_difference(case.task, case.input, pairs) if pairs else None
        for case, pairs in zip(cases, comparisons, strict=True)
    ]
    told = []
    calls = asked(place, arm, "difference", "style", prompts)
    for pairs, call in zip(comparisons, calls, strict=True):
        read = [own for own, _ in pairs] + [other for _, others in pairs for other in others]
        told.append(_as_style(call.text, read, [call]))
    return drafts(place, arm, cases, told)


def _as_style(text: str | None, read: Sequence[ReviewLine], calls: Sequence[Call]) -> Told:
    """What was written about the user from these reviews; nothing was shown if it could not be read."""
    return Told(style=text, shown=_shown("style", text, read), calls=tuple(calls))


def _shown(role: Role, text: str | None, read: Sequence[ReviewLine]) -> dict[Role, list[str]]:
    return {} if text is None else {role: list(dict.fromkeys(review.review_id for review in read))}
