"""Whatever rows a file holds: read = accepted + rejected + duplicates, no crash, no text changed in silence.

Every reader is tried on 1,000 generated rows in each run of the suite, on 10,000 where `long` is asked for.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.sources.reader import REJECTED, REVIEWS
from models.sources.requests import Repeated, Request, RequestFile, Rules
from pat_dagster import tables
from pat_dagster.assets.ingest import WarehouseStore
from tests.fuzz.rows import (
    AMAZON,
    DATABASE_ROWS,
    LIST_ROWS,
    READERS,
    REQUEST_FIELDS,
    Cells,
    Reader,
    json_lines,
    request_verdict,
    rows_of_requests,
    rows_of_values,
    verdict,
    worded_requests,
)
from tests.sources.conftest import Result, read_all

each_amount = pytest.mark.parametrize(
    "amount", [1_000, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.long])]
)
each_reader = pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)


def on_rows(
    rows: st.SearchStrategy[Any],
    amount: int,
    check: Callable[[Path, Any], None],
    rows_per_file: int = LIST_ROWS,
) -> None:
    """Run `check` on generated files with `amount` rows in all, in a folder of their own."""
    tried, files = 0, amount // rows_per_file

    @settings(max_examples=files, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(rows)
    def run(value: Any) -> None:
        nonlocal tried
        tried += 1
        check(Path(folder), value)

    with tempfile.TemporaryDirectory() as folder:
        run()
    assert tried >= files


def agrees(result: Result, rows: Sequence[Cells]) -> None:
    """Every row went where it belongs, and those that stayed say what was written."""
    expected = {number: text for number, row in enumerate(rows, 1) if (text := verdict(row)) is not None}
    assert result.n_read == len(rows)
    assert len(result.accepted) + result.n_duplicate == len(expected)
    for row in result.accepted:
        assert row["text"] == expected[row["source_row"]]
        assert row["title"] == (rows[row["source_row"] - 1]["title"] or "")
    assert len({row["review_id"] for row in result.accepted}) == len(result.accepted)
    refused = {row["source_row"] for row in result.rejected}
    assert refused == set(range(1, len(rows) + 1)) - set(expected)
    assert all(row["reason"] and row["record"] for row in result.rejected)
    for row in result.rejected:
        (row["reason"] + row["record"]).encode()  # a table can hold it


@each_amount
@each_reader
def test_every_row_is_accounted_for(reader: Reader, amount: int) -> None:
    def check(folder: Path, rows: list[Cells]) -> None:
        agrees(read_all(reader.write(folder, rows), reader.format), rows)

    on_rows(reader.rows, amount, check, reader.rows_per_file)


@each_amount
def test_the_warehouse_holds_what_was_read(amount: int) -> None:
    write = json_lines(AMAZON, {})
    with duckdb.connect() as con:
        store = WarehouseStore(con)

        def check(folder: Path, rows: list[Cells]) -> None:
            path = write(folder, rows)
            result = read_all(path, "amazon2023")
            with store.transaction():
                store.delete("d", path)
                kept = store.add_reviews(pa.RecordBatch.from_pylist(result.accepted, REVIEWS))
                lost = store.add_rejected(pa.RecordBatch.from_pylist(result.rejected, REJECTED))
            assert kept + lost + result.n_duplicate == len(rows)
            for table, came in (("raw.reviews", result.accepted), ("raw.rejected_rows", result.rejected)):
                held = tables.read(con, table).select(list(came[0]) if came else ["source_row"])
                assert held.sort("source_row").to_dicts() == sorted(came, key=lambda row: row["source_row"])

        on_rows(rows_of_values, amount, check)


def request_decisions(path: Path, rows: Sequence[Cells]) -> None:
    rules = Rules("d")
    decisions = [rules.check(candidate) for candidate in RequestFile.open(str(path)).candidates()]
    expected = [request_verdict(row) for row in rows]
    assert len(decisions) == len(rows)
    for decision, text in zip(decisions, expected, strict=True):
        assert (text is None) == (not isinstance(decision, Request | Repeated))
        if isinstance(decision, Request):
            assert decision.input == text
    asked = [one.request_id for one in decisions if isinstance(one, Request)]
    assert len(set(asked)) == len(asked)


@each_amount
def test_requests_in_json_lines(amount: int) -> None:
    def check(folder: Path, rows: list[Cells]) -> None:
        path = folder / "requests.jsonl"
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
        request_decisions(path, rows)

    on_rows(rows_of_requests, amount, check)


@each_amount
def test_requests_in_parquet(amount: int) -> None:
    def check(folder: Path, rows: list[Cells]) -> None:
        path = folder / "requests.parquet"
        columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in REQUEST_FIELDS}
        pq.write_table(pa.table(columns), path)
        request_decisions(path, rows)

    on_rows(worded_requests, amount, check)


NO_ZONE = pa.timestamp("ns", "Nowhere/City")  # DuckDB refuses to write it
TYPED = {  # columns of every kind that Parquet knows, with cells beyond what Python can hold
    pa.string(): st.text("ab\n", max_size=3),
    pa.large_string(): st.text(max_size=4),
    pa.dictionary(pa.int8(), pa.string()): st.sampled_from(["a", "4", ""]),
    pa.binary(): st.binary(max_size=3),
    pa.bool_(): st.booleans(),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.float64(): st.floats(),
    pa.decimal128(10, 2): st.decimals(-9999, 9999, places=2),
    pa.date32(): st.integers(-(2**31), 2**31 - 1),
    pa.timestamp("us"): st.integers(-(2**63), 2**63 - 1),
    NO_ZONE: st.integers(-(2**63), 2**63 - 1),
    pa.timestamp("ms", "Europe/Paris"): st.integers(-(2**53), 2**53),
    pa.duration("us"): st.integers(-(2**63), 2**63 - 1),
    pa.time64("us"): st.integers(0, 86_399_999_999),
    pa.list_(pa.int64()): st.lists(st.integers(0, 9), max_size=2),
    pa.struct([("a", pa.int64())]): st.fixed_dictionaries({"a": st.integers(0, 9)}),
}


@st.composite
def typed_tables(draw: st.DrawFn, n_rows: int, left_out: Collection[pa.DataType] = ()) -> pa.Table:
    """A table with a type of its own for every field."""
    kinds = st.sampled_from([kind for kind in TYPED if kind not in left_out])
    columns = {}
    for name in ("user", "topic", "title", "text", "rating", "posted_at"):
        kind = draw(st.one_of(kinds, st.just(pa.string())))
        cells = st.lists(st.none() | TYPED[kind], min_size=n_rows, max_size=n_rows)
        columns[name] = pa.array(draw(cells), kind)
    return pa.table(columns)


@each_amount
@pytest.mark.parametrize("kind", ["parquet", "duckdb"])
def test_columns_of_any_type(amount: int, kind: str) -> None:
    in_database = kind == "duckdb"
    n_rows = DATABASE_ROWS if in_database else LIST_ROWS

    def check(folder: Path, rows: pa.Table) -> None:
        path = f"{folder}/rows.{kind}"
        if in_database:
            with duckdb.connect(path) as con:
                con.register("incoming", rows)
                con.execute("create or replace table reviews as from incoming")
            path = f"{path}::main.reviews"
        else:
            pq.write_table(rows, path)
        result = read_all(path, "table")
        assert result.n_read == n_rows
        texts = rows["text"].to_pylist() if pa.types.is_string(rows["text"].type) else None
        for row in result.accepted:
            assert texts is None or row["text"] == texts[row["source_row"] - 1]

    on_rows(typed_tables(n_rows, [NO_ZONE] if in_database else []), amount, check, n_rows)
