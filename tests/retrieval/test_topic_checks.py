"""The rules of sql/checks/context.topic_reviews: real rows keep them, spoiled rows are returned."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import polars as pl
import pytest

from pat_dagster.sql_checks import SqlCheck, load_checks
from tests.retrieval.topic_worlds import all_tasks, topic_table
from tests.retrieval.worlds import make_reviews

TABLE = "context.topic_reviews"
CHECKS = {check.name: check for check in load_checks() if check.table.name == TABLE}


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """staging.reviews, feature.examples and the topic rows of a small corpus with thin topics."""
    reviews = make_reviews(51, users=40, topics=25)
    found = {
        "staging.reviews": reviews,
        "feature.examples": all_tasks(reviews),
        TABLE: topic_table(reviews, tmp_path_factory.mktemp("vectors")),
    }
    connection = duckdb.connect()
    for table, frame in found.items():
        schema, _ = table.split(".")
        connection.execute(f"create schema if not exists {schema}")
        connection.register("frame", frame)
        connection.execute(f"create table {table} as from frame")
        connection.unregister("frame")
    yield connection
    connection.close()


def bad_rows(con: duckdb.DuckDBPyConnection, check: SqlCheck) -> pl.DataFrame:
    return con.sql(check.sql).pl()


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_real_rows_keep_every_rule(con: duckdb.DuckDBPyConnection, name: str) -> None:
    assert bad_rows(con, CHECKS[name]).is_empty()


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("source = 'near' where rank = 1", "source_is_exact_or_backoff"),
        ("distance = 0 where source = 'backoff'", "source_is_exact_or_backoff"),
        ("distance = .5 where source = 'exact'", "source_is_exact_or_backoff"),
        ("source = 'exact', distance = 0 where source = 'backoff'", "exact_rows_are_about_the_topic"),
        ("rank = 100 where source = 'exact' and rank = 1", "exact_rows_come_first"),
        ("alignment = 1.5 where rank = 1", "alignment_is_a_likeness"),
        ("alignment = 'nan'::double where rank = 1", "alignment_is_a_likeness"),
        ("alignment = null, is_aligned = true where rank = 1", "alignment_is_a_likeness"),
        ("is_aligned = true where alignment < 0", "alignment_is_a_likeness"),
        ("rank = 2 where rank = 1", "ranks_are_one_to_n"),
    ],
)
def test_a_spoiled_row_is_returned(con: duckdb.DuckDBPyConnection, change: str, broken: str) -> None:
    con.begin()
    con.execute(f"update {TABLE} set {change}")  # noqa: S608
    found = bad_rows(con, CHECKS[broken])
    con.rollback()
    assert found.height
    assert bad_rows(con, CHECKS[broken]).is_empty()
