"""sql/explain: the queries behind `pat explain`, bound to one text: what is printed is what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Final, Literal, cast

import duckdb
from sqlglot import exp

from models.errors import WorkError
from pat_dagster.settings import SQL_ROOT
from pat_dagster.sql_files import DIALECT, SqlFileError, parse_query, split_front_matter

EXPLAIN_ROOT = SQL_ROOT / "explain"
PARTS: Final = ("text", "policies", "runs")  # files, in order of reading
SOME: Final = "some"  # the file that lists texts
COLUMNS: Final = ("node", "parent", "kind", "id", "text", "detail")
KEYS = {"title", "why", "variables", "columns"}
EVERY_PAIR: Final = 2**31 - 1

Source = Literal["evaluation", "request"]


@dataclass(frozen=True)
class Wanted:
    """One text. text_id: an example_id, or a request_id. pairs: to list of each policy."""

    source: Source
    iteration: str
    arm: str
    text_id: str
    pairs: int

    @property
    def variables(self) -> dict[str, str | int]:
        """By the names that the queries ask for."""
        return {
            "explained_source": self.source,
            "explained_iteration": self.iteration,
            "explained_arm": self.arm,
            "explained_id": self.text_id,
            "explained_pairs": self.pairs,
        }


@dataclass(frozen=True)
class ExplainQuery:
    """One file of sql/explain."""

    path: Path
    title: str
    why: str
    variables: Mapping[str, str] = field(hash=False)
    columns: Mapping[str, str] = field(hash=False)
    sql: str

    @cached_property
    def tree(self) -> exp.Query:
        """The parsed query; not to be changed."""
        return parse_query(self.path, self.sql)


@cache
def load_explain_queries() -> dict[str, ExplainQuery]:
    """All of them by name; SqlFileError names what a file lacks."""
    found = {path.stem: _load(path) for path in sorted(EXPLAIN_ROOT.glob("*.sql"))}
    for name in PARTS:
        if tuple(found[name].columns) != COLUMNS:
            raise SqlFileError(f"{found[name].path}: must have the columns {list(COLUMNS)}")
    return found


def query_of(con: duckdb.DuckDBPyConnection, wanted: Wanted) -> str:
    """One select that returns the whole tree; it needs no variable, no macro, and no table that is not there.

    A home where nothing was trained or asked lacks some tables: to the query they are empty.
    """
    there = _tables(con)
    files = load_explain_queries()
    parts = [_bound(files[name], there, wanted.variables).subquery(name) for name in PARTS]
    whole: exp.Query = exp.select(*COLUMNS).from_(parts[0])
    for part in parts[1:]:
        whole = whole.union(exp.select(*COLUMNS).from_(part), distinct=False)
    ordered = exp.select(*COLUMNS).from_(whole.subquery("nodes")).order_by("node")
    return ordered.sql(dialect=DIALECT, pretty=True)


def some_texts(con: duckdb.DuckDBPyConnection) -> tuple[list[str], list[tuple[object, ...]]]:
    """Columns and rows of sql/explain/some.sql: texts to try."""
    query = load_explain_queries()[SOME]
    rows = con.execute(_bound(query, _tables(con)).sql(dialect=DIALECT)).fetchall()
    return list(query.columns), rows


def ask(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[str | None, ...]]:
    """The rows of the tree; WorkError where the file was published by another version of this program."""
    try:
        return con.execute(query).fetchall()
    except duckdb.Error as error:
        raise WorkError(
            f"the warehouse has another layout than this query expects: {error}",
            step="explain",
            remedy="`pat run` or `pat evaluate` renews its tables",
        ) from error


def _load(path: Path) -> ExplainQuery:
    header, sql = split_front_matter(path, KEYS)
    if missing := KEYS - set(header):
        raise SqlFileError(f"{path}: the front matter lacks {sorted(missing)}")
    columns, variables = header["columns"], header["variables"]
    if not isinstance(columns, dict) or not isinstance(variables, dict):
        raise SqlFileError(f"{path}: variables and columns must map every name to one comment")
    return ExplainQuery(path, str(header["title"]), str(header["why"]), variables, columns, sql)


def _tables(con: duckdb.DuckDBPyConnection) -> set[str]:
    names = con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    return {str(name) for (name,) in names}


def _bound(query: ExplainQuery, there: set[str], values: Mapping[str, str | int] | None = None) -> exp.Query:
    """The query with values for its variables, and nothing in place of tables that are not there."""

    def bind(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Anonymous) and node.name.lower() == "getvariable":
            return exp.convert((values or {})[node.expressions[0].name])
        if isinstance(node, exp.Table) and node.db and f"{node.db}.{node.name}" not in there:
            return _empty(f"{node.db}.{node.name}").subquery(node.alias_or_name)
        return node

    return cast(exp.Query, query.tree.transform(bind))


def _empty(table: str) -> exp.Select:
    from pat_dagster.lineage import plan  # binds every file under sql/: a second that few need

    columns = [exp.cast(exp.null(), kind).as_(name) for name, kind in plan().types[table].items()]
    return exp.select(*columns).where(exp.false())
