"""What a night does next, decided from what is written down: `pat nightly` and the sensors ask the same.

A night is a chain of runs: `refresh`, then whatever `next_step` names until it names nothing. Every decision
looks at the tables alone, so a night that was killed goes on in the next one, wherever it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pat_dagster.jobs import (
    ANSWER_JOB,
    ASSESS_JOB,
    PUBLISH_JOB,
    REFRESHED,
    RESULTS_JOB,
    RETRAIN_JOB,
    ROLLOUT_JOB,
)
from pat_dagster.partitions import iteration_key

# Runs of a night: refresh, rollout, retrain, answer, publish, and room to end what was cut off before.
MOST_STEPS: Final = 8
NOTHING_ROLLED_OUT: Final = "no agent rolled out anything"


@dataclass(frozen=True)
class Made:
    """The newest row of the ledger of one table or partition."""

    table: str
    iteration: str | None
    content_sha256: str
    upstream: Mapping[str, str]  # table -> the content it was made from
    was_finished: bool = True


@dataclass(frozen=True)
class Readiness:
    """What preference.readiness says of one agent."""

    agent: str
    is_ready: bool
    reason: str


@dataclass(frozen=True)
class Standing:
    """How far a home has come.

    iteration: the newest one that was rolled out; None without any. new_evidence: tables that are not what it
    was rolled out from. rollout, training, results: its tables that are missing, or made from other contents
    than are there now. readiness: of its agents. to_retrain: policies in use that must not stay.
    open_requests: asked and not answered. is_published: whether readers see all of this.
    """

    iteration: str | None = None
    new_evidence: tuple[str, ...] = ()
    rollout: tuple[str, ...] = ()
    training: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    readiness: tuple[Readiness, ...] = ()
    to_retrain: tuple[str, ...] = ()
    open_requests: int = 0
    is_published: bool = True


@dataclass(frozen=True)
class Step:
    """A run to start: its job, its partition, and why; `job` None says that the night is over."""

    job: str | None
    iteration: str | None
    reason: str


def next_step(now: Standing) -> Step:
    """The next run of a night, or that there is none."""
    if now.iteration is None:
        return Step(ROLLOUT_JOB, iteration_key(0), "no iteration was rolled out yet")
    if now.rollout or now.training or now.results:
        return _finish(now, now.iteration)
    if now.new_evidence or now.to_retrain:
        changed = f"{_and(now.new_evidence)} changed since iteration {now.iteration} was rolled out"
        marked = f"{_and(now.to_retrain)} must be trained anew"
        why = "; ".join([changed] * bool(now.new_evidence) + [marked] * bool(now.to_retrain))
        return Step(ROLLOUT_JOB, iteration_key(int(now.iteration) + 1), why)
    if now.open_requests:
        noun = "request is" if now.open_requests == 1 else "requests are"
        return Step(ANSWER_JOB, None, f"{now.open_requests:,} {noun} not answered yet")
    if not now.is_published:
        return Step(PUBLISH_JOB, None, "readers do not see all of it yet")
    return Step(None, None, "nothing is left to do")


def _finish(now: Standing, iteration: str) -> Step:
    """An iteration that was begun is ended before another one begins."""
    if now.rollout:
        return Step(ROLLOUT_JOB, iteration, f"its rollout was not finished: {_and(now.rollout)}")
    if now.training and now.new_evidence:  # nothing was learned from what is no longer so
        why = f"it was not trained, and {_and(now.new_evidence)} changed since"
        return Step(ROLLOUT_JOB, iteration, why)
    reasons = "; ".join(f"{one.agent}: {one.reason}" for one in now.readiness) or NOTHING_ROLLED_OUT
    if now.training and any(one.is_ready for one in now.readiness):
        return Step(RETRAIN_JOB, iteration, reasons)
    if now.training:
        return Step(ASSESS_JOB, iteration, reasons)
    return Step(RESULTS_JOB, iteration, f"its results are not finished: {_and(now.results)}")


def newest(ledger: Iterable[Made]) -> dict[tuple[str, str | None], Made]:
    """The last row of every table and partition, of rows in the order they were written."""
    found: dict[tuple[str, str | None], Made] = {}
    for row in ledger:
        found.pop((row.table, row.iteration), None)  # so that the order is that of the last rows
        found[row.table, row.iteration] = row
    return found


def outdated(
    tables: Iterable[str],
    iteration: str,
    rows: Mapping[tuple[str, str | None], Made],
    *,
    missing: bool = True,
) -> tuple[str, ...]:
    """Tables, or their partition `iteration`, that are not made from what the same iteration holds now.

    missing: whether a table without a row counts; rows: see `newest`. Tables that the night renews first do
    not count among what a table is made from.
    """
    found = []
    for table in tables:
        row = _row(table, iteration, rows)
        if row is None:
            found += [table] if missing else []
        elif not row.was_finished or any(name.split(".")[0] not in REFRESHED for name in changed(row, rows)):
            found.append(table)
    return tuple(found)


def changed(row: Made, rows: Mapping[tuple[str, str | None], Made]) -> tuple[str, ...]:
    """Upstream tables that do not hold what `row` was made from, sorted."""
    return tuple(
        table
        for table, content in sorted(row.upstream.items())
        if (now := _content(table, row.iteration, rows)) is not None and now != content
    )


def _row(table: str, iteration: str, rows: Mapping[tuple[str, str | None], Made]) -> Made | None:
    return rows.get((table, None)) or rows.get((table, iteration))


def _content(table: str, iteration: str | None, rows: Mapping[tuple[str, str | None], Made]) -> str | None:
    """What a table holds: as a whole, in the partition asked for, or in the one that was written last."""
    if iteration is not None:
        row = _row(table, iteration, rows)
        return row.content_sha256 if row else None
    of_table = [row for (name, _), row in rows.items() if name == table]
    return of_table[-1].content_sha256 if of_table else None


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else list(names))
