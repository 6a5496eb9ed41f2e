"""What every materialization leaves behind: a row in `ops.materializations` and Dagster metadata."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import dagster as dg
import duckdb
import polars as pl

from models.printable import printable_line
from models.recipes import Recipe
from pat_dagster import tables
from pat_dagster.code_versions import library_versions
from pat_dagster.html_report.figures import figures
from pat_dagster.recipe_parts import as_json, recipe_sha256, values_of
from pat_dagster.recorded import LEDGER, input_versions, invalidate, newest, upstream_versions
from pat_dagster.reuse import Inputs, Written, only_changed, reason_to_write
from pat_dagster.sql_files import SqlFile

RECIPES = "ops.recipes"
ROWS = "table_rows"  # metadata that holds a whole table
UNCHANGED = "unchanged"  # metadata of a table that was left as it is
PREVIEW_ROWS = 5  # enough to see the shape of a table on one screen
PREVIEW_CHARACTERS = 80  # a review can be 10,000 characters long
MARKUP = re.compile(r"[\\`*_\[\]<>|~&!$]")  # starts a link, an image, HTML, an entity ...

Lost = Callable[[duckdb.DuckDBPyConnection, str | None], str | None]
Look = Callable[[duckdb.DuckDBPyConnection], tuple[str, int] | None]
# Why a table has to be computed, for an iteration if it has any; None where it need not be.
Ask = Callable[[duckdb.DuckDBPyConnection, Recipe, str | None], str | None]
ASKS: Final[dict[str, Ask]] = {}  # by asset; filled where assets are defined


@dataclass(frozen=True)
class Standing:
    """What a table holds; reason: why it has to be computed nevertheless, None where it need not be."""

    reason: str | None
    sha256: str = ""
    rows: int = 0
    last: Written | None = None


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

    def reason_to_write(
        self, con: duckdb.DuckDBPyConnection, recipe: Recipe, last: Written | None
    ) -> str | None:
        """Why the table must be computed, None where its inputs are those it was written from last."""
        versions = upstream_versions(con, self.upstream, self.iteration)
        values = values_of(recipe, last.recipe_parts if last else ())
        return reason_to_write(last, self.inputs(con), versions, values)

    def standing(
        self,
        con: duckdb.DuckDBPyConnection,
        recipe: Recipe,
        look: Look | None = None,
        lost: Lost | None = None,
    ) -> Standing:
        """What the table holds, and why it has to be computed nevertheless.

        look: fingerprint and number of rows, None where it cannot be used as it is; a table's where left out.
        lost: says what the rows name and is gone, such as weights; None if nothing is.
        """
        last = newest(con, self.name, self.iteration)
        reason = self.reason_to_write(con, recipe, last)
        if reason is not None or last is None:
            return Standing(reason or "it was never written")
        found = (look or self._look)(con)
        if found is None or found[0] != last.content_sha256:
            return Standing("it does not hold what was written")
        missing = lost(con, self.iteration) if lost else None
        return Standing(missing, *found, last)

    def left(
        self,
        con: duckdb.DuckDBPyConnection,
        recipe: Recipe,
        tags: Mapping[str, str],
        lost: Lost | None = None,
    ) -> dg.MaterializeResult[Any] | str:
        """What Dagster is told of a table that is left as it is, or why it has to be computed.

        tags: of the run. lost: see `standing`.
        """
        if not only_changed(tags):
            return "asked for"
        now = self.standing(con, recipe, lost=lost)
        if now.reason is not None or now.last is None:
            return str(now.reason)
        return marked(self.describe(con, now.sha256, now.rows), now.last)

    def _look(self, con: duckdb.DuckDBPyConnection) -> tuple[str, int] | None:
        if self.file is None or list(tables.column_types(con, self.name)) != list(self.file.columns):
            return None
        return tables.fingerprint(con, self.name, self.iteration)

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
        now = self.standing(con, recipe)
        if now.reason is None and now.last is not None:
            return marked(self.describe(con, now.sha256, now.rows), now.last)
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
