"""Examples with what their agents are shown, as the stages of an iteration need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import polars as pl

from models.agents import AGENTS, ReviewLine
from models.agents.agents import AgentName
from models.recipes import Task
from pat_dagster import tables

EXAMPLES, REVIEWS = "feature.examples", "staging.reviews"
VARIANTS = "context.variant_reviews"
CONTEXTS: dict[AgentName, str] = {"style": "context.style_reviews", "topic": "context.topic_reviews"}


@dataclass(frozen=True)
class Case:
    """One selected example."""

    example_id: str
    dataset: str
    task: Task
    split: str
    user_id: str
    topic_id: str
    input: str
    target: str
    reviews: dict[AgentName, list[ReviewLine]]  # best first; empty where retrieval found nothing

    def prompt(self, agent: AgentName, other: str | None = None) -> str | None:
        """What the agent is asked about this example; None where there is nothing to summarize.

        `other` is the other agent's summary of the round before.
        """
        reviews = self.reviews[agent]
        return AGENTS[agent].format_input(self.task, self.input, reviews, other) if reviews else None


def load_cases(
    con: duckdb.DuckDBPyConnection,
    splits: Sequence[str] | None = None,
    contexts: Mapping[AgentName, str] = CONTEXTS,
) -> list[Case]:
    """Selected examples of the splits (default: all), sorted by id, with their contexts in order of rank.

    `contexts` names the table that each agent reads, or the variant of one (`variant_of`); an agent that it
    leaves out is shown nothing.
    """
    selected = tables.read(con, EXAMPLES, {"is_selected": True}).sort("example_id")
    if splits is not None:
        selected = selected.filter(pl.col("split").is_in(splits))
    shown = {agent: _reviews_by_example(con, table) for agent, table in contexts.items()}
    return [
        Case(
            example_id=row["example_id"],
            dataset=row["dataset"],
            task=row["task"],
            split=row["split"],
            user_id=row["user_id"],
            topic_id=row["topic_id"],
            input=row["input"] or "",
            target=row["target"] or "",
            reviews={agent: shown.get(agent, {}).get(row["example_id"], []) for agent in CONTEXTS},
        )
        for row in selected.iter_rows(named=True)
    ]


def variant_of(agent: AgentName, variant: str) -> str:
    """How `load_cases` is asked for a variant of an agent's context instead of the usual table."""
    return f"{VARIANTS}:{agent}:{variant}"


def _reviews_by_example(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, list[ReviewLine]]:
    name, _, variant = table.partition(":")
    rows = tables.read(
        con, name, dict(zip(("agent", "variant"), variant.split(":"), strict=True)) if variant else None
    )
    return review_lines(rows, con.table(REVIEWS).select("review_id", "title", "text", "rating").pl())


def review_lines(rows: pl.DataFrame, reviews: pl.DataFrame) -> dict[str, list[ReviewLine]]:
    """What an agent is shown of each example, best first: rows of its context with the reviews."""
    if "is_aligned" not in rows.columns:
        rows = rows.with_columns(is_aligned=pl.lit(False))
    told = reviews.select("review_id", "title", "text", "rating")
    rows = rows.select("example_id", "rank", "review_id", "is_aligned").join(told, on="review_id")
    found: dict[str, list[ReviewLine]] = {}
    for row in rows.sort("example_id", "rank").iter_rows(named=True):
        line = ReviewLine(
            row["title"] or "", row["text"] or "", row["rating"], row["is_aligned"], row["review_id"]
        )
        found.setdefault(row["example_id"], []).append(line)
    return found


def flagged_users(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Ids that the audit does not believe to be one person, sorted: no donors, no history, no authors."""
    return tables.read(con, "feature.user_audit", {"is_flagged": True})["user_id"].to_list()
