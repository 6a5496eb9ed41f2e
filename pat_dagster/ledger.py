"""What every materialization leaves behind: a row in `ops.materializations` and Dagster metadata."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import duckdb
import polars as pl
from sqlglot import exp

from models.printable import printable_line
from models.recipes import Recipe
from pat_dagster import tables
from pat_dagster.code_versions import library_versions
from pat_dagster.html_report.figures import figures
from pat_dagster.recipe_parts import as_json, recipe_sha256, values_of
from pat_dagster.reuse import Inputs, Version, Written, only_changed, reason_to_write
from pat_dagster.sql_files import DIALECT, SqlFile

LEDGER, RECIPES = "ops.materializations", "ops.recipes"
POLICY_IN_USE = "policy_in_use"  # an asset without a table: what earlier iterations promoted
POLICIES = ("policy.adapters", "policy.promotions")
ROWS = "table_rows"  # metadata that holds a whole table
UNCHANGED = "unchanged"  # metadata of a table that was left as it is
PREVIEW_ROWS = 5  # enough to see the shape of a table on one screen
PREVIEW_CHARACTERS = 80  # a review can be 10,000 characters long
MARKUP = re.compile(r"[\\`*_\[\]<>|~&!$]")  # starts a link, an image, HTML, an entity ...

Lost = Callable[[duckdb.DuckDBPyConnection, str | None], str | None]


@dataclass(frozen=True)
class Entry:
    """One materialization in progress: what is written, from what, by which run, since when."""

    name: str  # schema.table, or vectors and a table of the vector store
    file: SqlFile | None  # None for vectors
    code_version: str
    upstream: Sequence[str]  # names as `name`; or `policy_in_use`, the promotions of earlier iterations
    run_id: str
    iteration: str | None
    config: str  # JSON
    started_at: datetime
    clock: float

    @classmethod
    def begin(
        cls,
        file: SqlFile | str,
        code_version: str,
        upstream: Sequence[str],
        run_id: str,
        iteration: str | None,
        config: Mapping[str, Any] | None = None,
    ) -> Entry:
        """Start the clock. file: a table's, or the name of vectors. config: what the run asks for."""
        return cls(
            name=file if isinstance(file, str) else file.name,
            file=None if isinstance(file, str) else file,
            code_version=code_version,
            upstream=upstream,
            run_id=run_id,
            iteration=iteration,
            config=as_json(dict(config or {})),
            started_at=datetime.now(UTC).replace(tzinfo=None),
            clock=time.monotonic(),
        )

    def inputs(self, con: duckdb.DuckDBPyConnection) -> Inputs:
        """What the table would be computed from now."""
        versions = input_versions(con, self.upstream, self.iteration)
        return Inputs(self.code_version, library_versions(), versions, self.config)

    def reason_to_write(self, con: duckdb.DuckDBPyConnection, recipe: Recipe) -> str | None:
        """Why the table must be computed, None where it is what its inputs make of it."""
        last = newest(con, self.name, self.iteration)
        versions = upstream_versions(con, self.upstream, self.iteration)
        values = values_of(recipe, last.recipe_parts if last else ())
        return reason_to_write(last, self.inputs(con), versions, values)

    def left(
        self,
        con: duckdb.DuckDBPyConnection,
        recipe: Recipe,
        tags: Mapping[str, str],
        lost: Lost | None = None,
    ) -> dg.MaterializeResult[Any] | str:
        """What Dagster is told of a table that is left as it is, or why it has to be computed.

        tags: of the run. lost: says what the rows name and is gone, such as weights; None if nothing is.
        """
        if not only_changed(tags):
            return "asked for"
        if reason := self.reason_to_write(con, recipe):
            return reason
        if self.file is None or list(tables.column_types(con, self.name)) != list(self.file.columns):
            return "its columns are other ones"
        sha256, rows = tables.fingerprint(con, self.name, self.iteration)
        last = newest(con, self.name, self.iteration)
        if last is None or sha256 != last.content_sha256:
            return "its rows are not those that were written"
        if lost is not None and (missing := lost(con, self.iteration)):
            return missing
        return marked(self.describe(con, sha256, rows), last)

    def open(self, con: duckdb.DuckDBPyConnection) -> None:
        """Say that the table is being written: should the run end here, nobody takes it for finished."""
        invalidate(con, self.name, self.iteration)

    def finish(
        self, con: duckdb.DuckDBPyConnection, recipe: Recipe | None = None, parts: Sequence[str] = ()
    ) -> dg.MaterializeResult[Any]:
        """Fingerprint what was written, record it, and describe it to Dagster.

        parts: of the recipe in force, those that were read.
        """
        sha256, rows = tables.fingerprint(con, self.name, self.iteration)
        self.record(con, sha256, rows, recipe, parts)
        return self.describe(con, sha256, rows)

    def renew(self, con: duckdb.DuckDBPyConnection, recipe: Recipe) -> dg.MaterializeResult[Any]:
        """`finish` of a table that keeps itself up to date: what is in it already gets no second row."""
        tables.ensure_table(con, self.name)
        if self.reason_to_write(con, recipe) is None:
            sha256, rows = tables.fingerprint(con, self.name, self.iteration)
            last = newest(con, self.name, self.iteration)
            if last is not None and last.content_sha256 == sha256:
                return marked(self.describe(con, sha256, rows), last)
        return self.finish(con, recipe)

    def record(
        self,
        con: duckdb.DuckDBPyConnection,
        sha256: str,
        rows: int,
        recipe: Recipe | None = None,
        parts: Sequence[str] = (),
    ) -> None:
        """The row of the ledger. Without a recipe the table is written again next time."""
        row = {
            "table_name": self.name,
            "iteration": self.iteration,
            "run_id": self.run_id,
            "code_version": self.code_version,
            "rows": rows,
            "content_sha256": sha256,
            "upstream_versions": upstream_versions(con, self.upstream, self.iteration),
            "started_at": self.started_at,
            "seconds": time.monotonic() - self.clock,
            "recipe_sha256": None if recipe is None else recipe_sha256(recipe),
            "recipe_parts": ",".join(parts),
            "config": self.config,
            "inputs_sha256": None if recipe is None else self.inputs(con).sha256(values_of(recipe, parts)),
        }
        with tables.transaction(con):
            tables.append(con, LEDGER, pl.DataFrame([row], infer_schema_length=None))
            if recipe is not None:
                _keep_recipe(con, recipe)

    def describe(self, con: duckdb.DuckDBPyConnection, sha256: str, rows: int) -> dg.MaterializeResult[Any]:
        """What Dagster is told of a table as it is now."""
        if self.file is None:
            raise ValueError(f"{self.name} is no table")
        where = {} if self.iteration is None else {"iteration": self.iteration}
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": rows,
                "content_sha256": sha256,
                "preview": dg.MetadataValue.md(markdown(tables.head(con, self.name, PREVIEW_ROWS, where))),
                "dagster/column_schema": column_schema(self.file, tables.column_types(con, self.name)),
                **_rows(con, self.file, where),
                **{name: dg.MetadataValue.md(drawn) for name, drawn in figures(con, self.name).items()},
            },
            data_version=dg.DataVersion(sha256),
        )


