"""How good the texts are: rollout.draft_scores for the rewards, evaluation.scores for the leaderboard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import TypeAlias

import dagster as dg
import duckdb
import polars as pl

from models import progress
from models.agents.agents import AgentName
from models.agents.batches import derive_seed
from models.evaluation.scores import Shown, Texts, Yardstick
from models.recipes import Recipe, Task
from models.rewards import Judgement, judge
from pat_dagster import tables
from pat_dagster.assets.judging import GRADES, grade_scores
from pat_dagster.assets.rollout import EVIDENCE
from pat_dagster.cases import Case, load_cases
from pat_dagster.rows import frame
from pat_dagster.table_assets import table_asset

SCORES, EXAMPLES, REVIEWS = "evaluation.scores", "feature.examples", "staging.reviews"
WRITTEN = ["evaluation.predictions", "evaluation.evidence"]
TOKENS = ["prompt_tokens", "completion_tokens"]

Behind: TypeAlias = dict[tuple[str, str], list[Shown]]


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


@table_asset(SCORES, deps=[*WRITTEN, GRADES, EXAMPLES, REVIEWS], partitioned=True)
def scores(context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe) -> pl.DataFrame:
    """Every metric of every text, one dataset and task after the other."""
    where = {"iteration": context.partition_key}
    about = tables.read(con, EXAMPLES).select("example_id", "dataset", "task", "topic_id", "target")
    written = tables.read(con, "evaluation.predictions", where).join(about, on="example_id")
    behind = shown_reviews(con, where)
    # texts about one topic together: they share targets, and quote the same reviews
    ordered = written.sort("dataset", "task", "topic_id", "example_id", "arm")
    groups = ordered.group_by("dataset", "task", maintain_order=True)
    total = ordered.select("dataset", "task").n_unique()
    parts = [
        _scores_of(texts, yardstick(con, str(dataset), task, recipe), behind)
        for (dataset, task), texts in progress.track(groups, "scores", total=total, unit="tasks")
    ]
    return pl.concat([frame(SCORES, []), *parts, grade_scores(con, context.partition_key)])


def yardstick(con: duckdb.DuckDBPyConnection, dataset: str, task: Task, recipe: Recipe) -> Yardstick:
    """What texts of one dataset and task are measured with."""
    return Yardstick.build(
        task,
        tables.read(con, REVIEWS, {"dataset": dataset}),
        tables.read(con, EXAMPLES, {"dataset": dataset, "task": task}),
        recipe.reward[task],
        length=recipe.penalties.length,
        copying=recipe.penalties.copying,
        seed=derive_seed(recipe.seed, "specificity"),
    )


def shown_reviews(con: duckdb.DuckDBPyConnection, where: Mapping[str, object]) -> Behind:
    """The reviews behind each text, by (arm, example), each once, in order of rank."""
    told = tables.read(con, REVIEWS).select(
        "review_id", "user_id", pl.col("title").fill_null(""), pl.col("text").fill_null("")
    )
    reviews = {review_id: Shown(*rest) for review_id, *rest in told.iter_rows()}
    found: Behind = {}
    evidence = tables.read(con, "evaluation.evidence", where).sort("arm", "example_id", "role", "rank")
    keys = evidence.select("arm", "example_id", "review_id").unique(maintain_order=True)
    for arm, example_id, review_id in keys.iter_rows():
        found.setdefault((arm, example_id), []).append(reviews[review_id])
    return found


def _scores_of(texts: pl.DataFrame, measures: Yardstick, behind: Behind) -> pl.DataFrame:
    """Rows (arm, example_id, metric, value) of one dataset and task; no row where there is no value."""
    keys = texts.select("arm", "example_id").rows()
    values = measures.measure(
        Texts(
            example_ids=[example_id for _, example_id in keys],
            texts=texts["text"].to_list(),
            targets=texts["target"].fill_null("").to_list(),
            shown=[behind.get(key, []) for key in keys],
        )
    )
    spent = {name: texts[name].cast(pl.Float64).to_numpy() for name in TOKENS}
    wide = texts.select("arm", "example_id").with_columns(**(values | spent))
    long = wide.unpivot(index=["arm", "example_id"], variable_name="metric")
    return long.filter(pl.col("value").is_not_nan())


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
