"""The report's charts as images for Dagster's UI: each hangs on the table that its query names as `asset`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import duckdb

from models.errors import WorkError
from pat_dagster import charts
from pat_dagster.html_report import views
from pat_dagster.html_report.cells import finite
from pat_dagster.html_report.queries import Answer, Row, ask, load_queries
from pat_dagster.plots import markdown_image


def figures(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Markdown by name of the chart, for one table of an open warehouse; what cannot be drawn says why."""
    found = {}
    for name, query in load_queries().items():
        if query.asset == table:
            try:
                answer = ask(con, query)
            except WorkError as error:  # a chart is no reason to lose the table it shows
                found[name] = f"Not drawn: {error}"
                continue
            found[name] = answer.absent or draw(answer)
    return found


def draw(answer: Answer) -> str:
    """Markdown: an image for each dataset and task (or dataset alone) of the answer."""
    columns = [name for name in ("dataset", "task") if name in answer.query.columns]
    panes: dict[str, list[Row]] = {}
    for row in answer.rows:
        panes.setdefault(", ".join(str(row[name]) for name in columns), []).append(row)
    parts = [f"**{answer.query.title}**"]
    for title, rows in panes.items():
        image = DRAWN[answer.query.name](rows)
        parts.append(markdown_image(image, f"{answer.query.title}: {title}"))
        parts.append(f"{title}; numbers: `{answer.query.file}`")
    return "\n\n".join(parts) if panes else f"{parts[0]}: no rows yet"


def _board(rows: Sequence[Row]) -> str:
    return _dots([(str(rows[0]["metric"]), views.board(rows))], "mean")


def _personal(rows: Sequence[Row]) -> str:
    kinds = views.groups(rows, "metric")
    return _dots([(metric, views.likeness(found, metric)) for metric, found in kinds], "mean")


def _tests(rows: Sequence[Row]) -> str:
    return _dots([("difference", views.tests(rows))], "diff")


def _history(rows: Sequence[Row]) -> str:
    return _lines([(str(rows[0]["metric"]), views.line_chart(rows, "history_bucket", "arm"))])


def _coverage(rows: Sequence[Row]) -> str:
    return _lines([("reviews shown", views.line_chart(rows, "history_bucket", "evidence"))])


def _iterations(rows: Sequence[Row]) -> str:
    kinds = views.groups(rows, "metric")
    return _lines([(metric, views.line_chart(found, "iteration", "arm")) for metric, found in kinds])


def _rewards(rows: Sequence[Row]) -> str:
    named = {
        "mean_greedy_reward": "gain by a summary",
        "mean_words": "words",
        "mean_copied_run": "copied run",
    }
    return _lines(
        [(title, views.line_chart(rows, "iteration", "agent", column)) for column, title in named.items()]
    )


DRAWN: Final[Mapping[str, Callable[[Sequence[Row]], str]]] = {
    "leaderboard": _board,
    "personal": _personal,
    "verdict_tests": _tests,
    "history": _history,
    "coverage": _coverage,
    "iterations": _iterations,
    "rewards": _rewards,
}


def _dots(panels: Sequence[tuple[str, views.Strips]], value: str) -> str:
    return charts.standalone_dots(
        [
            (title, str(drawn.axis), [(_name(row), _number(row[value]), str(svg)) for row, svg in drawn.rows])
            for title, drawn in panels
        ]
    )


def _lines(panels: Sequence[tuple[str, views.Lines]]) -> str:
    return charts.standalone_lines([(title, str(drawn.svg), drawn.legend) for title, drawn in panels])


def _name(row: Row) -> str:
    claim = row.values.get("claim")
    return str(row["arm"]) if claim is None else f"{claim} {row['test']}"


def _number(value: Any) -> str:
    known = finite(value)
    return "" if known is None else f"{known:.3f}"
