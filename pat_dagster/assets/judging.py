"""evaluation.grades and evaluation.judge_quality: what the recipe's judge says, and whether to believe it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import dagster as dg
import duckdb
import polars as pl

from models import progress
from models.agents.batches import derive_seed
from models.evaluation.judge import (
    JUDGED_TASKS,
    REPLY_TOKENS,
    Grade,
    Known,
    judge_prompt,
    known_texts,
    quality_rows,
    read_grade,
    reported,
)
from models.recipes import Judge, Recipe
from pat_dagster import tables
from pat_dagster.rows import frame
from pat_dagster.table_assets import table_asset
from pat_dagster.writing import Writer

GRADES, QUALITY = "evaluation.grades", "evaluation.judge_quality"
PREDICTIONS, EXAMPLES, REVIEWS = "evaluation.predictions", "feature.examples", "staging.reviews"


@table_asset(GRADES, deps=[PREDICTIONS, EXAMPLES], partitioned=True, kinds=["transformers"])
def grades(context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe) -> pl.DataFrame:
    """The judge's reply to every arm's text of the examples it reads; no row without a judge."""
    judge = recipe.evaluation.judge
    if judge is None:
        return frame(GRADES, [])
    written = tables.read(con, PREDICTIONS, {"iteration": context.partition_key})
    chosen = judged_examples(con, judge)
    texts = written.join(chosen, on="example_id").sort("arm", "example_id")
    writer = writer_of(con, recipe, judge, context.partition_key)
    rows: list[dict[str, object]] = []
    by_arm = texts.group_by("arm", maintain_order=True)
    for (arm,), of_arm in progress.track(by_arm, "judge", total=texts["arm"].n_unique(), unit="arms"):
        replies = ask(writer, f"judge/arms/{arm}", quoted(of_arm, of_arm["text"].to_list()))
        rows += [
            {"arm": arm, "example_id": example_id, "grade": grade.value, "reply": reply, "error": grade.error}
            for example_id, (grade, reply) in zip(of_arm["example_id"], replies, strict=True)
        ]
    return frame(GRADES, rows)


@table_asset(QUALITY, deps=[EXAMPLES, REVIEWS], partitioned=True, kinds=["transformers"])
def judge_quality(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """The judge on texts whose order is known, dataset by dataset and task by task."""
    judge = recipe.evaluation.judge
    if judge is None:
        return frame(QUALITY, [])
    writer = writer_of(con, recipe, judge, context.partition_key)
    rows: list[dict[str, object]] = []
    groups = judged_examples(con, judge).sort("example_id").group_by("dataset", "task", maintain_order=True)
    for (dataset, task), examples in sorted(groups, key=lambda one: [str(part) for part in one[0]]):
        reviews = tables.read(con, REVIEWS, {"dataset": dataset})
        seed = derive_seed(recipe.seed, "judge", dataset, task)
        kept, known = known_texts(examples, reviews, seed)
        found: dict[Known, list[int | None]] = {}
        for kind, texts in known.items():
            replies = ask(writer, f"judge/known/{dataset}/{task}/{kind}", quoted(kept, texts))
            found[kind] = [grade.value for grade, _ in replies]
        compared = quality_rows(
            found,
            samples=recipe.evaluation.bootstrap_samples,
            confidence=recipe.evaluation.confidence,
            seed=seed,
        )
        rows += [
            {"dataset": dataset, "task": task, "base_model": judge.base_model, **row} for row in compared
        ]
    return frame(QUALITY, rows)


def grade_scores(con: duckdb.DuckDBPyConnection, iteration: str) -> pl.DataFrame:
    """Rows of evaluation.scores, metric `judge`; none for a reply that could not be read."""
    tables.ensure_table(con, GRADES)
    read = tables.read(con, GRADES, {"iteration": iteration}).drop_nulls("grade")
    values = [reported(grade) for grade in read["grade"]]
    return read.select("arm", "example_id", pl.lit("judge").alias("metric")).with_columns(
        value=pl.Series(values, dtype=pl.Float64)
    )


def judged_examples(con: duckdb.DuckDBPyConnection, judge: Judge) -> pl.DataFrame:
    """Test examples that the judge reads, the first of each dataset and task in the order of selection."""
    tests = tables.read(con, EXAMPLES, {"is_selected": True, "split": "test"})
    tests = tests.filter(pl.col("task").is_in(JUDGED_TASKS))
    digests = [hashlib.md5(name.encode()).hexdigest() for name in tests["example_id"]]  # as examples.sql
    order = tests.with_columns(digest=pl.Series(digests, dtype=pl.String)).sort("digest", "example_id")
    columns = ["example_id", "dataset", "task", "user_id", "topic_id", "input", "target"]
    return order.group_by("dataset", "task", maintain_order=True).head(judge.max_examples).select(columns)


def writer_of(con: duckdb.DuckDBPyConnection, recipe: Recipe, judge: Judge, iteration: str) -> Writer:
    """The judge at work: another base model, the same batches."""
    return Writer.open(con, recipe.model_copy(update={"base_model": judge.base_model}), iteration)


def quoted(examples: pl.DataFrame, texts: Sequence[str]) -> list[str]:
    """Prompts, one for each example and text."""
    return [
        judge_prompt(row["task"], row["input"] or "", row["target"] or "", text)
        for row, text in zip(examples.iter_rows(named=True), texts, strict=True)
    ]


def ask(writer: Writer, stage: str, prompts: Sequence[str]) -> list[tuple[Grade, str]]:
    """(grade, reply) for every prompt, in order."""
    replies = writer.write_greedy(stage, prompts, REPLY_TOKENS)
    return [(read_grade(reply.text), reply.text) for reply in replies]
