"""Writes are repeatable and whole or not at all; fingerprints see content, not order."""

from collections.abc import Iterator

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import WorkError
from models.recipes import load_recipe
from pat_dagster import tables
from pat_dagster.resources.warehouse import prepare

TABLE = "policy.training_log"


@pytest.fixture(scope="module")
def module_con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    prepare(connection, load_recipe("mini"))
    yield connection
    connection.close()


@pytest.fixture
def con(module_con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    tables.write(module_con, TABLE, rows([]))
    return module_con


def rows(values: list[float | None], iteration: str = "0000") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "iteration": [iteration] * len(values),
            "agent": ["style"] * len(values),
            "step": range(len(values)),
            "metric": ["loss"] * len(values),
            "value": values,
        },
        schema_overrides={"step": pl.Int32, "value": pl.Float64, "iteration": pl.String, "agent": pl.String}
        | {"metric": pl.String},
    )


def test_a_partition_is_replaced_and_others_stay(con: duckdb.DuckDBPyConnection) -> None:
    tables.write(con, TABLE, rows([1.0, 2.0], "0000"), {"iteration": "0000"})
    tables.write(con, TABLE, rows([3.0], "0001"), {"iteration": "0001"})
    assert tables.write(con, TABLE, rows([9.0], "0000"), {"iteration": "0000"}) == 1
    assert tables.read(con, TABLE)["value"].to_list() == [9.0, 3.0]
    assert tables.read(con, TABLE, {"iteration": "0001"})["value"].to_list() == [3.0]


def test_the_partition_columns_come_from_the_partition(con: duckdb.DuckDBPyConnection) -> None:
    tables.write(con, TABLE, rows([1.0]).drop("iteration"), {"iteration": "o'clock"})
    assert tables.read(con, TABLE)["iteration"].to_list() == ["o'clock"]


@pytest.mark.parametrize("form", ["frame", "table", "reader"])
def test_every_form_of_rows_any_order_of_columns(con: duckdb.DuckDBPyConnection, form: str) -> None:
    frame = rows([1.0, 2.0]).select("value", "step", "agent", "metric", "iteration")
    arrow = frame.to_arrow()
    given_rows = {"frame": frame, "table": arrow, "reader": arrow.to_reader()}[form]
    assert tables.write(con, TABLE, given_rows) == 2
    assert tables.read(con, TABLE).equals(rows([1.0, 2.0]))


def test_a_failed_write_leaves_the_table_as_it_was(con: duckdb.DuckDBPyConnection) -> None:
    tables.write(con, TABLE, rows([1.0]))
    with pytest.raises(WorkError, match="NOT NULL"):
        tables.write(con, TABLE, rows([2.0, None]))
    assert tables.read(con, TABLE)["value"].to_list() == [1.0]


def test_columns_that_do_not_fit_are_named(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(WorkError, match=r"missing columns \['value'\], unknown columns \['loss'\]"):
        tables.write(con, TABLE, rows([1.0]).rename({"value": "loss"}))


def test_a_table_of_an_older_definition(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create or replace table policy.training_log as select '0000' as iteration, 1 as old")
    with pytest.raises(WorkError, match="older definition"):
        tables.write(con, TABLE, rows([1.0]), {"iteration": "0001"})
    assert tables.write(con, TABLE, rows([1.0])) == 1  # a full rewrite loses nothing, so it may recreate


def test_reading_what_is_not_there(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(WorkError, match="materialize asset mart/costs first"):
        tables.read(con, "mart.costs")


values = st.lists(st.floats(allow_nan=False, width=32), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None)
@given(values=values, seed=st.integers(0, 2**16))
def test_fingerprints_see_content_and_counts_but_not_order(
    module_con: duckdb.DuckDBPyConnection, values: list[float], seed: int
) -> None:
    def sha256(frame: pl.DataFrame) -> str:
        tables.write(module_con, TABLE, frame)
        return tables.fingerprint(module_con, TABLE)[0]

    frame = rows(list(values))
    assert sha256(frame.sample(fraction=1, shuffle=True, seed=seed)) == sha256(frame)
    assert sha256(pl.concat([frame, frame[:1]])) != sha256(frame)
    assert sha256(pl.concat([frame, frame[:1], frame[:1]])) != sha256(frame)  # a bare xor would not see this
    changed = frame.with_columns(
        value=pl.col("value") + pl.when(pl.col("step") == 0).then(0.5).otherwise(0.0)
    )
    if not changed.equals(frame):
        assert sha256(changed) != sha256(frame)
    tables.write(module_con, TABLE, frame)
    assert tables.fingerprint(module_con, TABLE, "0000") == tables.fingerprint(module_con, TABLE)


def test_an_older_table_gets_the_columns_added_at_its_end(con: duckdb.DuckDBPyConnection) -> None:
    tables.ensure_table(con, "raw.reviews")
    whole = tables.column_types(con, "raw.reviews")
    con.execute("alter table raw.reviews drop column is_target")
    tables.ensure_table(con, "raw.reviews")
    assert tables.column_types(con, "raw.reviews") == whole
    for column in ("is_target", "posted_at", "rating"):  # rating must not be null: no value would be right
        con.execute(f"alter table raw.reviews drop column {column}")
    with pytest.raises(WorkError, match="older definition"):
        tables.ensure_table(con, "raw.reviews")
    con.execute("drop table raw.reviews")
