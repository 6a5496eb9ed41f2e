"""Whose texts were shown to whom: by ids, by what old prompts quote, and through the summary of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import duckdb
import polars as pl
import pytest
from sqlglot import exp

from models.errors import InputError
from models.sources.forgotten import NOBODY, REASON, Forgotten, forgotten, salted
from pat_dagster import tables
from pat_dagster.forgetting.finding import find, resolve
from pat_dagster.forgetting.rejected import reject
from pat_dagster.forgetting.rows import address, doomed, remove, table_names
from pat_dagster.forgetting.subject import Row, Subject
from pat_dagster.lineage import plan
from pat_dagster.sql_files import DIALECT

MINE = "The kettle boils before I have found a cup, and it whistles like my aunt did."
OLD = "An older version of what they wrote, which nobody but a snapshot remembers today."
THEIRS = "Somebody else wrote this about a kettle that never boils, however long one waits."


def put(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Rows into a table of the warehouse; columns that are not named are null."""
    if not tables.column_types(con, table):
        tables.create_schema(con, table.split(".")[0])
        columns = [
            exp.ColumnDef(
                this=exp.to_identifier(name, quoted=True), kind=exp.DataType.build(kind, dialect=DIALECT)
            )
            for name, kind in plan().types[table].items()
        ]
        create = exp.Create(this=exp.Schema(this=address(table), expressions=columns), kind="TABLE")
        con.execute(create.sql(dialect=DIALECT))
    con.register("rows_here", pl.DataFrame(rows))
    con.execute(f"insert into {table} by name from rows_here")
    con.unregister("rows_here")


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """User u1 and others; two iterations, of which the first had other contexts."""
    with duckdb.connect() as con:
        place = {"dataset": "d", "source_file": "a.json"}
        reviews = [("u1", "r1", MINE), ("u2", "r2", THEIRS), ("u3", "r3", f"I quote: {THEIRS}")]
        put(
            con,
            "raw.reviews",
            [
                {**place, "source_row": row, "user_id": f"d:{user}", "review_id": f"d:{review}", "text": text}
                for row, (user, review, text) in enumerate(reviews, start=1)
            ],
        )
        counts = {"rows_read": 5, "rows_accepted": 3, "rows_rejected": 1, "rows_duplicate": 1}
        put(con, "raw.source_files", [{**place, "read_as": "{}", **counts}])
        put(
            con,
            "raw.rejected_rows",
            [{**place, "source_row": 4, "reason": "no rating", "record": '{"user": "u12"}'}],
        )
        put(
            con,
            "raw.requests",
            [
                {
                    "dataset": "d",
                    "source_file": "q",
                    "source_row": n,
                    "ingest_order": n,
                    "request_id": f"d:q{n}",
                    "user_id": f"d:u{n}",
                }
                for n in (1, 2)
            ],
        )
        put(
            con,
            "raw.request_files",
            [
                {
                    "dataset": "d",
                    "source_file": "q",
                    "ingest_order": n,
                    "rows_accepted": 1,
                    "rows_rejected": 0,
                    "reader_version": 1,
                }
                for n in (1, 2)
            ],
        )
        put(
            con,
            "raw.rejected_requests",
            [{"dataset": "d", "source_file": "q", "source_row": 9, "reason": "r", "record": "x"}],
        )
        put(
            con,
            "staging.reviews",
            [
                {
                    "user_id": f"d:{u}",
                    "review_id": f"d:{r}",
                    "topic_id": "d:t1" if u != "u1" else "d:t9",
                    "text": t,
                }
                for u, r, t in reviews
            ],
        )
        put(
            con,
            "staging.users",
            [
                {"user_id": "d:u1", "dataset": "d", "split": "train"},
                {"user_id": "d:u2", "dataset": "d", "split": "test"},
            ],
        )
        put(
            con,
            "feature.examples",
            [
                {"user_id": f"d:{u}", "target_review_id": f"d:{r}", "example_id": f"d:{r}:long", "target": t}
                for u, r, t in reviews
            ],
        )
        put(
            con,
            "context.style_reviews",
            [
                {"example_id": "d:r2:long", "donor_id": "d:u1", "review_id": "d:r1"},
                {"example_id": "d:r3:long", "donor_id": "d:u2", "review_id": "d:r2"},
            ],
        )
        prompts = {
            "d:r2:long": f"- {MINE.upper()}",
            "d:r3:long": f"- {THEIRS}",
            "d:r5:long": f"- {OLD}",
            "d:r6:long": THEIRS,
        }
        put(
            con,
            "rollout.summaries",
            [
                {"iteration": "0000", "agent": "style", "example_id": one, "prompt": prompt}
                for one, prompt in prompts.items()
            ],
        )
        put(
            con,
            "evaluation.calls",
            [
                {
                    "arm": "pat_swapped",
                    "example_id": "d:r6:long",
                    "source_example_id": "d:r2:long",
                    "text": "a summary",
                },
                {
                    "arm": "pat_swapped",
                    "example_id": "d:r2:long",
                    "source_example_id": "d:r7:long",
                    "text": "a summary",
                },
            ],
        )
        put(con, "context.request_reviews", [{"request_id": "d:q2", "donor_id": "d:u1", "review_id": "d:r1"}])
        put(
            con,
            "preference.pairs",
            [{"iteration": "0000", "agent": "style", "example_id": f"d:r{n}:long"} for n in (2, 3, 4)]
            + [{"iteration": "0001", "agent": "style", "example_id": "d:r3:long"}],
        )
        put(
            con,
            "policy.adapters",
            [
                {
                    "policy_id": f"style-000{n}",
                    "agent": "style",
                    "iteration": f"000{n}",
                    "parent_policy_id": f"style-000{n - 1}" if n else None,
                    "status": "trained",
                }
                for n in (0, 1)
            ],
        )
        put(con, "ops.completions", [{"stage": "summaries/style/1", "text": "a summary of nobody"}])
        yield con


