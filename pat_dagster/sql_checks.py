"""One file below `sql/checks/<schema>.<table>/` = one rule: a query that returns the rows that break it."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

import dagster as dg
import duckdb
import polars as pl
from sqlglot import exp

from models.errors import WorkError
from models.recipes import Recipe
from pat_dagster import tables
from pat_dagster.code_versions import library_versions
from pat_dagster.ledger import UNCHANGED, markdown
from pat_dagster.lineage import tables_read
from pat_dagster.partitions import ITERATIONS
from pat_dagster.recipe_parts import as_json, read_of_recipe, values_of, variables_read
from pat_dagster.recorded import input_versions
from pat_dagster.resources.warehouse import Warehouse, recipe_in_force, set_variable
from pat_dagster.reuse import Inputs, only_changed
from pat_dagster.settings import SQL_ROOT, Settings
from pat_dagster.shown import in_repository
from pat_dagster.sql_files import (
    CHECKS_FOLDER,
    DIALECT,
    SqlFile,
    SqlFileError,
    load_files,
    parse_query,
    split_front_matter,
)
from pat_dagster.table_assets import asset_key

RESULTS = "ops.check_results"
KEYS = {"severity", "blocking", "why"}
SHOWN_ROWS = 20  # enough to see the pattern of a failure; the table has the rest


@dataclass(frozen=True)
class SqlCheck:
    """One rule about one table."""

    path: Path
    table: SqlFile
    severity: Literal["error", "warn"]
    blocking: bool
    why: str
    sql: str
    reads: tuple[str, ...]

    @property
    def name(self) -> str:
        """The rule, as a sentence with underscores."""
        return self.path.stem

    @property
    def query(self) -> exp.Query:
        """The parsed query."""
        return parse_query(self.path, self.sql)

    @cached_property
    def rule(self) -> str:
        """The query without comments, layout and keyword case."""
        return self.query.sql(dialect=DIALECT, comments=False, normalize=True)

    @cached_property
    def variables(self) -> frozenset[str]:
        """DuckDB variables that the query reads."""
        return variables_read(self.query)


@dataclass(frozen=True)
class Verdict:
    """What a check found: how many rows break the rule, and the first of them."""

    n_bad: int
    examples: pl.DataFrame


def load_checks(root: Path = SQL_ROOT, files: Mapping[str, SqlFile] | None = None) -> list[SqlCheck]:
    """All checks, sorted by table and name."""
    known = load_files() if files is None else files
    return [load_check(path, known) for path in sorted((root / CHECKS_FOLDER).glob("*/*.sql"))]


@cache
def house_checks() -> tuple[SqlCheck, ...]:
    """All checks of this repository, read once per process."""
    return tuple(load_checks())


def load_check(path: Path, files: Mapping[str, SqlFile]) -> SqlCheck:
    """Read one check file."""
    table = path.parent.name
    if table not in files:
        raise SqlFileError(f"{path}: folder {table} is not a table; known: {', '.join(files)}")
    header, sql = split_front_matter(path, KEYS)
    severity, blocking = header.get("severity", "error"), header.get("blocking", False)
    if severity not in ("error", "warn") or not isinstance(blocking, bool):
        raise SqlFileError(f"{path}: severity must be error or warn, blocking true or false")
    if not isinstance(header.get("why"), str):
        raise SqlFileError(f"{path}: the front matter must say why the rule exists")
    if blocking and severity == "warn":
        raise SqlFileError(f"{path}: a warning cannot block; use severity: error")
    return SqlCheck(
        path=path,
        table=files[table],
        severity="error" if severity == "error" else "warn",
        blocking=blocking,
        why=str(header["why"]).strip(),
        sql=sql,
        reads=tables_read(path, parse_query(path, sql), files),
    )


def sql_checks() -> list[dg.AssetChecksDefinition]:
    """Asset checks of all check files."""
    with warnings.catch_warnings():
        # a preview in the pinned version; tests/factory/test_graph.py holds it to what is needed
        warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")
        return [asset_check(check) for check in house_checks()]


def asset_check(check: SqlCheck) -> dg.AssetChecksDefinition:
    """The asset check of one file. A blocking one that fails stops what depends on its table."""
    others = [asset_key(name) for name in check.reads if name != check.table.name]

    @dg.asset_check(
        asset=asset_key(check.table.name),
        name=check.name,
        blocking=check.blocking,
        description=f"{check.why}\n\n`{in_repository(check.path)}` returns the rows that break it",
        additional_deps=others,
        partitions_def=ITERATIONS if check.table.partition else None,
    )
    def run_check(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> dg.AssetCheckResult:
        iteration = context.partition_key if check.table.partition else None
        recipe = recipe_in_force(Settings(Path(warehouse.home)))
        with warehouse.connect() as con:
            inputs = inputs_sha256(con, check, iteration, recipe)
            if only_changed(context.run.tags) and has_passed(con, check, inputs):
                return dg.AssetCheckResult(passed=True, metadata={UNCHANGED: True, "bad_rows": 0})
            set_variable(con, "iteration", iteration)
            verdict = judge(con, check)
            record(con, check, verdict, context.run.run_id, inputs)
        return dg.AssetCheckResult(
            passed=verdict.n_bad == 0,
            severity=dg.AssetCheckSeverity.ERROR if check.severity == "error" else dg.AssetCheckSeverity.WARN,
            description=None if verdict.n_bad == 0 else f"{verdict.n_bad:,} rows break the rule: {check.why}",
            metadata={
                "bad_rows": verdict.n_bad,
                "query": in_repository(check.path),
                "examples": dg.MetadataValue.md(markdown(verdict.examples) if verdict.n_bad else "none"),
            },
        )

    return run_check


def judge(con: duckdb.DuckDBPyConnection, check: SqlCheck) -> Verdict:
    """Run the query of a check; every row it returns is a bad one."""
    rows = check.query.subquery("bad_rows")
    try:
        count = exp.select(exp.Count(this=exp.Star())).from_(rows).sql(dialect=DIALECT)
        n_bad = con.execute(count).fetchall()[0][0]
        shown = exp.select("*").from_(rows).limit(SHOWN_ROWS).sql(dialect=DIALECT)
        examples = con.sql(shown).pl() if n_bad else pl.DataFrame()
    except duckdb.Error as error:
        raise WorkError(str(error), step=f"check {check.table.name}: {check.name}") from error
    return Verdict(n_bad=int(n_bad), examples=examples)


def inputs_sha256(
    con: duckdb.DuckDBPyConnection, check: SqlCheck, iteration: str | None, recipe: Recipe
) -> str | None:
    """Hash of the rule and of all that its query reads; None where a table was not finished."""
    versions = input_versions(con, sorted({check.table.name, *check.reads}), None)
    inputs = Inputs(check.rule, library_versions(), versions, as_json({"iteration": iteration}))
    return inputs.sha256(values_of(recipe, read_of_recipe(check.variables, recipe)))


def has_passed(con: duckdb.DuckDBPyConnection, check: SqlCheck, inputs: str | None) -> bool:
    """Whether the same rule was kept by the same rows when it was asked last."""
    if inputs is None:
        return False
    tables.ensure_table(con, RESULTS)
    outcomes = con.execute(
        "select passed from ops.check_results where table_name = ? and check_name = ? and inputs_sha256 = ? "
        "order by checked_at",
        [check.table.name, check.name, inputs],
    ).fetchall()
    return bool(outcomes) and outcomes[-1] == (True,)


def record(
    con: duckdb.DuckDBPyConnection, check: SqlCheck, verdict: Verdict, run_id: str, inputs: str | None = None
) -> None:
    """Append the outcome to `ops.check_results`."""
    row = {
        "table_name": check.table.name,
        "check_name": check.name,
        "severity": check.severity,
        "blocking": check.blocking,
        "passed": verdict.n_bad == 0,
        "bad_rows": verdict.n_bad,
        "run_id": run_id,
        "checked_at": datetime.now(UTC).replace(tzinfo=None),
        "inputs_sha256": inputs,
    }
    with tables.transaction(con):
        tables.append(con, RESULTS, pl.DataFrame([row]))
