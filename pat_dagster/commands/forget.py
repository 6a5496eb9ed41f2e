"""`pat forget`: everything of a user out of the home, for good."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Annotated

import typer

from models.errors import InputError, WorkError
from pat_dagster import run_lock
from pat_dagster.commands.options import Home, settings_of
from pat_dagster.console import say, text_table
from pat_dagster.forgetting import journal, work
from pat_dagster.forgetting.subject import Row, Subject
from pat_dagster.settings import Settings

PLACES = ("rows in the job's own files", "in published files and snapshots")
LOGS = "(event logs of Dagster)"
SHOWN_ROWS = 20  # rows of one file that are named; the number of the others follows


def forget(
    user: Annotated[
        list[str] | None,
        typer.Option(
            "--user",
            metavar="ID",
            help="Whom to forget, with or without the dataset in front; repeatable. Left out: finish what "
            "was stopped.",
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option("--dataset", metavar="NAME", help="Whose user, where several datasets know the id."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would go, and change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: Home = None,
) -> None:
    """Remove a user: reviews, vectors, everything made of them, in every table and file of the home.

    Rows of others go too where a model had read the user's texts; the next `pat run` or `pat nightly` makes
    them again from what is left. Policies trained on the user's texts are no longer used, their weights are
    deleted, and the next run trains others. Of the user a salted hash is kept, so that the same file cannot
    bring them back: its rows are then rejected, without their text. Your own files are not touched; the rows
    to remove there are listed.

    Stopped halfway, `pat forget` without a name finishes it; until then nothing else may write.

    Examples:

      pat forget --user u1 --dry-run

      pat forget --user u1 --user u2 --dataset shop --yes
    """
    settings = settings_of(home)
    if not settings.warehouse_path.exists():
        raise WorkError(
            "no warehouse here", step=str(settings.home), remedy="`pat run` makes one; --home says where else"
        )
    run_lock.take(settings, "pat forget")
    try:
        _forget(settings, user or [], dataset, dry_run=dry_run, yes=yes)
    finally:
        run_lock.release(settings)


def _forget(
    settings: Settings, names: Sequence[str], dataset: str | None, *, dry_run: bool, yes: bool
) -> None:
    unfinished = journal.read(settings)
    if unfinished is not None and not dry_run:
        say("finishing what was stopped")
        work.execute(settings, unfinished, say)
        say(sources(unfinished.sources))
        _end(settings, unfinished)
    if not names:
        if unfinished is None:
            raise InputError("nothing was stopped, and no user is named", remedy="pat forget --user ID")
        return
    plan = work.plan(settings, names, dataset)
    if plan.is_done:
        say(f"{len(plan.subject.users):,} users, forgotten before; nothing of them is left here")
        return
    say(shown(plan))
    if dry_run:
        say("\nnothing was changed")
        return
    if not yes:
        _ask(plan.subject)
    work.execute(settings, plan.subject, say)
    _end(settings, plan.subject)


def shown(plan: work.Plan) -> str:
    """What would go, and where the texts stay."""
    subject = plan.subject
    parts = [text_table(["what", *PLACES], _counts(plan.rows))] if plan.rows else []
    if plan.paths:
        parts.append("files and folders that go: " + ", ".join(plan.paths))
    if subject.touched:
        parts.append(
            f"{len(subject.touched):,} texts for others were made of theirs; the next run writes them again"
        )
    if subject.policies:
        told = "\n".join(f"  {policy}: {reason}" for policy, reason in subject.policies)
        parts.append(f"policies that are no longer used and wait for retraining:\n{told}")
    return "\n\n".join([*parts, sources(subject.sources)] if subject.sources else parts)


def _counts(held: Mapping[str, Mapping[str, int]]) -> list[list[object]]:
    """One line per table: its rows in the warehouse and in the published files; logs of Dagster as one."""
    found: dict[str, list[int]] = {}
    for place, tables in held.items():
        for table, n in tables.items():
            line = found.setdefault(LOGS if place == "dagster" else table, [0, 0])
            line[0 if place in ("warehouse.duckdb", "vectors", "dagster") else 1] += n
    return [[table, *(n or None for n in line)] for table, line in sorted(found.items())]


def sources(rows: Sequence[Row]) -> str:
    """Files outside the home, with the rows in which somebody's texts still stand."""
    lines = ["your own files are not touched, and still hold their texts:"]
    for (dataset, file), group in groupby(sorted(rows), key=lambda row: (row.dataset, row.file)):
        numbers = [f"{row.row:,}" for row in group]
        more = f" and {len(numbers) - SHOWN_ROWS:,} more" if len(numbers) > SHOWN_ROWS else ""
        lines.append(f"  {dataset}: {file}, rows {', '.join(numbers[:SHOWN_ROWS])}{more}")
    return "\n".join(lines)


def _ask(subject: Subject) -> None:
    if not sys.stdin.isatty():
        raise InputError("nobody can be asked here", remedy="add --yes, or look first with --dry-run")
    typer.confirm(f"\nForget {len(subject.users):,} users? It cannot be undone", abort=True)


def _end(settings: Settings, subject: Subject) -> None:
    if found := work.exported_elsewhere(settings, subject):
        say(
            f"exports elsewhere hold their texts until `pat export --to` writes them anew: {', '.join(found)}"
        )
    if found := work.strangers(settings, subject):
        raise WorkError(
            f"files below the home that are not pat's still hold their texts: {', '.join(found)}",
            step="pat forget",
            remedy="remove or move them; everything else is done",
        )
    say(f"{len(subject.users):,} users forgotten; `pat run` or `pat nightly` makes again what others lost")