@pytest.fixture
def snapshot() -> Iterator[duckdb.DuckDBPyConnection]:
    """What was published before u1 edited the review."""
    with duckdb.connect() as con:
        put(con, "staging.reviews", [{"user_id": "d:u1", "review_id": "d:r1", "text": OLD}])
        yield con


def subject(*databases: duckdb.DuckDBPyConnection) -> Subject:
    return find({str(place): con for place, con in enumerate(databases)}, [("d", "d:u1")])


def test_everything_that_is_theirs_or_was_made_of_it(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = subject(warehouse)
    assert found.reviews == ("d:r1",)
    assert found.asked == ("d:q1", "d:r1:long")
    assert found.touched == ("d:q2", "d:r2:long", "d:r6:long"), (
        "r6 was told what a model made of r2's context"
    )
    assert [policy for policy, _ in found.policies] == ["style-0000", "style-0001"], (
        "the second continues the first"
    )
    assert "1 of 3 pairs" in found.policies[0][1] and "continues style-0000" in found.policies[1][1]
    assert found.learned == ("d",) and found.iterations == ("0000",)
    assert found.averaged == ("d:t9",) and found.topics == ("d:t9",)
    assert set(found.sources) == {Row("d", "a.json", 1), Row("d", "q", 1)}


def test_an_older_text_is_known_from_a_snapshot(
    warehouse: duckdb.DuckDBPyConnection, snapshot: duckdb.DuckDBPyConnection
) -> None:
    assert "d:r5:long" not in subject(warehouse).touched
    assert "d:r5:long" in subject(warehouse, snapshot).touched


def test_rows_of_others_stay(warehouse: duckdb.DuckDBPyConnection) -> None:
    who = subject(warehouse)
    before = {table: len(warehouse.table(table)) for table in table_names(warehouse)}
    reject(warehouse, who)
    gone = {
        table: remove(warehouse, table, doomed(warehouse, table, who)) for table in table_names(warehouse)
    }
    left = {table: len(warehouse.table(table)) for table in before}
    assert gone["rollout.summaries"] == 2 and gone["context.style_reviews"] == 1
    assert gone["evaluation.calls"] == 2 and gone["ops.completions"] == 1
    assert left["feature.examples"] == 2, "those of others are asked again"
    assert left["raw.reviews"] == 2 and left["staging.reviews"] == 2 and left["staging.users"] == 1
    again = {table: len(doomed(warehouse, table, who)) for table in before if table != "ops.completions"}
    assert not any(again.values())


def test_rows_are_accounted_for(warehouse: duckdb.DuckDBPyConnection) -> None:
    who = subject(warehouse)
    for _ in range(2):  # the second time changes nothing
        reject(warehouse, who)
        files = warehouse.execute(
            "select rows_accepted, rows_rejected, read_as from raw.source_files"
        ).fetchall()
        assert files == [(2, 2, "")], "read again next time"
        rejected = warehouse.execute(
            "select source_row, reason, record from raw.rejected_rows order by 1"
        ).fetchall()
        assert rejected == [(1, REASON, ""), (4, "no rating", '{"user": "u12"}')], "u12 is somebody else"
    requests = warehouse.execute(
        "select ingest_order, rows_accepted, rows_rejected from raw.request_files order by 1"
    )
    assert requests.fetchall() == [(1, 0, 1), (2, 1, 0)]
    kept = warehouse.execute("select source_row from raw.rejected_requests").fetchall()
    assert kept == [(9,)], "rejected rows are those of the newest version of a file"


def test_a_rejected_record_of_theirs_is_emptied(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute('update raw.rejected_rows set record = \'{"user": "u1"}\'')
    who = subject(warehouse)
    assert Row("d", "a.json", 4) in who.sources
    reject(warehouse, who)
    assert warehouse.execute("select distinct reason, record from raw.rejected_rows").fetchall() == [
        (REASON, "")
    ]


def known(*users: str) -> Forgotten:
    return forgotten(b"salt", [("d", salted(b"salt", user)) for user in users])


def test_names_are_resolved(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert resolve(warehouse, ["u1", "d:u2"], None, NOBODY) == (("d", "d:u1"), ("d", "d:u2"))
    assert resolve(warehouse, ["u12"], None, NOBODY) == (("d", "d:u12"),), (
        "known from a rejected record alone"
    )
    assert resolve(warehouse, ["u7"], None, known("d:u7")) == (("d", "d:u7"),), "forgotten before"
    with pytest.raises(InputError, match="nearest are d:u"):
        resolve(warehouse, ["u9"], None, NOBODY)
    put(warehouse, "raw.reviews", [{"dataset": "e", "user_id": "e:u1"}])
    with pytest.raises(InputError, match="a user of d, e"):
        resolve(warehouse, ["u1"], None, NOBODY)
    assert resolve(warehouse, ["u1"], "e", NOBODY) == (("e", "e:u1"),)
