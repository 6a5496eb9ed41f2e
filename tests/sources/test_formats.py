"""Every format: what becomes of its fields, and how it is recognized."""

import csv
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.errors import InputError

REVIEW = {"title": "T", "text": "Good.", "rating": 4, "pid": "p1"}
DATAFINITI = [
    "id",
    "asins",
    "reviews.username",
    "reviews.title",
    "reviews.text",
    "reviews.rating",
    "reviews.date",
]


def test_pgraphrag_numbers_reviews_through_the_file_and_marks_the_first_as_target(save, read):
    entries = [
        {"id": "u1", "profile": [REVIEW, REVIEW | {"text": "Other.", "pid": 7}]},
        {"id": "u2", "profile": [REVIEW]},
    ]
    result = read(save("a.json", entries), dataset="amazon", split="dev")
    assert result.format == "pgraphrag"
    assert [(r["source_row"], r["user_id"], r["topic_id"], r["is_target"]) for r in result.accepted] == [
        (1, "amazon:u1", "amazon:p1", True),
        (2, "amazon:u1", "amazon:7", False),
        (3, "amazon:u2", "amazon:p1", True),
    ]
    first = result.accepted[0]
    assert (first["rating"], first["split"], first["posted_at"], first["dataset"]) == (
        4.0,
        "validation",
        None,
        "amazon",
    )


def test_pgraphrag_pid_as_number_and_as_text_is_one_topic(save, read):
    result = read(
        save("a.json", [{"id": 1, "profile": [REVIEW | {"pid": 12}, REVIEW | {"pid": "12", "text": "B"}]}])
    )
    assert [row["topic_id"] for row in result.accepted] == ["d:12", "d:12"]
    assert len({row["review_id"] for row in result.accepted}) == 2


def test_pgraphrag_rejects_what_is_no_review_with_its_number(save, read):
    entries = [
        {"id": "u1", "profile": []},
        "not an object",
        {"id": "u2"},
        {"profile": [REVIEW]},
        {"id": "u3", "profile": [None, REVIEW | {"pid": None}, REVIEW]},
    ]
    result = read(save("a.json", entries))
    assert [row for row, _ in result.reasons] == [1, 2, 3, 4, 5, 6]
    assert [reason.split(":")[0] for _, reason in result.reasons] == [
        "the profile is empty",
        "the entry is 'not an object'",
        "profile is missing",
        "user is missing",
        "the review is None",
        "topic is missing",
    ]
    assert [(row["source_row"], row["is_target"]) for row in result.accepted] == [(7, False)]
    assert json.loads(result.rejected[3]["record"]) == {"id": None, "review": REVIEW}


def test_pgraphrag_streams_across_chunk_borders(save, read, monkeypatch):
    monkeypatch.setattr("models.sources.json_list.CHUNK", 7)  # every token is cut somewhere
    entries = [
        {"id": f"u{i}", "profile": [REVIEW | {"text": f'ünï 😀 \\" {i}', "rating": 1 + i % 5}]}
        for i in range(40)
    ]
    for text in (json.dumps(entries), json.dumps(entries, ensure_ascii=False, indent=2)):
        result = read(save("a.json", text))
        assert [row["text"] for row in result.accepted] == [e["profile"][0]["text"] for e in entries]


@pytest.mark.parametrize("zipped", [False, True])
def test_amazon2023(save, read, amazon, zipped):
    lines = [amazon(), amazon(parent_asin=None, timestamp=None, title="", rating="4.0")]
    data = "\n\n".join(json.dumps(line) for line in lines).encode()
    result = read(save("a.data", gzip.compress(data) if zipped else b"\xef\xbb\xbf" + data), dataset="beauty")
    assert result.format == "amazon2023"
    first, second = result.accepted
    assert (first["topic_id"], second["topic_id"]) == ("beauty:B00YQ6X8EP", "beauty:B00YQ6X8EO")
    assert (first["posted_at"], second["posted_at"]) == (datetime(2020, 5, 5, 14, 8, 48, 923000), None)
    assert (first["source_row"], second["source_row"]) == (1, 3)  # line numbers: the blank line counts
    assert (second["rating"], second["title"], second["is_target"]) == (4.0, "", None)


def test_amazon2023_refuses_times_in_seconds(save, read, amazon):
    result = read(save("a.jsonl", json.dumps(amazon(timestamp=1588687728))))
    assert result.reasons == [(1, "timestamp is 1588687728: expected milliseconds since 1970")]


