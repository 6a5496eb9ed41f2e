"""Which procedure answers for which `how`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from models.arms.quoting import QUOTES
from pat_dagster.arms import baselines, critique, floors, pat
from pat_dagster.arms.written import Procedure

PROCEDURES: Final[Mapping[str, Procedure]] = {
    **dict.fromkeys(QUOTES, floors.quoted),
    "neighbor_review": floors.neighbor_review,
    "none": pat.none,
    "reviews_in_prompt": baselines.reviews_in_prompt,
    "summary": baselines.summary,
    "guided_profile": baselines.guided_profile,
    "difference": baselines.difference,
    "critique": critique.critique,
    "pat": pat.pat,
}
