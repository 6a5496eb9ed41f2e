"""No table escapes `pat forget`: somebody is planted into every column of every table, and found.

A new table needs no entry anywhere, unless it calls ids by new names or keeps texts in tables of raw, staging
or feature without saying whose they are: then one of these tests fails and says so.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from sqlglot import exp

from models.forgetting.traces import pieces_of
from pat_dagster import tables
from pat_dagster.forgetting.roles import (
    ASKED,
    CACHES,
    OTHER_IDS,
    OWN_WORDS,
    OWNED,
    PLAIN,
    REVIEWS,
    USERS,
)
from pat_dagster.forgetting.rows import ADDRESSES, address, doomed, textual_columns
from pat_dagster.forgetting.subject import Subject
from pat_dagster.lineage import plan
from pat_dagster.sql_files import DIALECT, load_files

TEXT = "The kettle boils before I have found a cup, and it whistles like my aunt did."
WHO = Subject(
    users=(("d", "d:u1"),),
    reviews=("d:r1",),
    asked=("d:r1:long", "d:request-1"),
    touched=("d:r7:long",),
    pieces=pieces_of([TEXT]),
)
COLUMNS = [
    (table, column) for table, types in plan().types.items() for column in types if "VARCHAR" in types[column]
]
IDS = USERS | REVIEWS | ASKED
# what tables that are kept as they are may hold: hashes, names of tables and columns, a recipe
KEPT = {
    "ops.column_lineage": {"table_name", "column_name", "upstream_table", "upstream_column"},
    "ops.recipes": {"recipe_sha256", "name", "content"},
    "ops.forgotten": {"dataset", "user_hash"},
    "ops.published_tables": {"table_name", "content_sha256", "definition_sha256"},
}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table of the warehouse, without constraints."""
    with duckdb.connect() as found:
        for table, types in plan().types.items():
            tables.create_schema(found, table.split(".")[0])
            columns = [
                exp.ColumnDef(
                    this=exp.to_identifier(n, quoted=True), kind=exp.DataType.build(t, dialect=DIALECT)
                )
                for n, t in types.items()
            ]
            schema = exp.Schema(this=address(table), expressions=columns)
            found.execute(exp.Create(this=schema, kind="TABLE").sql(dialect=DIALECT))
        yield found


def goes(con: duckdb.DuckDBPyConnection, table: str, column: str, value: str) -> bool:
    """Whether a row with `value` in `column` goes, and one about somebody else stays."""
    insert = exp.insert(
        exp.values([(value,), ("d:u2 wrote something that is long enough to be a piece",)]),
        address(table),
        columns=[exp.to_identifier(column, quoted=True)],
    )
    con.execute(insert.sql(dialect=DIALECT))
    try:
        found = doomed(con, table, WHO).to_list()
    finally:
        con.execute(exp.delete(address(table)).sql(dialect=DIALECT))
    assert len(found) < 2, "a row about somebody else goes too"
    return len(found) == 1


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda value: str(value))
def test_somebody_in_any_column_is_found(con: duckdb.DuckDBPyConnection, table: str, column: str) -> None:
    is_owned = table.split(".")[0] in OWNED
    is_exempt = table in PLAIN | CACHES or column in ADDRESSES
    is_own_words = is_owned and column in OWN_WORDS
    if column not in textual_columns(con, table) or is_exempt or is_own_words:
        return
    if "[]" in plan().types[table][column]:
        pytest.skip("lists are read as text, and this fixture inserts text alone")
    values = {"d:u1", "d:r1"} if column not in IDS else set()
    values |= {"d:u1"} if column in USERS else set()
    values |= {"d:r1"} if column in REVIEWS else set()
    values |= {"d:r1:long", "d:request-1"} if column in ASKED else set()
    values |= {"d:r7:long"} if column in ASKED and not is_owned else set()
    values |= {f"somebody quotes: {TEXT.upper()}"} if column not in IDS else set()
    left = sorted(value for value in values if not goes(con, table, column, value))
    assert not left, f"{table}.{column} would keep {left}"


def test_ids_of_a_new_kind_are_declared() -> None:
    named = {column for _, column in COLUMNS if column.endswith("_id")}
    strange = sorted(name for name in named - IDS if not name.endswith(OTHER_IDS))
    assert not strange, f"say in pat_dagster/forgetting/roles.py whose ids these are: {strange}"


def test_texts_that_are_somebodys_own_say_whose() -> None:
    """Their rows go by an id alone, because a text may name others."""
    for table, types in plan().types.items():
        if table.split(".")[0] in OWNED and OWN_WORDS & set(types):
            assert (USERS | REVIEWS) & set(types), f"{table} has texts and no user_id"


def test_an_example_of_somebody_else_keeps_its_own_row(con: duckdb.DuckDBPyConnection) -> None:
    """What was made for it goes, and it is asked again."""
    assert not goes(con, "feature.examples", "example_id", "d:r7:long")
    assert goes(con, "rollout.summaries", "example_id", "d:r7:long")


def test_tables_that_are_kept_hold_nothing_new() -> None:
    assert set(KEPT) == set(PLAIN)
    for table, columns in KEPT.items():
        texts = {name for name, kind in plan().types[table].items() if "VARCHAR" in kind}
        assert texts == columns, f"{table}: may these hold a text or an id of a user?"


def test_tables_are_files() -> None:
    assert set(load_files()) >= PLAIN | CACHES
