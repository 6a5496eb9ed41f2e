"""How good the texts are: rollout.draft_scores for the rewards, evaluation.scores for the leaderboard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

import dagster as dg
import duckdb
import polars as pl

from models import progress
from models.agents.agents import AgentName
from models.recipes import Recipe, Task
from models.rewards import Judgement, judge, reported
from pat_dagster import tables
from pat_dagster.assets.rollout import EVIDENCE
from pat_dagster.cases import Case, load_cases
from pat_dagster.rows import frame
from pat_dagster.table_assets import table_asset

WRITTEN = ["evaluation.predictions", "evaluation.evidence"]


@table_asset("rollout.draft_scores", deps=["rollout.drafts", *EVIDENCE], partitioned=True)
def draft_scores(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Q of every draft against the target of its example, its length, and what it copies and repeats."""
    written = tables.read(con, "rollout.drafts", {"iteration": context.partition_key})
    known = {case.example_id: case for case in load_cases(con, ["train"])}
    cases = [known[example_id] for example_id in written["example_id"]]
    judged = judge_cases(cases, written["text"].to_list(), recipe)
    keys = written.select("example_id", "style_candidate", "topic_candidate")
    return keys.with_columns(**{field.name: getattr(judged, field.name) for field in fields(judged)})


@table_asset("evaluation.scores", deps=[*WRITTEN, *EVIDENCE], partitioned=True)
def scores(context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe) -> pl.DataFrame:
    """Every metric of every text, by the metrics of its task."""
    where = {"iteration": context.partition_key}
    written = tables.read(con, "evaluation.predictions", where)
    known = {case.example_id: case for case in load_cases(con, ["test"], {})}
    behind = _texts_behind(con, where)
    rows: list[dict[str, object]] = []
    by_arm = written.sort("arm", "example_id").group_by("arm", maintain_order=True)
    for (arm,), texts in progress.track(by_arm, "scores", total=written["arm"].n_unique(), unit="arms"):
        cases = [known[example_id] for example_id in texts["example_id"]]
        for task, places in _places_by_task(cases):
            chosen = [cases[place] for place in places]
            drafts = [texts["text"][place] for place in places]
            evidence = [behind.get((str(arm), case.example_id), []) for case in chosen]
            judged = _judge(task, chosen, drafts, evidence, recipe)
            for metric, values in reported(task, drafts, [case.target for case in chosen], judged).items():
                rows += [
                    {"arm": arm, "example_id": case.example_id, "metric": metric, "value": float(value)}
                    for case, value in zip(chosen, values, strict=True)
                ]
    return frame("evaluation.scores", rows)


def _texts_behind(
    con: duckdb.DuckDBPyConnection, where: Mapping[str, object]
) -> dict[tuple[str, str], list[str]]:
    """Titles and texts of the reviews behind each text, by (arm, example)."""
    told = tables.read(con, "staging.reviews").select("review_id", "title", "text")
    shown = tables.read(con, "evaluation.evidence", where).join(told, on="review_id")
    found: dict[tuple[str, str], list[str]] = {}
    for row in shown.sort("arm", "example_id", "role", "rank").iter_rows(named=True):
        found.setdefault((row["arm"], row["example_id"]), []).extend([row["title"] or "", row["text"] or ""])
    return found


def case_quality(cases: Sequence[Case], texts: Sequence[str], recipe: Recipe) -> list[float]:
    """Q of one text per case against the target of that case, by the metrics of its task."""
    return [float(value) for value in judge_cases(cases, texts, recipe).quality]


def judge_cases(cases: Sequence[Case], texts: Sequence[str], recipe: Recipe) -> Judgement:
    """One text per case, in order, each judged by the metrics of its task."""
    judged = Judgement.empty(len(cases))
    for task, places in _places_by_task(cases):
        chosen = [cases[place] for place in places]
        evidence = [shown_texts(case, recipe.agents.names) for case in chosen]
        part = _judge(task, chosen, [texts[place] for place in places], evidence, recipe)
        for field in fields(part):
            getattr(judged, field.name)[places] = getattr(part, field.name)
    return judged


def _judge(
    task: Task, cases: Sequence[Case], texts: Sequence[str], shown: Sequence[Sequence[str]], recipe: Recipe
) -> Judgement:
    return judge(
        task,
        texts,
        [case.target for case in cases],
        shown,
        recipe.reward[task],
        length=recipe.penalties.length,
        copying=recipe.penalties.copying,
    )


def shown_texts(case: Case, agents: Sequence[AgentName]) -> list[str]:
    """Titles and texts of the reviews that the agents of an example are shown, whole."""
    reviews = [review for agent in agents for review in case.reviews[agent]]
    return [text for review in reviews for text in (review.title, review.text)]


def _places_by_task(cases: Sequence[Case]) -> Iterator[tuple[Task, list[int]]]:
    """Tasks in order of appearance, with the places of their cases."""
    places: dict[Task, list[int]] = {}
    for place, case in enumerate(cases):
        places.setdefault(case.task, []).append(place)
    yield from places.items()