def marked(result: dg.MaterializeResult[Any], last: Written) -> dg.MaterializeResult[Any]:
    """The same for a table that was left as it is, with the run that wrote it."""
    return result._replace(metadata={**(result.metadata or {}), UNCHANGED: True, "written by": last.run_id})


def _rows(con: duckdb.DuckDBPyConnection, file: SqlFile, where: Mapping[str, object]) -> dict[str, Any]:
    """Every row as JSON, for a file that says `in_metadata: true`."""
    if not file.in_metadata:
        return {}
    return {ROWS: dg.MetadataValue.json(tables.read(con, file.name, where).to_dicts())}


def _keep_recipe(con: duckdb.DuckDBPyConnection, recipe: Recipe) -> None:
    sha256 = recipe_sha256(recipe)
    tables.ensure_table(con, RECIPES)
    if tables.read(con, RECIPES, {"recipe_sha256": sha256}).is_empty():
        row = {"recipe_sha256": sha256, "name": recipe.name, "content": Recipe.text(recipe)}
        tables.append(con, RECIPES, pl.DataFrame([row]))


def newest(con: duckdb.DuckDBPyConnection, table: str, iteration: str | None) -> Written | None:
    """How a table or partition was written last; None where it never was."""
    tables.ensure_table(con, LEDGER)
    rows = tables.read(con, LEDGER, {"table_name": table})
    rows = rows.filter(pl.col("iteration").eq_missing(pl.lit(iteration))).sort("started_at")
    return Written.of(rows.row(-1, named=True)) if len(rows) else None


