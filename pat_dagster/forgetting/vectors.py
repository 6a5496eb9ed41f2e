"""The vector store: rows by id, and whole tables written anew, because Lance only marks what is deleted."""

from __future__ import annotations

from typing import Final

from models.retrieval.store import VectorStore
from models.retrieval.vectors import REVIEWS, TITLES, TOPICS, USERS
from pat_dagster.forgetting.subject import Subject
from pat_dagster.settings import Settings

# what the ids of a table are of; topics are means over reviews, those of the users included
KINDS: Final = {REVIEWS: "review", TITLES: "review", USERS: "user", TOPICS: "topic"}


def count(settings: Settings, subject: Subject) -> dict[str, int]:
    """Vectors that would go, by table."""
    found = {}
    for table, ids in _ids(subject).items():
        store = VectorStore(settings.vectors_path)
        if table in store.tables() and (n := store.count(table, ids)):
            found[f"vectors.{table}"] = n
    return found


def clear(settings: Settings, subject: Subject) -> None:
    """Write every table of the store anew without the users' vectors, and nothing else of its history."""
    store = VectorStore(settings.vectors_path)
    wanted = _ids(subject)
    for table in store.tables():
        store.rewrite(table, without=wanted.get(table, [*subject.user_ids, *subject.reviews]))


def _ids(subject: Subject) -> dict[str, list[str]]:
    ids = {"review": list(subject.reviews), "user": list(subject.user_ids), "topic": list(subject.averaged)}
    return {table: ids[kind] for table, kind in KINDS.items()}
