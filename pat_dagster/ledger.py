"""What every materialization leaves behind: a row in `ops.materializations` and Dagster metadata."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from pat_dagster import tables
from pat_dagster.html_report.figures import figures
from pat_dagster.sql_files import SqlFile

LEDGER = "ops.materializations"
ROWS = "table_rows"  # metadata that holds a whole table
PREVIEW_ROWS = 5  # enough to see the shape of a table on one screen
PREVIEW_CHARACTERS = 80  # a review can be 10,000 characters long


@dataclass(frozen=True)
class Entry:
    """One materialization in progress: what is written, by which run, since when."""

    file: SqlFile
    code_version: str
    upstream: Sequence[str]  # schema.table names; vectors and external assets have no fingerprint here
    run_id: str
    iteration: str | None
    started_at: datetime
    clock: float

    @classmethod
    def begin(
        cls,
        file: SqlFile,
        code_version: str,
        upstream: Sequence[str],
        run_id: str,
        iteration: str | None,
    ) -> "Entry":
        """Start the clock."""
        return cls(
            file=file,
            code_version=code_version,
            upstream=upstream,
            run_id=run_id,
            iteration=iteration,
            started_at=datetime.now(UTC).replace(tzinfo=None),
            clock=time.monotonic(),
        )

    def finish(self, con: duckdb.DuckDBPyConnection) -> dg.MaterializeResult[Any]:
        """Fingerprint what was written, record it, and describe it to Dagster."""
        sha256, rows = tables.fingerprint(con, self.file.name, self.iteration)
        tables.ensure_table(con, LEDGER)
        versions = upstream_versions(con, self.upstream, self.iteration)
        record = {
            "table_name": self.file.name,
            "iteration": self.iteration,
            "run_id": self.run_id,
            "code_version": self.code_version,
            "rows": rows,
            "content_sha256": sha256,
            "upstream_versions": versions,
            "started_at": self.started_at,
            "seconds": time.monotonic() - self.clock,
        }
        with tables.transaction(con):
            tables.append(con, LEDGER, pl.DataFrame([record]))
        where = {} if self.iteration is None else {"iteration": self.iteration}
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": rows,
                "content_sha256": sha256,
                "preview": dg.MetadataValue.md(
                    markdown(tables.head(con, self.file.name, PREVIEW_ROWS, where))
                ),
                "dagster/column_schema": column_schema(self.file, tables.column_types(con, self.file.name)),
                **self._rows(con, where),
                **{name: dg.MetadataValue.md(drawn) for name, drawn in figures(con, self.file.name).items()},
            },
            data_version=dg.DataVersion(sha256),
        )

    def _rows(self, con: duckdb.DuckDBPyConnection, where: Mapping[str, object]) -> dict[str, Any]:
        """Every row as JSON, for a file that says `in_metadata: true`."""
        if not self.file.in_metadata:
            return {}
        return {ROWS: dg.MetadataValue.json(tables.read(con, self.file.name, where).to_dicts())}


def upstream_versions(
    con: duckdb.DuckDBPyConnection, upstream: Sequence[str], iteration: str | None = None
) -> str:
    """JSON object: each table and the fingerprint that it has now."""
    return str(
        con.execute("from upstream_versions(?, ?, ?)", [LEDGER, list(upstream), iteration]).fetchall()[0][0]
    )


def is_up_to_date(con: duckdb.DuckDBPyConnection, table: str, upstream: Sequence[str]) -> bool:
    """Whether a table without iterations was last written from its upstream tables as they are now."""
    tables.ensure_table(con, LEDGER)
    written = tables.read(con, LEDGER, {"table_name": table}).sort("started_at")["upstream_versions"]
    return len(written) > 0 and written[-1] == upstream_versions(con, upstream)


def column_schema(file: SqlFile, types: Mapping[str, str]) -> dg.TableSchema:
    """Columns with their comments, and their DuckDB types where known."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name=name, type=types.get(name, "unknown"), description=text)
            for name, text in file.columns.items()
        ]
    )


def markdown(frame: pl.DataFrame) -> str:
    """A small table for the UI: one line per row, long texts cut, no cell can break the layout."""
    lines = ["| " + " | ".join(frame.columns) + " |", "|" + " --- |" * frame.width]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in frame.iter_rows()]
    return "\n".join(lines)


def _cell(value: object) -> str:
    text = "" if value is None else " ".join(str(value).split())
    if len(text) > PREVIEW_CHARACTERS:
        text = text[: PREVIEW_CHARACTERS - 1] + "…"
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