def invalidate(con: duckdb.DuckDBPyConnection, table: str, iteration: str | None = None) -> None:
    """Have a table written again by the next run, all its partitions where no iteration is named."""
    tables.ensure_table(con, LEDGER)
    update = exp.update(exp.to_table(LEDGER), {"inputs_sha256": None}).where(
        exp.column("table_name").eq(exp.convert(table))
    )
    if iteration is not None:
        update = update.where(exp.column("iteration").eq(exp.convert(iteration)))
    con.execute(update.sql(dialect=DIALECT))


def input_versions(
    con: duckdb.DuckDBPyConnection, upstream: Sequence[str], iteration: str | None
) -> list[Version]:
    """What every upstream table holds by the ledger: of partitioned ones this iteration and those before."""
    tables.ensure_table(con, LEDGER)

    def read(names: Sequence[str]) -> list[Version]:
        rows = con.execute("from input_versions(?, ?, ?)", [LEDGER, list(names), iteration]).fetchall()
        return [Version(*row) for row in rows]

    found = read([name for name in upstream if name != POLICY_IN_USE])
    if POLICY_IN_USE in upstream:
        found += [one for one in read(POLICIES) if iteration and (one.iteration or "") < iteration]
    return sorted(set(found), key=lambda one: (one.table, one.iteration or ""))


def upstream_versions(
    con: duckdb.DuckDBPyConnection, upstream: Sequence[str], iteration: str | None = None
) -> str:
    """JSON object: each table and the fingerprint that it has now."""
    return str(
        con.execute("from upstream_versions(?, ?, ?)", [LEDGER, list(upstream), iteration]).fetchall()[0][0]
    )


def is_up_to_date(con: duckdb.DuckDBPyConnection, table: str, upstream: Sequence[str]) -> bool:
    """Whether a table without iterations was last written from its upstream tables as they are now."""
    last = newest(con, table, None)
    return last is not None and last.upstream_versions == upstream_versions(con, upstream)


def column_schema(file: SqlFile, types: Mapping[str, str]) -> dg.TableSchema:
    """Columns with their comments, and their DuckDB types where known."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name=name, type=types.get(name, "unknown"), description=text)
            for name, text in file.columns.items()
        ]
    )


def markdown(frame: pl.DataFrame) -> str:
    """A small table for the UI: one line per row, long texts cut, no cell is read as Markdown or HTML."""
    lines = ["| " + " | ".join(frame.columns) + " |", "|" + " --- |" * frame.width]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in frame.iter_rows()]
    return "\n".join(lines)


def _cell(value: object) -> str:
    text = "" if value is None else printable_line(" ".join(str(value).split()))
    if len(text) > PREVIEW_CHARACTERS:
        text = text[: PREVIEW_CHARACTERS - 1] + "…"
    return MARKUP.sub(r"\\\g<0>", text)
