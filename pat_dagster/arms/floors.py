"""Arms without a language model: they quote what others wrote."""

from __future__ import annotations

import time
from collections.abc import Sequence

import polars as pl

from models.agents.batches import derive_seed
from models.arms import Arm
from models.arms.pool import Asked, Pool
from models.arms.quoting import QUOTES
from pat_dagster import tables
from pat_dagster.arms.written import Workplace, Written
from pat_dagster.cases import Case


def quoted(place: Workplace, arm: Arm, cases: Sequence[Case]) -> list[Written | None]:
    """What `QUOTES` of the arm answer, dataset by dataset and task by task."""
    written: dict[str, Written] = {}
    for dataset, task in sorted({(case.dataset, case.task) for case in cases}):
        targets = {
            case.example_id: case.target for case in cases if (case.dataset, case.task) == (dataset, task)
        }
        started = time.perf_counter()
        pool = pool_of(place, dataset, task, list(targets))
        ids = pool.examples["example_id"].to_list()
        seed = derive_seed(place.recipe.seed, "arms", arm.name)  # the same in every iteration
        answer = QUOTES[arm.how](Asked(pool, task, [targets[name] for name in ids], seed))
        share = (time.perf_counter() - started) / len(ids)
        written |= {
            name: Written(text, shown={"quote": reviews}, seconds=share)
            for name, text, reviews in zip(ids, answer.texts, answer.reviews, strict=True)
            if text is not None
        }
    return [written.get(case.example_id) for case in cases]


def pool_of(place: Workplace, dataset: str, task: str, example_ids: Sequence[str]) -> Pool:
    """What may be quoted for these examples of one dataset and task."""
    key = (dataset, task, *example_ids)
    if key not in place.pools:
        examples = tables.read(place.con, "feature.examples", {"dataset": dataset, "task": task})
        reviews = tables.read(place.con, "staging.reviews", {"dataset": dataset})
        place.pools[key] = Pool.build(reviews, examples.filter(pl.col("example_id").is_in(example_ids)))
    return place.pools[key]


def neighbor_review(place: Workplace, arm: Arm, cases: Sequence[Case]) -> list[Written]:
    """What the first review of the topic context says, or nothing where there is none."""
    return [_copied(case) for case in cases]


def _copied(case: Case) -> Written:
    if not case.reviews["topic"]:
        return Written("")
    first = case.reviews["topic"][0]
    rating = "" if first.rating is None else format(first.rating, "g")
    text = {"long": first.text, "short": first.title, "rating": rating}[case.task]
    return Written(text, shown={"quote": [first.review_id]})
