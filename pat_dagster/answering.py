"""Answers requests with the policies in use: retrieval, reasoning and drafts as for examples.

What is written for a request depends on nothing that another request asks. Its context is retrieved alone and
its prompts are written alone: a batch mate changes the last bits of what a model computes, and now and then a
word. So a night with one request and a night with thousands give it the same text, and a killed one too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import duckdb
import numpy as np
import polars as pl

from models import progress
from models.agents import AGENTS
from models.agents.agents import AgentName
from models.recipes import Recipe
from pat_dagster import tables
from pat_dagster.arms import kept
from pat_dagster.arms.pat import summarized
from pat_dagster.arms.told import written_with
from pat_dagster.arms.written import Written
from pat_dagster.cases import Case, flagged_users, review_lines
from pat_dagster.policies import Policy, policies_in_use
from pat_dagster.reasoning import reason
from pat_dagster.recipe_parts import recipe_sha256
from pat_dagster.retrieving import Dataset, Shelf
from pat_dagster.rows import frame
from pat_dagster.writing import Writer

REQUESTS, ANSWERS, CALLS = "staging.requests", "request.answers", "request.calls"
SHOWN, RUNS = "context.request_reviews", "ops.request_runs"
STAGE: Final = "requests"
ALONE: Final = 1  # prompts written together
CHUNK: Final = 64  # answered and committed at once: a killed run loses a minute or two
FIRST_ITERATION: Final = "0000"  # before any training
BUCKETS: Final = ((8, "8+"), (4, "4-7"), (2, "2-3"), (1, "1"), (0, "0"))  # as in feature.examples


@dataclass(frozen=True)
class Desk:
    """An open warehouse in which requests are answered; models are loaded when the first one is."""

    con: duckdb.DuckDBPyConnection
    recipe: Recipe
    run_id: str

    @cached_property
    def iteration(self) -> str:
        """The newest turn of the loop whose training was decided."""
        tables.ensure_table(self.con, "policy.adapters")
        decided = self.con.sql("select max(iteration) from policy.adapters").fetchall()[0][0]
        return str(decided or FIRST_ITERATION)

    @cached_property
    def policies(self) -> Mapping[AgentName, Policy]:
        """Those in use after that turn."""
        return policies_in_use(self.con, self.iteration, after=True)

    @cached_property
    def writer(self) -> Writer:
        """The recipe's base model, a prompt at a time."""
        generation = self.recipe.generation.model_copy(update={"batch_size": ALONE})
        return Writer.open(
            self.con, self.recipe.model_copy(update={"generation": generation}), self.iteration
        )

    @cached_property
    def flagged(self) -> list[str]:
        """Users who are not one person."""
        return flagged_users(self.con)

    def answer(self, only: Sequence[str] = ()) -> int:
        """Answer what is not answered yet, or of that `only` these; returns how many.

        Each chunk is kept as soon as it is written.
        """
        for table in (ANSWERS, CALLS, SHOWN, RUNS):
            tables.ensure_table(self.con, table)
        new = pending(self.con, only)
        with progress.bar(STAGE, new.height, "requests") as bar:
            for dataset in self._datasets(new):
                for chunk in _chunks(dataset):
                    self._keep(*self._answered(chunk))
                    bar.update(chunk.examples.height)
        return new.height

    def _datasets(self, new: pl.DataFrame) -> Iterator[Dataset]:
        shelf = Shelf(self.con, self.recipe)
        for name in new["dataset"].unique().sort():
            reviews = tables.read(self.con, "staging.reviews", {"dataset": name})
            asked = new.filter(pl.col("dataset") == name)
            yield Dataset(shelf, name, reviews, as_examples(asked, reviews, self.flagged))

    def _answered(self, chunk: Dataset) -> tuple[pl.DataFrame, list[Case], list[Written], pl.DataFrame]:
        shown = contexts(chunk, self.recipe.agents.names)
        cases = _cases(chunk, shown)
        rounds = reason(self.writer, STAGE, cases, self.policies)
        told = [one.told for one in summarized(cases, rounds, self.policies)]
        return chunk.examples, cases, written_with(self.writer, STAGE, cases, told), shown

    def _keep(
        self, examples: pl.DataFrame, cases: Sequence[Case], answers: Sequence[Written], shown: pl.DataFrame
    ) -> None:
        """Answers, calls and what stands behind them, together or not at all."""
        known = {row["example_id"]: row for row in examples.iter_rows(named=True)}
        both = list(zip(cases, answers, strict=True))
        rows = [self._answer_row(known[case.example_id], case, one) for case, one in both]
        runs = [{"request_id": case.example_id, "run_id": self.run_id} for case in cases]
        with tables.transaction(self.con):
            for table, new in (
                (ANSWERS, frame(ANSWERS, rows)),
                (CALLS, frame(CALLS, call_rows(both))),
                (SHOWN, shown),
                (RUNS, frame(RUNS, runs)),
            ):
                tables.append(self.con, table, new)

    def _answer_row(self, known: Mapping[str, Any], case: Case, one: Written) -> dict[str, object]:
        in_use = {agent: self.policies[agent].policy_id for agent in self.recipe.agents.names}
        return {
            "request_id": case.example_id,
            "iteration": self.iteration,
            "dataset": case.dataset,
            "task": case.task,
            "user_id": case.user_id,
            "topic_id": case.topic_id,
            "input": case.input,
            "requested_at": known["posted_at"],
            "history_size": known["history_size"],
            "history_bucket": history_bucket(known["history_size"]),
            "user_is_flagged": known["user_is_flagged"],
            "text": one.text,
            "style_summary": one.style,
            "topic_summary": one.topic,
            "style_policy_id": in_use.get("style"),
            "topic_policy_id": in_use.get("topic"),
            "prompt_tokens": one.prompt_tokens,
            "completion_tokens": one.completion_tokens,
            "recipe_sha256": recipe_sha256(self.recipe),
        }