def test_datafiniti_rows_are_records_although_texts_span_lines(tmp_path, read):
    path = tmp_path / "a.csv"
    rows = [
        ["AV1", "B1", "Ann", "Nice", 'line one\r\nline "two"\n\nfour', "5", "2017-01-13T00:00:00.000Z"],
        ["AV1", "B1", "Bob", "", "b", "3.0", ""],
        ["AV2", "B1", "", "t", "c", "3", "2017-01-13"],
        ["AV2", "B1", "Eve", "t", "d", "", "2017-01-13"],
    ]
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([DATAFINITI, *rows])
    result = read(path)
    assert result.format == "datafiniti"
    assert result.accepted[0]["text"] == rows[0][4]
    assert result.accepted[0]["posted_at"] == datetime(2017, 1, 13)
    assert [(row["source_row"], row["user_id"], row["topic_id"]) for row in result.accepted] == [
        (1, "d:Ann", "d:AV1"),
        (2, "d:Bob", "d:AV1"),
    ]
    assert result.reasons == [(3, "user is empty"), (4, "rating is missing: expected a number from 1 to 5")]


def test_datafiniti_takes_asins_where_there_is_no_id(tmp_path, read):
    path = tmp_path / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([DATAFINITI[1:], ["B1", "Ann", "Nice", "text", "5", ""]])
    assert read(path, "datafiniti").accepted[0]["topic_id"] == "d:B1"


MAPPING = {"user": "who", "topic": "what", "text": "body", "rating": "stars", "posted_at": "at"}


def arrow() -> pa.Table:
    moment = datetime(2024, 2, 29, 12, tzinfo=UTC)
    return pa.table(
        {
            "who": [1, 2, None],
            "what": ["a", "b", "c"],
            "body": ["x", "y", "z"],
            "stars": [1, 5, 3],
            "at": [moment] * 3,
        }
    )


def table_file(kind: str, folder: Path) -> str:
    """The same three rows in one of the forms of a table."""
    table = arrow()
    path = folder / f"reviews.{kind}"
    if kind == "parquet":
        pq.write_table(table, path)
    elif kind == "duckdb":
        with duckdb.connect(str(path)) as con:
            con.register("rows", table)
            con.execute('create schema s; create table s."odd name" as from rows')
        return f'{path}::s."odd name"'
    elif kind == "jsonl":
        path.write_text(
            "\n".join(json.dumps(row, default=str) for row in table.to_pylist()), encoding="utf-8"
        )
    else:
        mark = {"csv": ",", "tsv": "\t", "ssv": ";"}[kind]
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream, delimiter=mark).writerows(
                [table.column_names, *(r.values() for r in table.to_pylist())]
            )
    return str(path)


@pytest.mark.parametrize("kind", ["csv", "tsv", "ssv", "parquet", "jsonl", "duckdb"])
@pytest.mark.parametrize("format", ["auto", "table"])
def test_table(tmp_path, read, kind, format):
    result = read(table_file(kind, tmp_path), format, columns=MAPPING)
    assert result.format == "table"
    assert [
        (r["source_row"], r["user_id"], r["topic_id"], r["text"], r["rating"]) for r in result.accepted
    ] == [
        (1, "d:1", "d:a", "x", 1.0),
        (2, "d:2", "d:b", "y", 5.0),
    ]
    assert {row["posted_at"] for row in result.accepted} == {datetime(2024, 2, 29, 12)}
    assert [row for row, _ in result.reasons] == [3]
    assert [row["title"] for row in result.accepted] == ["", ""]


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl", "duckdb"])
def test_table_without_a_fitting_mapping_lists_the_columns(tmp_path, read, kind):
    path = table_file(kind, tmp_path)
    # JSON lines may leave a key out, so there an absent column is a matter of each row
    for columns in (None,) if kind == "jsonl" else (None, MAPPING | {"text": "absent"}):
        with pytest.raises(InputError, match=r"who.*what.*body.*stars"):
            read(path, "table", columns=columns)


def test_table_takes_columns_of_the_default_names(save, read):
    result = read(save("a.csv", "user_id,topic,text,rating\nu,t,x,3\n"))
    assert (result.format, result.accepted[0]["user_id"]) == ("table", "d:u")


def test_sample_is_deterministic(read):
    first, second = read("sample:7", dataset="sample"), read("sample:7", dataset="sample")
    assert first.format == "sample"
    assert first == second
    assert not first.rejected
    assert first.n_read > 1000
    assert {row["split"] for row in first.accepted} == {"train", "validation", "test"}


def test_a_sample_may_be_small_and_without_signal(read):
    planted, null = read("sample:7:small", dataset="sample"), read("sample:7:null:small", dataset="sample")
    assert planted.n_read == null.n_read < 1000
    assert planted.accepted[0]["user_id"] == null.accepted[0]["user_id"]
    assert planted.accepted[0]["text"] != null.accepted[0]["text"]


@pytest.mark.parametrize(
    "path", ["sample:", "sample:x", "sample:-1", "sample:1.5", "sample:٣", "sample:7:", "sample:7:nul"]
)
def test_sample_needs_a_seed(read, path):
    with pytest.raises(InputError, match="sample:SEED"):
        read(path, "sample")
