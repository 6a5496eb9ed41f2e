"""Runs the given/expect cases beside this file: given rows per upstream table, the rows a query must return.

A case file names one table of `sql/`. Rows may leave columns out: the file's `defaults`, else null.
Expected rows may leave columns out too: only the columns they name are compared. With `cte`, the case
looks at that named part of the query instead of its result.
"""

import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml
from sqlglot import exp

from models.recipes import load_recipe
from pat_dagster.lineage import plan
from pat_dagster.resources.warehouse import prepare, set_variable
from pat_dagster.sql_files import DIALECT, SqlFile, load_files

Row = dict[str, Any]
CASE_FILES = sorted(Path(__file__).parent.glob("*.yaml"))


def load_cases() -> list[Any]:
    cases = []
    for path in CASE_FILES:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for case in content["cases"]:
            given = {
                table: [content.get("defaults", {}).get(table, {}) | row for row in rows]
                for table, rows in case["given"].items()
            }
            cases.append(
                pytest.param(
                    content["table"], case | {"given": given}, id=f"{content['table']}: {case['name']}"
                )
            )
    return cases


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    prepare(connection, load_recipe("mini"))
    yield connection
    connection.close()


def fill(con: duckdb.DuckDBPyConnection, table: str, rows: list[Row]) -> None:
    """Create a table with the columns it has in the warehouse and put the given rows in."""
    schema, name = table.split(".")
    types = plan().types[table]
    unknown = {column for row in rows for column in row} - set(types)
    assert not unknown, f"given rows of {table} have unknown columns {sorted(unknown)}"
    con.execute(f"create schema if not exists {schema}")
    columns = ", ".join(f'"{column}" {kind}' for column, kind in types.items())
    con.execute(f"create or replace table {schema}.{name} ({columns})")
    marks = ", ".join("?" * len(types))
    for row in rows:
        con.execute(f"insert into {table} values ({marks})", [row.get(column) for column in types])  # noqa: S608


def query_of(file: SqlFile, cte: str | None) -> str:
    tree = file.query
    if cte is not None:
        names = [part.alias for part in tree.ctes]
        assert cte in names, f"{file.path.name} has no part {cte}; it has {names}"
        part = exp.select("*").from_(cte)
        part.set("with_", tree.args["with_"])
        tree = part
    return tree.sql(dialect=DIALECT)


def same(actual: Any, expected: Any) -> bool:
    if isinstance(expected, float) or isinstance(actual, float):
        return actual is not None and expected is not None and math.isclose(actual, expected, abs_tol=1e-9)
    if isinstance(expected, datetime) or isinstance(actual, datetime):
        return str(actual) == str(expected)
    return bool(actual == expected) and isinstance(actual, bool) == isinstance(expected, bool)


def in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: [str(value) for value in row.values()])


@pytest.mark.parametrize(("table", "case"), load_cases())
def test_case(con: duckdb.DuckDBPyConnection, table: str, case: Row) -> None:
    file = load_files()[table]
    for name, value in (load_recipe("mini").variables() | case.get("variables", {})).items():
        set_variable(con, name, value)
    for upstream in plan().upstream[table]:
        fill(con, upstream, case["given"].get(upstream, []))
    strangers = set(case["given"]) - set(plan().upstream[table])
    assert not strangers, f"{table} does not read {sorted(strangers)}"
    result: pl.DataFrame = con.sql(query_of(file, case.get("cte"))).pl()

    expected: list[Row] = case["expect"]
    columns = list(expected[0]) if expected else result.columns
    assert all(list(row) == columns for row in expected), "expected rows must name the same columns"
    actual = in_order(result.select(columns).to_dicts())
    wanted = in_order(expected)
    assert len(actual) == len(wanted) and all(
        same(found[column], row[column])
        for found, row in zip(actual, wanted, strict=True)
        for column in columns
    ), f"\nexpected {wanted}\nactual   {actual}"


def test_every_query_has_cases() -> None:
    tested = {yaml.safe_load(path.read_text(encoding="utf-8"))["table"] for path in CASE_FILES}
    assert tested == {name for name, file in load_files().items() if file.kind == "query"}
