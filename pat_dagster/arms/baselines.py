"""Baselines: published ways to fill the prompt, through the same generator and with the same budget.

An example for which there is no evidence is answered as the arm `none` answers it.
"""

from __future__ import annotations

from collections.abc import Sequence

from models.agents.baselines import Whose, quote
from models.arms import Arm
from pat_dagster.arms.told import Told, drafts, evidence_of
from pat_dagster.arms.written import Workplace, Written
from pat_dagster.cases import Case


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
