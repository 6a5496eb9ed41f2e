"""What is kept of one arm's answers: rows of the evaluation tables, less iteration and arm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import duckdb
import polars as pl

from pat_dagster import tables
from pat_dagster.arms.written import USUAL, Written
from pat_dagster.cases import CONTEXTS, Case

Row: TypeAlias = dict[str, Any]
Answers: TypeAlias = Sequence[tuple[Case, Written]]
NUMBERS = {"style": ["similarity"], "topic": ["alignment", "relevance", "source", "distance"]}


def text_rows(answers: Answers) -> list[Row]:
    """Rows of evaluation.predictions."""
    return [
        {
            "example_id": case.example_id,
            "text": one.text,
            "style_summary": one.style,
            "topic_summary": one.topic,
            "prompt_tokens": one.prompt_tokens,
            "completion_tokens": one.completion_tokens,
        }
        for case, one in answers
    ]


def evidence_rows(con: duckdb.DuckDBPyConnection, answers: Answers) -> list[Row]:
    """Rows of evaluation.evidence, with the numbers by which the usual contexts chose a review."""
    known = _numbers(con, answers)
    rows: list[Row] = []
    for case, one in answers:
        calls = {call.role: call for call in one.calls}
        for role, reviews in one.shown.items():
            source, usual = case.example_id, False
            if role in calls:
                source, usual = calls[role].source or source, calls[role].context == USUAL
            for rank, review_id in enumerate(reviews, start=1):
                numbers = known[role, source, review_id] if usual else {}
                row = {"example_id": case.example_id, "role": role, "rank": rank, "review_id": review_id}
                rows.append(row | {"source_example_id": source} | numbers)
    return rows


def call_rows(answers: Answers) -> list[Row]:
    """Rows of evaluation.calls."""
    return [
        {
            "example_id": case.example_id,
            "place": place,
            "role": call.role,
            "step": call.step,
            "policy_id": call.policy_id,
            "source_example_id": call.source or case.example_id,
            "context": call.context,
            "prompt": call.prompt,
            "text": call.text,
            "parse_error": call.error,
            "prompt_tokens": call.reply.prompt_tokens,
            "completion_tokens": call.reply.completion_tokens,
        }
        for case, one in answers
        for place, call in enumerate(one.calls, start=1)
    ]


def _numbers(con: duckdb.DuckDBPyConnection, answers: Answers) -> dict[tuple[str, str, str], Row]:
    """(role, example, review) -> the numbers of its row in the context table; nothing is read for others."""
    sources: dict[str, set[str]] = {}
    for case, one in answers:
        for call in one.calls:
            if call.context == USUAL:
                sources.setdefault(call.role, set()).add(call.source or case.example_id)
    found: dict[tuple[str, str, str], Row] = {}
    for role, names in NUMBERS.items():
        if role not in sources:
            continue
        rows = tables.read(con, CONTEXTS[role])  # type: ignore[index]
        rows = rows.filter(pl.col("example_id").is_in(sorted(sources[role])))
        for row in rows.iter_rows(named=True):
            found[role, row["example_id"], row["review_id"]] = {name: row[name] for name in names}
    return found
