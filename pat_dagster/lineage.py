"""What each table is computed from, read from the SQL itself: tables, column types, columns."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import duckdb
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage

from models import recipes
from models.files import write_whole
from models.recipes import load_recipe
from pat_dagster import tables
from pat_dagster.resources.warehouse import DEFAULT_RECIPE, prepare
from pat_dagster.settings import SQL_ROOT, Settings
from pat_dagster.sql_files import DIALECT, SqlFile, SqlFileError, load_files

MADE_FROM: Final = (  # beside the files
    SQL_ROOT / "macros.sql",
    Path(__file__),
    Path(tables.__file__),
    Path(recipes.__file__),
    recipes.FOLDER / f"{DEFAULT_RECIPE}.yaml",
)


@dataclass(frozen=True, order=True)
class Column:
    """One column of one table."""

    table: str  # schema.table
    name: str


@dataclass(frozen=True)
class Plan:
    """Every table of the warehouse as DuckDB and sqlglot understand its file."""

    upstream: Mapping[str, tuple[str, ...]]  # tables that a query reads; empty for tables Python writes
    types: Mapping[str, Mapping[str, str]]  # table -> column -> DuckDB type
    columns: Mapping[Column, tuple[Column, ...]]  # column of a query -> columns its value is computed from


def tables_read(file_path: object, tree: exp.Expr, known: Mapping[str, object]) -> tuple[str, ...]:
    """`schema.table` names a statement reads, sorted. A name that is neither a CTE nor a file is refused."""
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    found = set()
    for table in tree.find_all(exp.Table):
        name = f"{table.db}.{table.name}" if table.db else table.name
        if table.db and name in known:
            found.add(name)
        elif table.db or name not in ctes:
            raise SqlFileError(
                f"{file_path}: reads {name or table.sql(dialect=DIALECT)}, which no file under sql/ defines"
            )
    return tuple(sorted(found))


@cache
def plan() -> Plan:
    """The plan of this repository's files, kept below a home that exists: it takes seconds to make."""
    return kept_plan(load_files(), Settings.from_env())


def kept_plan(files: Mapping[str, SqlFile], settings: Settings) -> Plan:
    """`plan_files`, or what it said of the same files when it was asked last."""
    digest = _files_sha256(files)
    kept = _kept(settings.plan_path)
    if kept is not None and kept["files"] == digest:
        return _from_json(kept)
    made = plan_files(files)
    if settings.home.is_dir():
        write_whole(settings.plan_path, json.dumps({"files": digest} | _as_json(made)))
    return made


def plan_files(files: Mapping[str, SqlFile]) -> Plan:
    """Check every table file against DuckDB itself, on empty tables in memory; reads no data.

    Raises SqlFileError that names the file when a query does not bind, when tables depend on each other
    in a circle, or when the described columns are not the columns of the final select.
    """
    upstream = {
        name: tables_read(file.path, file.query, files) if file.kind == "query" else ()
        for name, file in files.items()
    }
    types: dict[str, dict[str, str]] = {}
    con = duckdb.connect()
    try:
        prepare(con, load_recipe(DEFAULT_RECIPE))
        for name in _stage_order(upstream):
            types[name] = _create_empty(con, files[name])
    finally:
        con.close()
    schema = {name: dict(columns) for name, columns in types.items()}
    columns: dict[Column, tuple[Column, ...]] = {}
    for file in files.values():
        if file.kind == "query":
            columns |= _column_lineage(file, schema)
    return Plan(upstream=upstream, types=types, columns=columns)


def walk(column: Column, columns: Mapping[Column, tuple[Column, ...]]) -> Iterator[tuple[int, Column]]:
    """A column and everything it is computed from, depth first, each with its distance in files."""
    seen: set[Column] = set()

    def visit(current: Column, depth: int) -> Iterator[tuple[int, Column]]:
        yield depth, current
        if current in seen:
            return
        seen.add(current)
        for source in columns.get(current, ()):
            yield from visit(source, depth + 1)

    yield from visit(column, 0)


def _stage_order(upstream: Mapping[str, tuple[str, ...]]) -> list[str]:
    try:
        return list(TopologicalSorter(upstream).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise SqlFileError(f"sql/: tables depend on each other in a circle: {circle}") from error


def _create_empty(con: duckdb.DuckDBPyConnection, file: SqlFile) -> dict[str, str]:
    """Create the table without rows; its column types in order."""
    tables.create_schema(con, file.schema)
    statement = file.tree if file.kind == "table" else tables.create_as(file, file.query)
    try:
        con.execute(statement.sql(dialect=DIALECT))
    except duckdb.Error as error:
        raise SqlFileError(f"{file.path}: DuckDB refuses it: {error}") from error
    types = tables.column_types(con, file.name)
    if list(types) != list(file.columns):
        missing = [name for name in types if name not in file.columns]
        unknown = [name for name in file.columns if name not in types]
        detail = (
            f"not described: {missing}; described but absent: {unknown}" if missing or unknown else "order"
        )
        raise SqlFileError(
            f"{file.path}: columns in the front matter are not those of the table ({detail}); "
            f"the table has {list(types)}"
        )
    return types


def _column_lineage(
    file: SqlFile, types: Mapping[str, Mapping[str, str]]
) -> dict[Column, tuple[Column, ...]]:
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for name, columns in types.items():
        schema_name, table = name.split(".")
        schema.setdefault(schema_name, {})[table] = dict(columns)
    try:
        nodes = lineage(None, file.query, schema, dialect=DIALECT, validate_qualify_columns=True)
    except SqlglotError as error:
        raise SqlFileError(f"{file.path}: column lineage cannot be read: {error}") from error
    if isinstance(nodes, Node):
        raise SqlFileError(f"{file.path}: column lineage came for one column only")
    return {Column(file.name, name): _sources(node) for name, node in nodes.items()}


def _sources(node: Node) -> tuple[Column, ...]:
    found = {
        Column(f"{leaf.expression.db}.{leaf.expression.name}", leaf.name.rsplit(".", 1)[-1].strip('"'))
        for leaf in node.walk()
        if isinstance(leaf.expression, exp.Table) and leaf.expression.db
    }
    return tuple(sorted(found))


def _files_sha256(files: Mapping[str, SqlFile]) -> str:
    """Hash of all that a plan is made from: statements, macros, variables, and the code that reads them."""
    told = [f"{name}={version(name)}" for name in ("duckdb", "sqlglot")]
    told += [path.read_text(encoding="utf-8") for path in MADE_FROM]
    told += [f"{name} {file.kind} {list(file.columns)} {file.sql}" for name, file in files.items()]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _kept(path: Path) -> dict[str, Any] | None:
    """What was kept; None where there is nothing, or nothing that can be read."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content


def _as_json(made: Plan) -> dict[str, Any]:
    columns = [
        [column.table, column.name, [[source.table, source.name] for source in sources]]
        for column, sources in made.columns.items()
    ]
    return {"upstream": made.upstream, "types": made.types, "columns": columns}


def _from_json(kept: Mapping[str, Any]) -> Plan:
    return Plan(
        upstream={name: tuple(tables) for name, tables in kept["upstream"].items()},
        types=kept["types"],
        columns={
            Column(table, name): tuple(Column(*source) for source in sources)
            for table, name, sources in kept["columns"]
        },
    )
