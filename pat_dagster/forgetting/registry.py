"""Who was forgotten: `ops.forgotten` and the salt beside the warehouse."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from models.errors import WorkError
from models.sources.forgotten import NOBODY, Forgotten, forgotten, salted
from pat_dagster import tables
from pat_dagster.settings import Settings

TABLE = "ops.forgotten"
SALT_BYTES = 32  # the key length of the hash


def forgotten_users(con: duckdb.DuckDBPyConnection, settings: Settings) -> Forgotten:
    """Who may not come back; WorkError when the salt is gone, because nobody could be recognized."""
    if not tables.column_types(con, TABLE):
        return NOBODY
    rows = tables.read(con, TABLE).select("dataset", "user_hash").rows()
    return forgotten(read_salt(settings.salt_path), rows) if rows else NOBODY


def remember(
    con: duckdb.DuckDBPyConnection, settings: Settings, users: Sequence[tuple[str, str]]
) -> list[str]:
    """Add (dataset, user id) to `ops.forgotten`, inside the caller's transaction; ids that were not in it."""
    tables.ensure_table(con, TABLE)
    salt = make_salt(settings.salt_path)
    known = forgotten(salt, tables.read(con, TABLE).select("dataset", "user_hash").rows())
    new = [(dataset, user) for dataset, user in users if not known.holds(user)]
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        {"dataset": dataset, "user_hash": salted(salt, user), "forgotten_at": now} for dataset, user in new
    ]
    if rows:
        tables.append(con, TABLE, pl.DataFrame(rows))
    return [user for _, user in new]


def read_salt(path: Path) -> bytes:
    """The salt of a home in which somebody was forgotten."""
    try:
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise WorkError(
            "the salt of the forgotten users cannot be read: their rows could not be recognized",
            step=str(path),
            remedy=f"put it back from a backup of this home; else empty {TABLE} and forget the users again",
        ) from error


def make_salt(path: Path) -> bytes:
    """The salt of a home, drawn when there is none; only its owner can read the file."""
    if path.exists():
        return read_salt(path)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secrets.token_hex(SALT_BYTES) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)
    return read_salt(path)