def pending(con: duckdb.DuckDBPyConnection, only: Sequence[str] = ()) -> pl.DataFrame:
    """Requests without an answer, sorted by id; of those `only` these, where any are named."""
    tables.ensure_table(con, ANSWERS)
    done = con.table(ANSWERS).select("request_id").pl()
    asked = tables.read(con, REQUESTS).join(done, on="request_id", how="anti")
    return (asked.filter(pl.col("request_id").is_in(only)) if only else asked).sort("request_id")


def as_examples(asked: pl.DataFrame, reviews: pl.DataFrame, flagged: Sequence[str]) -> pl.DataFrame:
    """Requests of one dataset in the columns of feature.examples, as far as retrieval reads them; no target.

    history_size: the user's reviews in `reviews` that may be seen, earlier ones only where times are known.
    """
    examples = asked.select(
        pl.col("request_id").alias("example_id"),
        "dataset",
        "task",
        "user_id",
        "topic_id",
        pl.lit(None, dtype=pl.String).alias("target_review_id"),
        "input",
        pl.col("requested_at").cast(pl.Datetime("us")).alias("posted_at"),
        pl.col("user_id").is_in(flagged).alias("user_is_flagged"),
    )
    own = reviews.filter(~pl.col("is_shared_text")).select(
        "user_id", pl.col("posted_at").cast(pl.Datetime("us")).alias("wrote_at")
    )
    seen = (
        examples.filter(~pl.col("user_is_flagged"))
        .join(own, on="user_id")
        .filter(pl.col("posted_at").is_null() | (pl.col("wrote_at") < pl.col("posted_at")))
        .group_by("example_id")
        .agg(pl.len().cast(pl.Int64).alias("history_size"))
    )
    return examples.join(seen, on="example_id", how="left").with_columns(pl.col("history_size").fill_null(0))


def contexts(asked: Dataset, agents: Sequence[AgentName]) -> pl.DataFrame:
    """Rows of context.request_reviews; none in a dataset without reviews, where nobody wrote anything."""
    empty = frame(SHOWN, [])
    if asked.reviews.is_empty():
        return empty
    parts = [empty]
    for one in asked.one_by_one():
        for agent in agents:
            rows = one.style_rows() if agent == "style" else one.topic_rows()
            rows = rows.rename({"example_id": "request_id"}).with_columns(agent=pl.lit(agent))
            parts.append(rows)
    rows = pl.concat(parts, how="diagonal")
    return rows.with_columns(pl.col("is_aligned").fill_null(False)).select(empty.columns)


def history_bucket(size: int) -> str:
    """A history's size as feature.examples names it."""
    return next(name for least, name in BUCKETS if size >= least)


def call_rows(answers: Sequence[tuple[Case, Written]]) -> list[dict[str, object]]:
    """Rows of request.calls: as those of evaluation.calls, less what only arms vary."""
    columns = frame(CALLS, []).columns
    return [
        {name: {**row, "request_id": row["example_id"]}[name] for name in columns}
        for row in kept.call_rows(answers)
    ]


def _chunks(dataset: Dataset) -> Iterator[Dataset]:
    """The requests a chunk at a time, in order of id."""
    for start in range(0, dataset.examples.height, CHUNK):
        places = np.arange(start, min(start + CHUNK, dataset.examples.height))
        if dataset.reviews.is_empty():
            yield replace(dataset, examples=dataset.examples.sort("example_id")[places])
        else:
            yield dataset.of_places(places)


def _cases(asked: Dataset, shown: pl.DataFrame) -> list[Case]:
    rows = shown.rename({"request_id": "example_id"})
    lines = {agent: review_lines(rows.filter(pl.col("agent") == agent), asked.reviews) for agent in AGENTS}
    return [
        Case(
            example_id=row["example_id"],
            dataset=row["dataset"],
            task=row["task"],
            split="",
            user_id=row["user_id"],
            topic_id=row["topic_id"],
            input=row["input"],
            target="",
            reviews={agent: lines[agent].get(row["example_id"], []) for agent in AGENTS},
        )
        for row in asked.examples.sort("example_id").iter_rows(named=True)
    ]
