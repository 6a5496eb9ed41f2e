"""Examples with what their agents are shown, as the stages of an iteration need them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import polars as pl

from models.agents import AGENTS, ReviewLine
from models.agents.agents import AgentName
from pat_dagster import tables

EXAMPLES, REVIEWS = "feature.examples", "staging.reviews"
CONTEXTS: dict[AgentName, str] = {"style": "context.style_reviews", "topic": "context.topic_reviews"}


@dataclass(frozen=True)
class Case:
    """One selected example."""

    example_id: str
    split: str
    input: str
    target: str
    reviews: dict[AgentName, list[ReviewLine]]  # best first; empty where retrieval found nothing

    def prompt(self, agent: AgentName) -> str:
        """What the agent is asked about this example."""
        return AGENTS[agent].format_input(self.input, self.reviews[agent])


def load_cases(con: duckdb.DuckDBPyConnection, splits: Sequence[str] | None = None) -> list[Case]:
    """Selected examples of the splits (default: all), sorted by id, with their contexts in order of rank."""
    selected = tables.read(con, EXAMPLES, {"is_selected": True}).sort("example_id")
    if splits is not None:
        selected = selected.filter(pl.col("split").is_in(splits))
    shown = {agent: _reviews_by_example(con, table) for agent, table in CONTEXTS.items()}
    return [
        Case(
            example_id=row["example_id"],
            split=row["split"],
            input=row["input"] or "",
            target=row["target"] or "",
            reviews={agent: shown[agent].get(row["example_id"], []) for agent in CONTEXTS},
        )
        for row in selected.iter_rows(named=True)
    ]


def _reviews_by_example(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, list[ReviewLine]]:
    context, reviews = con.table(table), con.table(REVIEWS)
    rows = context.join(reviews, "review_id").select("example_id", "rank", "title", "text").pl()
    found: dict[str, list[ReviewLine]] = {}
    for example_id, _, title, text in rows.sort("example_id", "rank").iter_rows():
        found.setdefault(example_id, []).append(ReviewLine(title or "", text or ""))
    return found
