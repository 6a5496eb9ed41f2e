"""raw.*: the registered sources as they are, written file by file."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import polars as pl
import pyarrow as pa
from sqlglot import exp

from models import progress
from models.sources import registry
from models.sources.ingest import FileRow, Outcome, ingest
from models.sources.spec import READER_VERSION
from pat_dagster import landing, shown, tables
from pat_dagster.forgetting.registry import forgotten_users
from pat_dagster.ledger import Entry, column_schema
from pat_dagster.night_tags import is_night
from pat_dagster.operations import load_operations
from pat_dagster.resources.warehouse import Warehouse, recipe_in_force
from pat_dagster.rows import frame
from pat_dagster.settings import Settings
from pat_dagster.sql_files import DIALECT, table_file
from pat_dagster.table_assets import OWNERS, asset_key

REVIEWS, REJECTED, FILES = "raw.reviews", "raw.rejected_rows", "raw.source_files"
TABLES = (REVIEWS, REJECTED, FILES)
SOURCES = "raw.sources"
WRITTEN = (*TABLES, SOURCES)


class WarehouseStore:
    """The three raw tables of an open warehouse as a store of `models.sources.ingest`."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        for table in TABLES:
            tables.ensure_table(con, table)

    def files(self) -> Sequence[FileRow]:
        """What raw.source_files says was read."""
        return [FileRow(**row) for row in tables.read(self._con, FILES).iter_rows(named=True)]

    def transaction(self) -> AbstractContextManager[None]:
        """Commits at the end, rolls back on any exception."""
        return tables.transaction(self._con)

    def delete(self, dataset: str, source_file: str) -> None:
        """Remove every row of one file."""
        for table in TABLES:
            schema, name = table.split(".")
            delete = exp.delete(exp.table_(name, db=schema)).where(
                exp.column("dataset").eq(exp.convert(dataset)),
                exp.column("source_file").eq(exp.convert(source_file)),
            )
            self._con.execute(delete.sql(dialect=DIALECT))

    def add_reviews(self, rows: pa.RecordBatch) -> int:
        """Append to raw.reviews; returns how many rows the database wrote."""
        return self._append(REVIEWS, rows)

    def add_rejected(self, rows: pa.RecordBatch) -> int:
        """Append to raw.rejected_rows; returns how many rows the database wrote."""
        return self._append(REJECTED, rows)

    def add_file(self, row: FileRow) -> None:
        """Append to raw.source_files."""
        tables.append(self._con, FILES, pl.DataFrame([asdict(row)]))

    def _append(self, table: str, rows: pa.RecordBatch) -> int:
        return tables.append(self._con, table, pa.Table.from_batches([rows])) if rows.num_rows else 0


def ingest_sources(
    con: duckdb.DuckDBPyConnection, settings: Settings, *, is_night: bool = False
) -> list[Outcome]:
    """Bring registered sources and landing folders into the raw tables; see `models.sources.ingest.ingest`.

    A broken file of a landing folder ends nothing, raw.sources says what is wrong. A broken registered one
    does, except at night, when nobody is there to mend it and the others must not wait.
    """
    operations = load_operations(settings.operations_path)
    registered = registry.load(settings.sources_path)
    store = WarehouseStore(con)
    known = [(row.source_file, row.dataset) for row in store.files()]
    plan = landing.plan(
        operations.reviews, registered, known, lambda place: landing.look(place, operations.settle_seconds)
    )
    outcomes = ingest(
        plan.specs,
        store,
        lambda description, total: progress.bar(description, total or None, unit="B"),
        forgotten_users(con, settings),
        tolerate=lambda spec: is_night or spec not in registered,
        keep=plan.keep,
    )
    states = landing.states(plan, outcomes, registered)
    tables.write(con, SOURCES, frame(SOURCES, [asdict(state) for state in states]))
    return outcomes


def code_version(table: str) -> str:
    """Changes with the table's definition and with what the readers accept."""
    text = f"{table_file(table).code_version}:{READER_VERSION}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]  # 64 bits tell any two edits apart


def _spec(table: str) -> dg.AssetSpec:
    file = table_file(table)
    return dg.AssetSpec(
        key=asset_key(table),
        group_name=shown.group_of(file.schema),
        description=shown.words(file),
        code_version=code_version(table),
        kinds={"python", "duckdb"},
        owners=OWNERS,
        metadata={
            "dagster/table_name": table,
            "dagster/column_schema": column_schema(file, file.column_types),
            **shown.where(file, ingest_sources),
        },
    )


@dg.multi_asset(name="raw_sources", specs=[_spec(table) for table in WRITTEN], can_subset=False)
def raw_sources(
    context: dg.AssetExecutionContext, warehouse: Warehouse
) -> Iterator[dg.MaterializeResult[Any]]:
    """Reads every registered source that changed, in one transaction per file."""
    entries = [Entry.begin(table_file(t), code_version(t), [], context.run_id, None) for t in WRITTEN]
    settings = Settings(Path(warehouse.home))
    recipe = recipe_in_force(settings)
    with warehouse.connect() as con:
        outcomes = ingest_sources(con, settings, is_night=is_night(context.run.tags))
        for outcome in outcomes:
            context.log.info(str(outcome))
        for table, entry in zip(WRITTEN, entries, strict=True):
            result = entry.renew(con, recipe)
            yield dg.MaterializeResult(
                asset_key=asset_key(table),
                metadata={**(result.metadata or {}), "sources": [str(outcome) for outcome in outcomes]},
                data_version=result.data_version,
            )
