"""Tables and vectors against each other: each as it was recorded, none older than what it was made from."""

from __future__ import annotations

import json
from collections.abc import Iterator

import duckdb

from models import progress
from models.errors import WorkError
from models.retrieval.store import VectorStore
from models.retrieval.vectors import REVIEWS, TITLES, TOPICS, USERS
from pat_dagster import tables
from pat_dagster.doctor.findings import Finding, named
from pat_dagster.doctor.ledger import Rows, newest_rows
from pat_dagster.resources.warehouse import open_database, prepare, recipe_in_force
from pat_dagster.settings import Settings

AGAIN = "`pat run` makes them again"


def tables_in_step(settings: Settings) -> Iterator[Finding]:
    """Every table holds the rows that were recorded, made from the rows that its upstream tables hold now.

    An older iteration was made from older rows and stays as it is: only the newest one is looked at.
    """
    newest = newest_rows(settings.warehouse_path)
    with open_database(settings.warehouse_path, read_only=True) as con:
        prepare(con, recipe_in_force(settings))
        missing, altered = _compare(con, newest)
    if missing:
        yield Finding("FAIL", "tables", f"recorded, but gone: {named(missing)}", AGAIN)
    if altered:
        detail = f"rows are not the recorded ones: {named(altered)}; written by hand, or by a run cut off"
        yield Finding("FAIL", "tables", detail, AGAIN)
    begun = {
        table for (table, _), row in newest.items() if row.get("recipe_sha256") and not row["inputs_sha256"]
    }
    if begun:
        yield Finding("WARN", "tables", f"begun and not finished: {named(begun)}", AGAIN)
    older = _older(newest)
    if older:
        changed = named(sorted({f"{table} ({', '.join(since)} changed)" for table, since in older.items()}))
        yield Finding("WARN", "tables", f"made from earlier rows: {changed}", AGAIN)
    if not (missing or altered or begun or older):
        yield Finding("OK", "tables", f"{len(newest)} as recorded, in step with what they were made from")


def _compare(con: duckdb.DuckDBPyConnection, newest: Rows) -> tuple[set[str], set[str]]:
    """(tables that are gone, tables with other rows than were recorded)."""
    missing: set[str] = set()
    altered: set[str] = set()
    for (table, iteration), row in progress.track(newest.items(), "tables", unit="tables"):
        if table.startswith("vectors."):
            continue
        if not tables.column_types(con, table):
            missing.add(table)
        elif tables.fingerprint(con, table, iteration)[0] != row["content_sha256"]:
            altered.add(table)
    return missing, altered


def _older(newest: Rows) -> dict[str, list[str]]:
    """Table -> the upstream tables that were written with other rows since; of the newest iteration."""
    last = max((iteration for _, iteration in newest if iteration is not None), default=None)
    now = {
        table: row["content_sha256"]
        for (table, iteration), row in newest.items()
        if iteration in (None, last)
    }
    older: dict[str, list[str]] = {}
    for (table, iteration), row in newest.items():
        if iteration not in (None, last):
            continue
        made_from: dict[str, str] = json.loads(row["upstream_versions"])
        if since := sorted(name for name, sha256 in made_from.items() if now.get(name, sha256) != sha256):
            older[table] = since
    return older


def vectors_in_step(settings: Settings) -> Iterator[Finding]:
    """Every table of the vector store opens, holds one vector per id, and the ids of staging.reviews."""
    newest = newest_rows(settings.warehouse_path)
    if ("staging.reviews", None) not in newest or not settings.vectors_path.exists():
        yield Finding("OK", "vectors", "none yet")
        return
    with open_database(settings.warehouse_path, read_only=True) as con:
        reviews = tables.read(con, "staging.reviews", {"is_shared_text": False})
    ids = {
        REVIEWS: set(reviews["review_id"]),
        TITLES: set(reviews["review_id"]),
        TOPICS: set(reviews["topic_id"]),
        USERS: None,  # those with own texts that are not blank
    }
    faults = 0
    for table, wanted in ids.items():
        found = list(_vectors(settings, table, wanted, newest))
        faults += len(found)
        yield from found
    if not faults:
        yield Finding("OK", "vectors", f"{', '.join(ids)} in step with staging.reviews")


def _vectors(settings: Settings, table: str, wanted: set[str] | None, newest: Rows) -> Iterator[Finding]:
    name, remedy = f"vectors.{table}", "`pat run` embeds what is missing or changed"
    try:
        stored = VectorStore(settings.vectors_path).load(table)
    except WorkError as error:
        yield Finding("FAIL", name, error.reason, remedy)
        return
    if wanted is not None:
        missing, extra = wanted - set(stored.ids), set(stored.ids) - wanted
        if missing or extra:
            detail = f"{len(missing)} ids of staging.reviews without a vector, {len(extra)} vectors of others"
            yield Finding("FAIL", name, detail, remedy)
            return
    recorded = newest.get((name, None))
    if recorded is not None and stored.sha256() != recorded["content_sha256"]:
        again = f"remove {settings.vectors_path / table}.lance; `pat run` embeds all of it again"
        yield Finding("FAIL", name, "the vectors are not the recorded ones", again)
