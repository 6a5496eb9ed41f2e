"""`pat forget` from end to end: find, write down, remove, write files anew, look again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.errors import WorkError
from pat_dagster import tables
from pat_dagster.forgetting import databases, files, finding, instance, journal, ledger, vectors
from pat_dagster.forgetting.registry import forgotten_users
from pat_dagster.forgetting.subject import Subject
from pat_dagster.resources.warehouse import open_database
from pat_dagster.settings import Settings


@dataclass(frozen=True)
class Plan:
    """What forgetting would remove: rows by place and table, files; known: who was forgotten before."""

    subject: Subject
    rows: dict[str, dict[str, int]]
    paths: list[str]
    known: tuple[str, ...]

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return not self.rows and not self.paths and set(self.known) == set(self.subject.user_ids)


def plan(settings: Settings, names: Sequence[str], dataset: str | None) -> Plan:
    """Look at everything, change nothing; InputError for a name that nobody has."""
    with databases.opened(settings) as connections:
        warehouse = next(iter(connections.values()))
        already = forgotten_users(warehouse, settings)
        users = finding.resolve(warehouse, names, dataset, already)
        subject = finding.find(connections, users)
        rows = {name: databases.count(con, subject) for name, con in connections.items()}
    rows["vectors"] = vectors.count(settings, subject)
    rows["dagster"] = instance.count(settings, subject.traces)
    paths = [*files.weights(settings, subject), *files.made(settings, subject.traces)]
    return Plan(
        subject,
        {place: held for place, held in rows.items() if held},
        [str(path.relative_to(settings.home)) for path in paths],
        tuple(user for user in subject.user_ids if already.holds(user)),
    )


def execute(settings: Settings, subject: Subject, say: Callable[[str], None]) -> None:
    """Remove everything, so that a kill at any moment leaves a journal from which it is finished.

    The home must be held (run_lock). WorkError when something could not be removed; then the journal stays.
    """
    journal.write(settings, subject)
    for title, step in STEPS:
        say(title)
        try:
            step(settings, subject)
        except sqlite3.OperationalError as error:
            raise WorkError(
                f"Dagster's own files are in use: {error}",
                step=title,
                remedy="stop the Dagster UI and its daemon, then `pat forget` without a name",
            ) from error
    journal.close(settings)


def strangers(settings: Settings, subject: Subject) -> list[str]:
    """Files below the home that are not pat's, or a source there, and hold a trace."""
    return [str(path) for path in files.remaining(settings, subject.traces, [settings.forget_journal_path])]


def exported_elsewhere(settings: Settings, subject: Subject) -> list[str]:
    """Folders outside the home to which texts of theirs were exported."""
    return [str(path) for path in files.exported_elsewhere(settings, subject.traces)]


def _warehouse(settings: Settings, subject: Subject) -> None:
    databases.clear_warehouse(settings, subject)
    databases.rewrite(settings.warehouse_path)


def _published(settings: Settings, subject: Subject) -> None:
    for file in databases.files(settings):
        if settings.warehouse_path not in file.names:
            databases.clear_published(file, subject)


def _vectors(settings: Settings, subject: Subject) -> None:
    vectors.clear(settings, subject)
    with open_database(settings.warehouse_path) as con, tables.transaction(con):
        ledger.note_vectors(con, settings)


def _files(settings: Settings, subject: Subject) -> None:
    files.clear(
        [
            *files.weights(settings, subject),
            *files.made(settings, subject.traces),
            *files.leftovers(settings),
        ]
    )


def _instance(settings: Settings, subject: Subject) -> None:
    instance.clear(settings, subject.traces)


def _look_again(settings: Settings, subject: Subject) -> None:
    """Nobody trusts a removal that was not looked for afterwards."""
    left = {}
    with databases.opened(settings) as connections:
        for name, con in connections.items():
            left[name] = databases.count(con, subject)
    left["vectors"] = vectors.count(settings, subject)
    left["dagster"] = instance.count(settings, subject.traces)
    found = [f"{place}: {name}" for place, held in left.items() for name in held]
    if found:
        raise WorkError(
            f"still there after it was removed: {', '.join(found)}",
            step="pat forget",
            remedy="run it again; if that does not help it is a defect of this program",
        )


STEPS: tuple[tuple[str, Callable[[Settings, Subject], None]], ...] = (
    ("warehouse: rows removed, file written anew", _warehouse),
    ("published file and snapshots: rows removed, files written anew", _published),
    ("vectors written anew", _vectors),
    ("weights, reports and exports deleted", _files),
    ("logs of Dagster cleaned", _instance),
    ("looked for what is left", _look_again),
)
