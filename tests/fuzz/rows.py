"""Generated rows for every reader, files made of them, and what must become of each row.

The verdict of a row (`Row.text`) is written in other words than the readers' rules: None says that it must be
rejected, a text that it must be accepted with exactly this text (or counted as a repetition).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from models.sources.records import MAX_ID, MAX_TEXT, MAX_TITLE
from tests.hostile.attacks import ATTACKS

FIELDS = ("user", "topic", "title", "text", "rating")
LIST_ROWS = 20  # rows of one generated file
DATABASE_ROWS = 100  # of a DuckDB file, which takes a third of a second to write
Cells = dict[str, Any]

hostile = st.sampled_from([attack.value for attack in ATTACKS if len(attack.value) < 2_000])
huge = st.sampled_from(["x" * (MAX_ID + 1), "y " * (MAX_TITLE // 2 + 1), "z" * MAX_TEXT])
any_text = st.text(st.characters(), max_size=12)  # with lone surrogates, NUL, separators, combining marks
encodable = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
few = st.sampled_from(["u1", "u2", "t1", " t1", "T1", "1", "1.0", "01", ""])  # so that rows repeat
said = st.one_of(few, any_text, hostile, st.text("ab \n", max_size=3))
word = st.one_of(
    few, encodable, hostile.filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text))
)
number = st.one_of(st.integers(-2, 8), st.integers(), st.floats(), st.just(10**70))
other = st.one_of(st.none(), st.booleans(), st.lists(st.integers(), max_size=2), st.just({"a": [None]}))
stars = st.one_of(st.sampled_from([1, 5, 4.5, "4", "4.0", " 3 ", "5.01", "0.9", "٤", "1e0", "nan"]), number)
rows_of_values = st.lists(
    st.fixed_dictionaries(
        {
            "user": st.one_of(said, said, said, number, other),
            "topic": st.one_of(said, said, said, number, other),
            "title": st.one_of(said, said, said, st.none(), number, huge),
            "text": st.one_of(said, said, said, said, other, huge),
            "rating": st.one_of(stars, stars, stars, said, other),
        }
    ),
    min_size=LIST_ROWS,
    max_size=LIST_ROWS,
)
a_row_of_words = st.fixed_dictionaries(
    {
        **dict.fromkeys(("user", "topic", "title", "text"), word),
        "rating": st.one_of(st.sampled_from(["1", "5", "4.5", "4", "0", "five", ""]), word),
    }
)
rows_of_words = st.lists(a_row_of_words, min_size=LIST_ROWS, max_size=LIST_ROWS)


def holdable(value: object, most: int) -> bool:
    """Whether a table holds the text as it is."""
    if not isinstance(value, str) or len(value) > most or "\0" in value:
        return False
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def named(value: object) -> bool:
    """Whether a value is an id."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return len(str(abs(value))) <= 64
    if isinstance(value, float):
        return value.is_integer() and abs(value) <= 2**53
    return holdable(value, MAX_ID) and bool(str(value).strip())


def rated(value: object) -> bool:
    """Whether a value is 1 to 5 stars."""
    if isinstance(value, str):
        whole, point, part = value.strip().partition(".")
        digits = [whole, part] if point else [whole]
        return (
            all(run.isascii() and run.isdecimal() for run in digits)
            and len(value.strip()) <= 20
            and 1 <= float(value) <= 5
        )
    return isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value <= 5


def verdict(cells: Cells) -> str | None:
    """The text that must be accepted, or None."""
    title = cells["title"]
    good = (
        named(cells["user"])
        and named(cells["topic"])
        and (title is None or holdable(title, MAX_TITLE))
        and holdable(cells["text"], MAX_TEXT)
        and bool(cells["text"].strip())
        and rated(cells["rating"])
    )
    return cells["text"] if good else None


@dataclass(frozen=True)
class Reader:
    """One reader: the rows it is tried on, and how they are written into a file; returns the path to read."""

    name: str
    format: str
    rows: st.SearchStrategy[list[Cells]]
    write: Callable[[Path, Sequence[Cells]], str]
    rows_per_file: int = LIST_ROWS


def json_lines(names: dict[str, str], always: dict[str, Any]) -> Callable[[Path, Sequence[Cells]], str]:
    """One object a line, under these names; text as escapes, so that every code point can stand there."""

    def write(folder: Path, rows: Sequence[Cells]) -> str:
        path = folder / "rows.jsonl"
        objects = [always | {names[name]: value for name, value in row.items()} for row in rows]
        path.write_text("\n".join(json.dumps(one) for one in objects), encoding="utf-8")
        return str(path)

    return write


