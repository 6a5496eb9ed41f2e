"""What baselines are shown of a warehouse, and the drafts that follow from what they tell the generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import polars as pl

from models.agents.batches import derive_seed
from models.arms import Arm
from models.arms.evidence import Evidence, Meanings, Order, Ranker, Source, gather
from models.arms.pool import Pool
from models.encoders.semantic import SemanticEncoder
from models.errors import WorkError
from models.llm import Completion
from models.retrieval.store import Vectors, VectorStore
from models.retrieval.vectors import REVIEWS, meaning
from pat_dagster.arms.floors import pool_of
from pat_dagster.arms.written import Role, Workplace, Written, spent
from pat_dagster.assets.rollout import write_drafts
from pat_dagster.cases import Case
from pat_dagster.settings import Settings


@dataclass(frozen=True)
class Told:
    """What the generator is told about one example, the reviews behind it, and the calls that it took."""

    style: str | None = None
    topic: str | None = None
    shown: dict[Role, list[str]] = field(default_factory=dict)
    calls: tuple[Completion, ...] = ()


def evidence_of(
    place: Workplace, arm: Arm, cases: Sequence[Case], source: Source, ranker: Ranker
) -> list[Evidence]:
    """What the arm shows of each case: its option k, of `source` as `ranker` ranks."""
    found: dict[str, Evidence] = {}
    vectors = VectorStore(Settings.from_env().vectors_path).load(REVIEWS) if ranker == "dense" else None
    for pool in pools_of(place, cases):
        meanings = _meanings(place, pool, vectors) if vectors is not None else None
        order = Order(ranker, int(arm.options["k"]), seed_of(place, arm), meanings)
        ids = pool.examples["example_id"].to_list()
        found |= dict(zip(ids, gather(pool, source, order), strict=True))
    return [found[case.example_id] for case in cases]


def pools_of(place: Workplace, cases: Sequence[Case]) -> list[Pool]:
    """What may be quoted, for the cases of one dataset and task after the other."""
    return [
        pool_of(
            place,
            dataset,
            task,
            [case.example_id for case in cases if (case.dataset, case.task) == (dataset, task)],
        )
        for dataset, task in sorted({(case.dataset, case.task) for case in cases})
    ]


def seed_of(place: Workplace, arm: Arm) -> int:
    """Of the arm's draws: the same in every iteration."""
    return derive_seed(place.recipe.seed, "arms", arm.name)


def drafts(place: Workplace, arm: Arm, cases: Sequence[Case], told: Sequence[Told]) -> list[Written]:
    """The generator's text for what it is told about each case, with all that it took."""
    plan = [(case, one.style, one.topic) for case, one in zip(cases, told, strict=True)]
    written = write_drafts(place.writer, f"evaluation/{arm.name}", plan)
    return [
        Written(text, one.style, one.topic, one.shown, **spent([*one.calls, call]))
        for one, (text, call) in zip(told, written, strict=True)
    ]


def _meanings(place: Workplace, pool: Pool, vectors: Vectors) -> Meanings:
    """Of the inputs, embedded now, and of the reviews, as stored; WorkError where one is missing."""
    ids = pool.reviews["review_id"].to_numpy()
    rows = vectors.rows_of(ids)
    if (rows < 0).any():
        raise WorkError(
            f"no vector of review {ids[int(np.argmax(rows < 0))]} in table {REVIEWS}",
            step="evaluation.predictions",
            remedy=f"materialize vectors/{REVIEWS} again, then this table",
        )
    inputs = pool.examples["input"].fill_null(pl.lit(""))
    return Meanings(meaning(_encoder(place.recipe.semantic_encoder), inputs), vectors.matrix[rows])


@lru_cache(maxsize=1)  # a dozen arms rank by it, one after the other
def _encoder(name: str) -> SemanticEncoder:
    return SemanticEncoder(name)
