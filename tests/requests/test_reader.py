"""Files of requests: three formats, one meaning; a row is accepted, rejected with its reason, or repeated."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError
from models.sources.forgotten import Forgotten, salted
from models.sources.records import Candidate, Rejected
from models.sources.requests import Repeated, Request, RequestFile, Rules

GOOD = {"user": "u1", "topic": "t1", "task": "long", "input": "A quiet place"}
Decision = Request | Rejected | Repeated


def judge(path: Path, dataset: str = "d") -> list[Decision]:
    rules = Rules(dataset)
    return [rules.check(row) for row in RequestFile.open(str(path)).candidates()]


def as_lines(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def as_csv(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(stream.getvalue(), encoding="utf-8", newline="")
    return path


def as_parquet(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


FORMATS = {"requests.jsonl": as_lines, "requests.csv": as_csv, "requests.parquet": as_parquet}


@pytest.mark.parametrize(("name", "write"), FORMATS.items())
def test_the_format_makes_no_difference(
    tmp_path: Path, name: str, write: Callable[[Path, Sequence[dict[str, Any]]], Path]
) -> None:
    rows = [GOOD, GOOD | {"user": "u2", "task": "short"}, GOOD | {"input": " "}, GOOD]
    found = judge(write(tmp_path / name, rows))
    assert [type(one) for one in found] == [Request, Request, Rejected, Repeated]
    first = found[0]
    assert isinstance(first, Request)
    assert first.request_id.startswith("d:request-")
    assert first._replace(request_id="") == Request(1, "", "d:u1", "d:t1", "long", "A quiet place", None)
    repeated = found[3]
    assert isinstance(repeated, Repeated) and repeated.request_id == first.request_id


def test_ids_are_the_same_in_every_format_and_for_every_order(tmp_path: Path) -> None:
    rows = [GOOD | {"user": f"u{n}"} for n in range(4)]
    ids = [
        sorted(one.request_id for one in judge(write(tmp_path / name, order)) if isinstance(one, Request))
        for name, write in FORMATS.items()
        for order in (rows, rows[::-1])
    ]
    assert all(one == ids[0] for one in ids) and len(set(ids[0])) == 4


def test_other_names_times_and_ids_that_carry_the_dataset(tmp_path: Path) -> None:
    row = {"user_id": "d:u1", "topic_id": 7, "input": "A quiet place", "requested_at": "2023-04-01T12:00:00Z"}
    found = judge(as_lines(tmp_path / "a.jsonl", [row, GOOD | {"topic": "7"}]))
    first = found[0]
    assert isinstance(first, Request)
    assert (first.user_id, first.topic_id, first.task) == ("d:u1", "d:7", "long")
    assert str(first.requested_at) == "2023-04-01 12:00:00"
    # the names of the first object hold for the file
    assert isinstance(found[1], Rejected) and found[1].reason == "user is missing"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"user": None}, "user is missing"),
        ({"user": " "}, "user is empty"),
        ({"user": "d:"}, "user is empty"),
        ({"topic": 1.5}, "topic is 1.5: expected text or a whole number"),
        ({"task": "poem"}, "task is 'poem': expected long, short or rating"),
        ({"task": 3}, "task is 3: expected long, short or rating"),
        ({"input": None}, "input is missing"),
        ({"input": "\t\n"}, "input is empty"),
        ({"input": ["a"]}, "input is ['a']: expected text"),
        ({"input": "a\0b"}, "input holds a NUL character"),
        ({"input": "x" * 10_001}, "input has 10,001 characters: at most 10,000 are accepted"),
        ({"requested_at": "soon"}, "time is 'soon': expected ISO 8601 such as 2023-04-01T12:00:00Z"),
    ],
)
def test_a_bad_row_says_why_and_takes_no_other_with_it(
    tmp_path: Path, changed: dict[str, Any], reason: str
) -> None:
    found = judge(as_lines(tmp_path / "a.jsonl", [GOOD, GOOD | changed, GOOD | {"user": "u2"}]))
    bad = found[1]
    assert isinstance(bad, Rejected) and bad.reason == reason
    assert json.loads(bad.record.replace("\\x00", "\\u0000")) == GOOD | changed
    assert [type(one) for one in found] == [Request, Rejected, Request]


def test_a_text_may_be_longer_than_a_title(tmp_path: Path) -> None:
    found = judge(as_lines(tmp_path / "a.jsonl", [GOOD | {"task": "short", "input": "x " * 10_000}]))
    assert isinstance(found[0], Request)


def test_a_line_that_is_no_object_is_a_rejected_row(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"user": "u", "to\n' + json.dumps(GOOD).encode() + b"\n[1]\n\xff\n")
    found = judge(path)
    assert [type(one) for one in found] == [Rejected, Request, Rejected, Rejected]
    assert isinstance(found[3], Rejected) and "is not UTF-8" in found[3].reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"user,topic\nu,t\n", "no column input; it has 'user, topic'"),
        (b"[{}]", "requests are JSON lines, CSV or Parquet; this is a JSON list"),
        (b"PAR1 but not really", "not a Parquet file that can be read"),
        (b'user,topic,input\nu,t,"never closed\n', "a quote that opens in the record at line 2"),
        (b"\n\n", "no column user, topic, input"),
        ("user,topic,input\n".encode("utf-16"), "the file is UTF-16"),
    ],
)
def test_a_file_that_is_none_is_an_error_that_names_it(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "requests"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        judge(path)
    assert reason in str(error.value) and str(path) in str(error.value) and error.value.remedy


def test_a_header_without_rows_asks_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("user,topic,input\n")
    with pytest.raises(InputError, match="holds no requests"):
        judge(path)


def test_of_forgotten_users_nothing_is_kept() -> None:
    forgotten = Forgotten(b"salt", frozenset({salted(b"salt", "d:u1")}), frozenset({"d"}))
    rules = Rules("d", (), forgotten)
    rows = [Candidate(n, GOOD, user=user, topic="t", text="a") for n, user in enumerate(("u1", "d:u1", None))]
    for one in map(rules.check, rows):
        assert isinstance(one, Rejected) and one.record == ""
    assert isinstance(rules.check(Candidate(4, GOOD, user="u2", topic="t", text="a")), Request)


ids = st.one_of(st.text(max_size=6), st.integers(), st.none(), st.booleans())
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)
rows_of_requests = st.lists(
    st.fixed_dictionaries(
        {"user": ids, "topic": ids, "input": st.one_of(st.text(max_size=30), anything)},
        optional={"task": st.one_of(st.sampled_from(["long", "short", "rating", ""]), anything)},
    ),
    min_size=1,
    max_size=20,
)


@given(rows=rows_of_requests)
def test_every_row_is_accounted_for_and_no_text_changes(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    path = as_lines(tmp_path_factory.mktemp("fuzz") / "a.jsonl", rows)
    found = judge(path)
    assert [one.row for one in found] == list(range(1, len(rows) + 1))
    seen: dict[str, tuple[str, ...]] = {}
    for one, row in zip(found, rows, strict=True):
        if isinstance(one, Rejected):
            assert one.reason and one.record
        elif isinstance(one, Request):
            assert one.input == row["input"]
            asked = (one.user_id, one.topic_id, one.task, one.input)
            assert one.request_id not in seen and asked not in seen.values()
            seen[one.request_id] = asked
        else:
            assert seen[one.request_id][3] == row["input"]
