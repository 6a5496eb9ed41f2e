"""What a home holds, without what two runs of the same cannot have in common: ids of runs, times, seconds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from models.retrieval.store import VectorStore
from pat_dagster import tables
from pat_dagster.doctor.ledger import newest_rows
from pat_dagster.settings import SQL_ROOT, Settings

UNEQUAL = {"run_id", "seconds", "started_at", "checked_at", "published_at", "rolled_out_at"}
# one row per run and more: how many of them there are depends on how often it was killed
HISTORIES = {"ops.materializations", "ops.check_results"}
PUBLISHED = "ops.published_tables"
FOLDERS = ("policies", "encoders", "propagation")
FILES = ("recipe.yaml", "sources.yaml")


def contents(settings: Settings) -> dict[str, str]:
    """Hash of every table, vector table and learned file, by its name."""
    found = {}
    for path in (settings.warehouse_path, settings.analytics_path):
        found |= {f"{path.stem}: {name}": sha256 for name, sha256 in _tables(path).items()}
    store = VectorStore(settings.vectors_path)
    found |= {f"vectors: {name}": store.load(name).sha256() for name in store.tables()}
    files = [file for name in FOLDERS for file in (settings.home / name).rglob("*") if file.is_file()]
    for file in [*files, *(settings.home / name for name in FILES)]:
        found[f"file: {file.relative_to(settings.home)}"] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


def differences(undisturbed: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Names of what is missing, added or other."""
    names = sorted(undisturbed.keys() | other.keys())
    return [name for name in names if undisturbed.get(name) != other.get(name)]


def _tables(path: Path) -> dict[str, str]:
    with duckdb.connect(str(path), read_only=True) as con:
        con.execute((SQL_ROOT / "macros.sql").read_text(encoding="utf-8"))
        named = con.sql(
            "select schema_name || '.' || table_name, list(column_name order by column_index) "
            "from duckdb_columns() where not internal group by all order by all"
        ).fetchall()
        found = {}
        timed = {name for name, columns in named if UNEQUAL & set(columns)}
        for name, columns in named:
            if name in HISTORIES:
                continue
            if name == PUBLISHED:
                found[name] = _digest(_published(con, timed))
                continue
            kept = [column for column in columns if column not in UNEQUAL]
            con.execute(f"create or replace temp view compared as select {', '.join(kept)} from {name}")  # noqa: S608
            found[name] = tables.fingerprint(con, "compared")[0]
        found["ops.check_results"] = _digest(_checks(con))
    found["ops.materializations"] = _digest(_ledger(path, timed))
    return found


def _ledger(path: Path, timed: set[str]) -> list[dict[str, Any]]:
    """The newest row of every table and iteration; hashes of timed tables count times too."""
    rows = []
    for row in newest_rows(path).values():
        kept = {name: value for name, value in row.items() if name not in UNEQUAL}
        kept["upstream_versions"] = {
            name: sha256 for name, sha256 in json.loads(row["upstream_versions"]).items() if name not in timed
        }
        if row["table_name"] in timed:
            del kept["content_sha256"]
        rows.append(kept)
    return sorted(rows, key=lambda row: (row["table_name"], row["iteration"] or ""))


def _published(con: duckdb.DuckDBPyConnection, timed: set[str]) -> list[dict[str, Any]]:
    """What readers see, without the hashes of timed tables and the lengths of histories."""
    rows = tables.read(con, PUBLISHED).drop("published_at").filter(~pl.col("table_name").is_in(HISTORIES))
    hashes = pl.when(~pl.col("table_name").is_in(timed)).then("content_sha256")
    return rows.with_columns(hashes.alias("content_sha256")).to_dicts()


def _checks(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """What every check found last."""
    if not tables.column_types(con, "ops.check_results"):
        return []
    rows = tables.read(con, "ops.check_results").sort("checked_at", maintain_order=True)
    kept = [name for name in rows.columns if name not in UNEQUAL]
    by = [name for name in ("table_name", "check_name", "iteration") if name in kept]
    return rows.group_by(by, maintain_order=True).last().select(kept).sort(by).to_dicts()


def _digest(rows: object) -> str:
    return hashlib.sha256(json.dumps(rows, sort_keys=True, default=str).encode()).hexdigest()
