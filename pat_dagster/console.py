"""What the command line shows: tables of text, and one line per finished asset while a job runs."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from tqdm import tqdm

from models.printable import printable, printable_line

if TYPE_CHECKING:
    from dagster import DagsterEvent, EventLogEntry

CELL = 60  # characters of one cell; a review can be 10,000 long

STAGES = {
    "raw": "Read the sources",
    "staging": "Clean and split",
    "vectors": "Embed texts",
    "feature": "Examples and style vectors",
    "context": "Retrieve evidence",
    "rollout": "Summaries, drafts and rewards",
    "preference": "Preference pairs",
    "policy": "Train and promote",
    "request": "Answer requests",
    "evaluation": "Evaluate the arms",
    "mart": "Results",
    "ops": "Bookkeeping",
    "published": "Publish",
}


def say(line: str = "") -> None:
    """One line on stdout that does not tear a progress bar; what a terminal would obey is written out."""
    tqdm.write(printable(line))


def on_screen(text: str) -> str:
    """What is also read by programs: as it is in a file or a pipe, printable on a terminal."""
    return printable(text) if sys.stdout.isatty() else text


def text_table(headers: Sequence[str], rows: Iterable[Sequence[object]], cell: int = CELL) -> str:
    """Aligned columns under a ruled header; numbers to the right, cells cut at `cell` characters."""
    body = [list(row) for row in rows]
    numeric = [
        bool(body) and all(row[i] is None or _is_number(row[i]) for row in body) for i in range(len(headers))
    ]
    names = [printable_line(name) for name in headers]
    cells = [names, *([_cell(value, cell) for value in row] for row in body)]
    widths = [max(cell_len(row[i]) for row in cells) for i in range(len(headers))]
    lines = [
        "  ".join(
            _padding(text, width) + text if right else text + _padding(text, width)
            for text, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _padding(text: str, width: int) -> str:
    return " " * (width - cell_len(text))  # a wide letter takes two columns, a combining mark none


def _cell(value: object, most: int) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}" if math.isfinite(value) else str(value)
    text = printable_line(" ".join(str(value).split()))
    if len(text) <= most and cell_len(text) <= most:
        return text
    cut = text[: most - 1]
    return (set_cell_size(cut, most - 1).rstrip() if cell_len(cut) >= most else cut) + "…"


class Reporter:
    """Listens to a Dagster run and prints stages, finished tables and failed checks as they happen."""

    def __init__(self) -> None:
        self._stage = ""
        self._since: dict[str, float] = {}

    def __call__(self, entry: EventLogEntry) -> None:
        """Take one entry of the event log."""
        event = entry.dagster_event
        if event is None:
            return
        step = event.step_key or ""
        if event.event_type_value == "STEP_START":
            self._since[step] = entry.timestamp
        elif event.event_type_value == "ASSET_MATERIALIZATION":
            self._materialized(event, entry.timestamp - self._since.get(step, entry.timestamp))
            self._since[step] = entry.timestamp  # a step with several assets: each counts its own time
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            self._checked(event)
        elif event.event_type_value == "STEP_UP_FOR_RETRY":
            self._again(event, step)

    def _again(self, event: DagsterEvent, step: str) -> None:
        retry = event.step_retry_data
        cause = retry.error.cause if retry.error else None
        why = f": {' '.join(cause.message.split())}" if cause else ""
        say(f"  again in {retry.seconds_to_wait or 0:.0f} s: {step.replace('__', '.')}{why}")

    def _materialized(self, event: DagsterEvent, seconds: float) -> None:
        if event.asset_key is None:
            return
        path = event.asset_key.path
        if path[0] != self._stage and path[0] in STAGES:
            self._stage = path[0]
            say(f"\n{STAGES[self._stage]}")
        metadata = event.step_materialization_data.materialization.metadata
        rows = next((metadata[key].value for key in ("dagster/row_count", "rows") if key in metadata), None)
        amount = f"{rows:>12,} rows" if isinstance(rows, int) else " " * 17
        spent = f"{'unchanged':>11}" if "unchanged" in metadata else f"{seconds:>9.1f} s"
        say(f"  {'.'.join(path):<32}{amount}{spent}")

    def _checked(self, event: DagsterEvent) -> None:
        evaluation = event.asset_check_evaluation_data
        if evaluation.passed:
            return
        bad = next(
            (entry.value for key, entry in evaluation.metadata.items() if key in {"bad_rows", "rows"}), None
        )
        count = f": {bad:,} bad rows" if isinstance(bad, int) else ""
        name = evaluation.check_name.replace("_", " ")
        level = "FAILED" if evaluation.severity.value == "ERROR" else "warning"
        say(f"  {level:<8}{'.'.join(evaluation.asset_key.path)}: {name}{count}")
