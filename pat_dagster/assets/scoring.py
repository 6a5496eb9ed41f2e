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
TOKENS = ["prompt_tokens", "completion_tokens"]


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


@table_asset("evaluation.scores", deps=[*WRITTEN, "feature.examples", "staging.reviews"], partitioned=True)
def scores(context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe) -> pl.DataFrame:
    """Every metric of every text, by the metrics of its task; one dataset and task after the other."""
    where = {"iteration": context.partition_key}
    examples = tables.read(con, "feature.examples").select("example_id", "dataset", "task", "target")
    written = tables.read(con, "evaluation.predictions", where).join(examples, on="example_id", how="left")
    written = written.join(_shown(con, where), on=["arm", "example_id"], how="left")
    groups = written.sort("dataset", "task", "arm", "example_id").group_by(
        "dataset", "task", maintain_order=True
    )
    total = written.select("dataset", "task").n_unique()
    parts = [
        _scores_of(texts, task, recipe)
        for (_, task), texts in progress.track(groups, "scores", total=total, unit="tasks")
    ]
    return pl.concat([frame("evaluation.scores", []), *parts])


def _scores_of(texts: pl.DataFrame, task: Task, recipe: Recipe) -> pl.DataFrame:
    """Rows (arm, example_id, metric, value) of one dataset and task; no row where there is no value."""
    drafts, targets = texts["text"].to_list(), texts["target"].to_list()
    shown = [[] if told is None else told for told in texts["shown"].to_list()]
    judged = judge(
        task,
        drafts,
        targets,
        shown,
        recipe.reward[task],
        length=recipe.penalties.length,
        copying=recipe.penalties.copying,
    )
    values = reported(task, drafts, targets, judged)
    keys = texts.select("arm", "example_id", *(pl.col(name).cast(pl.Float64) for name in TOKENS))
    long = keys.with_columns(**{name: pl.Series(value) for name, value in values.items()}).unpivot(
        index=["arm", "example_id"], variable_name="metric"
    )
    return long.filter(pl.col("value").is_not_nan())


def _shown(con: duckdb.DuckDBPyConnection, where: Mapping[str, object]) -> pl.DataFrame:
    """(arm, example_id, shown): titles and texts of the reviews behind each text."""
    told = tables.read(con, "staging.reviews").select(
        "review_id", said=pl.concat_list(pl.col("title").fill_null(""), pl.col("text").fill_null(""))
    )
    evidence = tables.read(con, "evaluation.evidence", where).join(told, on="review_id")
    ordered = evidence.sort("arm", "example_id", "role", "rank")
    return ordered.group_by("arm", "example_id").agg(
        shown=pl.col("said").list.explode(keep_nulls=False, empty_as_null=False)
    )


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
