"""What baselines are shown of a warehouse, and the drafts that follow from what they tell the generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

import numpy as np
import polars as pl

from models.agents.agents import read_summary
from models.agents.batches import derive_seed
from models.arms import Arm
from models.arms.evidence import Comparison, Evidence, Meanings, Order, Ranker, Source, compared, gather
from models.arms.pool import Pool
from models.encoders.semantic import SemanticEncoder
from models.errors import WorkError
from models.llm import Completion
from models.retrieval.store import Vectors, VectorStore
from models.retrieval.vectors import REVIEWS, meaning
from pat_dagster.arms.floors import pool_of
from pat_dagster.arms.written import Call, Role, Workplace, Written, spent
from pat_dagster.assets.rollout import draft_prompt, write_drafts
from pat_dagster.cases import Case
from pat_dagster.reasoning import write_asked
from pat_dagster.settings import Settings
from pat_dagster.writing import Writer

Found = TypeVar("Found")
DRAFT = "draft"  # the generator's step
NOBODY_ASKED = "there was nothing to read, so nobody was asked"


@dataclass(frozen=True)
class Told:
    """What the generator is told about one example, the reviews behind it, and the calls that it took."""

    style: str | None = None
    topic: str | None = None
    shown: dict[Role, list[str]] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()


def evidence_of(
    place: Workplace, arm: Arm, cases: Sequence[Case], source: Source, ranker: Ranker
) -> list[Evidence]:
    """What the arm shows of each case: its option k, of `source` as `ranker` ranks."""
    vectors = VectorStore(Settings.from_env().vectors_path).load(REVIEWS) if ranker == "dense" else None

    def gathered(pool: Pool) -> list[Evidence]:
        meanings = _meanings(place, pool, vectors) if vectors is not None else None
        return gather(pool, source, order_of(place, arm, ranker, meanings))

    return _of_each(place, cases, gathered)


def compared_of(place: Workplace, arm: Arm, cases: Sequence[Case], peers: int) -> list[list[Comparison]]:
    """The user's own reviews beside others on the same topics: k of them by BM25."""
    return _of_each(place, cases, lambda pool: compared(pool, order_of(place, arm, "bm25"), peers))


def order_of(place: Workplace, arm: Arm, ranker: Ranker, meanings: Meanings | None = None) -> Order:
    """The arm's k, by a ranker; draws are the same in every iteration."""
    return Order(ranker, arm.options["k"], derive_seed(place.recipe.seed, "arms", arm.name), meanings)


def _of_each(place: Workplace, cases: Sequence[Case], of: Callable[[Pool], list[Found]]) -> list[Found]:
    """What `of` says about every case, in their order; it is asked about one dataset and task at a time."""
    found: dict[str, Found] = {}
    for pool in _pools(place, cases):
        found |= dict(zip(pool.examples["example_id"], of(pool), strict=True))
    return [found[case.example_id] for case in cases]


def _pools(place: Workplace, cases: Sequence[Case]) -> list[Pool]:
    return [
        pool_of(
            place,
            dataset,
            task,
            [case.example_id for case in cases if (case.dataset, case.task) == (dataset, task)],
        )
        for dataset, task in sorted({(case.dataset, case.task) for case in cases})
    ]


def asked(
    place: Workplace,
    arm: Arm,
    step: str,
    role: Role,
    prompts: Sequence[str | None],
    most_tokens: int | None = None,
) -> list[Call]:
    """What the base model answers in one step of the arm, in order: see `write_asked`.

    role: whom the step stands for.
    """
    stage = f"evaluation/{arm.name}/{step}"
    found = write_asked(place.writer, stage, prompts, most_tokens=most_tokens)
    return [_call(step, role, prompt, reply) for prompt, reply in zip(prompts, found, strict=True)]


def _call(step: str, role: Role, prompt: str | None, reply: Completion) -> Call:
    if prompt is None:
        return Call(role, step, None, reply, None, NOBODY_ASKED)
    read = read_summary(reply.text)
    return Call(role, step, prompt, reply, read.text, read.error)


def drafts(place: Workplace, arm: Arm, cases: Sequence[Case], told: Sequence[Told]) -> list[Written]:
    """The generator's text for what it is told about each case, with all that it took."""
    return written_with(place.writer, f"evaluation/{arm.name}", cases, told)


def written_with(writer: Writer, stage: str, cases: Sequence[Case], told: Sequence[Told]) -> list[Written]:
    """As `drafts`, by any writer and for any stage."""
    plan = [(case, one.style, one.topic) for case, one in zip(cases, told, strict=True)]
    answers = []
    for shown, one, (text, reply) in zip(plan, told, write_drafts(writer, stage, plan), strict=True):
        calls = (*one.calls, Call("generator", DRAFT, draft_prompt(*shown), reply, text))
        answers.append(Written(text, one.style, one.topic, one.shown, **spent(calls), calls=calls))
    return answers


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