def pgraphrag(folder: Path, rows: Sequence[Cells]) -> str:
    """A profile for every row: ids belong to the profile."""
    path = folder / "rows.json"
    entries = [
        {
            "id": row["user"],
            "profile": [{"pid": row["topic"], **{name: row[name] for name in ("title", "text", "rating")}}],
        }
        for row in rows
    ]
    path.write_text(json.dumps(entries), encoding="utf-8")
    return str(path)


def separated(names: Sequence[str]) -> Callable[[Path, Sequence[Cells]], str]:
    """CSV with a header; every field quoted, so that blanks and breaks in it are its own."""

    def write(folder: Path, rows: Sequence[Cells]) -> str:
        path = folder / "rows.csv"
        written = io.StringIO(newline="")
        values = [[row[name] for name in FIELDS] for row in rows]
        csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([names, *values])
        path.write_bytes(written.getvalue().encode())
        return str(path)

    return write


def arrow(rows: Sequence[Cells]) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in FIELDS})


def parquet(folder: Path, rows: Sequence[Cells]) -> str:
    """A Parquet file in row groups smaller than the table."""
    path = folder / "rows.parquet"
    pq.write_table(arrow(rows), path, row_group_size=7)
    return str(path)


def database(folder: Path, rows: Sequence[Cells]) -> str:
    """A table of a DuckDB file, which keeps the order of its rows."""
    path = folder / "rows.duckdb"
    with duckdb.connect(str(path)) as con:
        con.register("incoming", arrow(rows))
        con.execute("create or replace table reviews as from incoming")
    return f"{path}::main.reviews"


AMAZON = {"user": "user_id", "topic": "asin", "title": "title", "text": "text", "rating": "rating"}
DATAFINITI = ["reviews.username", "id", "reviews.title", "reviews.text", "reviews.rating"]
READERS = [
    Reader("pgraphrag", "pgraphrag", rows_of_values, pgraphrag),
    Reader("amazon2023", "amazon2023", rows_of_values, json_lines(AMAZON, {"timestamp": 1588687728923})),
    Reader("datafiniti", "datafiniti", rows_of_words, separated(DATAFINITI)),
    Reader("table_csv", "table", rows_of_words, separated(FIELDS)),
    Reader("table_json_lines", "table", rows_of_values, json_lines({name: name for name in FIELDS}, {})),
    Reader("table_parquet", "table", rows_of_words, parquet),
    Reader(
        "table_duckdb",
        "table",
        st.lists(a_row_of_words, min_size=DATABASE_ROWS, max_size=DATABASE_ROWS),
        database,
        DATABASE_ROWS,
    ),
]

TASKS = ("long", "short", "rating")
REQUEST_FIELDS = ("user", "topic", "task", "input", "requested_at")
some_times = ["", "soon", "2023-04-01", "2023-04-01T12:00:00Z", "0044-03-15", "9999-12-31T23:59:59-12:00"]
times = st.one_of(
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 12, 31)).map(datetime.isoformat),
    st.sampled_from(some_times),
)
rows_of_requests = st.lists(
    st.fixed_dictionaries(
        {
            "user": st.one_of(said, said, number, other),
            "topic": st.one_of(said, said, number, other),
            "task": st.one_of(st.sampled_from([*TASKS, "", None]), said, other),
            "input": st.one_of(said, said, said, other, huge),
            "requested_at": st.one_of(st.none(), times, times, said, number),
        }
    ),
    min_size=LIST_ROWS,
    max_size=LIST_ROWS,
)
worded_requests = st.lists(
    st.fixed_dictionaries(
        {
            **dict.fromkeys(("user", "topic", "input"), word),
            "task": st.one_of(st.sampled_from([*TASKS, ""]), word),
            "requested_at": times,
        }
    ),
    min_size=LIST_ROWS,
    max_size=LIST_ROWS,
)


def dated(value: object) -> bool:
    """Whether a value is a time of a request, or none at all."""
    if value is None or value == "":
        return True
    try:
        return isinstance(value, str) and 1900 <= datetime.fromisoformat(value.strip()).year <= 2100
    except ValueError:
        return False


def request_verdict(cells: Cells) -> str | None:
    """The input that must be accepted, or None."""
    task = cells["task"]
    if task is None or (isinstance(task, str) and not task.strip()):
        task = "long"
    known = isinstance(task, str) and task in TASKS
    text = cells["input"]
    good = (
        known
        and named(cells["user"])
        and named(cells["topic"])
        and holdable(text, MAX_TITLE if task == "long" else MAX_TEXT)
        and bool(text.strip())
        and dated(cells["requested_at"])
    )
    return text if good else None
