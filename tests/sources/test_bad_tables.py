"""Parquet and DuckDB files that are damaged, cut, busy or without the table."""

import random

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.errors import InputError

ROWS = 500


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.parquet", b"PAR1" + b"\0" * 500), ("a.duckdb", b"\0" * 8 + b"DUCK" + b"\0" * 500)],
)
def test_a_table_of_which_only_the_first_bytes_are_right(save, read, name, content):
    path = save(name, content)
    with pytest.raises(InputError, match=r"cannot be opened|not a Parquet file"):
        read(f"{path}::t" if name.endswith("duckdb") else path, "table")


def test_a_duckdb_file_needs_a_table(tmp_path, read):
    path = tmp_path / "a.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create table reviews (text varchar)")
    with pytest.raises(InputError, match="many tables"):
        read(path)
    with pytest.raises(InputError, match=r"main\.reviews"):
        read(f"{path}::absent", "table")
    with pytest.raises(InputError, match="no table"):
        read(f"{path}::a b; drop table reviews", "table")


def test_a_table_name_on_a_file_of_another_kind(save, read):
    with pytest.raises(InputError, match="not a DuckDB file but CSV"):
        read(f"{save('a.csv', 'user,topic,text,rating')}::t")


def test_a_duckdb_file_that_somebody_writes_to(tmp_path, read):
    path = tmp_path / "a.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create table t as select 1 as i")
        con.execute("checkpoint")
        with pytest.raises(InputError, match="cannot be opened"):
            read(f"{path}::t", "table")


@pytest.mark.parametrize("kind", ["parquet", "duckdb"])
def test_flipped_bits_end_in_the_right_rows_or_in_a_message(tmp_path, read, kind):
    rows = pa.table({name: [f"{name} {n}" for n in range(ROWS)] for name in ("user", "topic", "text")})
    rows = rows.append_column("rating", pa.array([3] * ROWS))
    whole = tmp_path / f"whole.{kind}"
    if kind == "parquet":
        pq.write_table(rows, whole, write_page_checksum=True)
    else:
        with duckdb.connect(str(whole)) as con:
            con.register("rows", rows)
            con.execute("create table t as select * from rows")
    content = whole.read_bytes()
    refused = 0
    for seed in range(40):
        rng = random.Random(seed)
        damaged = bytearray(content)
        for _ in range(5):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        path = tmp_path / f"{seed}.{kind}"
        path.write_bytes(damaged)
        try:
            result = read(f"{path}::t" if kind == "duckdb" else path, "table")
        except InputError:
            refused += 1
        else:
            assert [row["text"] for row in result.accepted] == [f"text {n}" for n in range(ROWS)]
    assert refused > 5
