"""Bad input ends in a message with a remedy, or in a rejected row that keeps its record."""

import gzip
import json
import os

import pytest

from models.errors import InputError
from models.sources import SourceSpec, read_source
from models.sources.records import MAX_RECORD, MAX_TEXT

FILE_FORMATS = ["auto", "pgraphrag", "amazon2023", "datafiniti", "table"]
PROFILE = '{"id": "u", "profile": [{"title": "T", "text": "Good.", "rating": 4, "pid": "p"}]}'
CSV_HEAD = "id,reviews.username,reviews.title,reviews.text,reviews.rating,reviews.date\n"


def refused(read, path, format="auto", **options) -> str:
    """The message of the InputError, which must name the file and a remedy."""
    with pytest.raises(InputError) as caught:
        read(path, format, **options)
    assert caught.value.remedy
    assert str(path).partition("::")[0] in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize("format", FILE_FORMATS)
def test_whole_files_that_no_format_can_read(tmp_path, save, read, format):
    assert refused(read, tmp_path / "absent", format) == "no such file"
    assert refused(read, tmp_path, format) == "this is a directory"
    assert refused(read, save("empty", b""), format) == "the file is empty"
    assert "UTF-16" in refused(read, save("utf16", "id,text\n".encode("utf-16")), format)
    refused(read, save("binary", bytes(range(256)) * 40), format)
    refused(read, save("blank", " \n\n"), format)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission(save, read):
    path = save("secret.json", f"[{PROFILE}]")
    path.chmod(0)
    assert "Permission denied" in refused(read, path)


def test_a_pipe_is_no_file(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    assert "regular file" in refused(read, tmp_path / "pipe")


@pytest.mark.parametrize(
    ("format", "content", "remedy"),
    [
        ("pgraphrag", '{"user_id": "u", "asin": "a", "text": "x", "rating": 1}', "amazon2023"),
        ("amazon2023", f"[{PROFILE}]", "pgraphrag"),
        ("datafiniti", f"[{PROFILE}]", "pgraphrag"),
        ("table", f"[{PROFILE}]", "pgraphrag"),
        ("amazon2023", CSV_HEAD + "a,b,c,d,1,\n", "datafiniti"),
        ("amazon2023", "user,topic,text,rating\n", "table"),
        ("sample", f"[{PROFILE}]", "sample:SEED"),
        ("auto", '[{"user": 1}]', "--format"),
        ("auto", '{"who": 1}', "--format"),
        ("auto", "a,b\n1,2\n", "--format"),
    ],
)
def test_a_wrong_format_names_the_right_one(save, read, format, content, remedy):
    with pytest.raises(InputError) as caught:
        read(save("file", content), format)
    assert remedy in (caught.value.remedy or "")


def test_datafiniti_with_other_columns(save, read):
    assert "reviews.username" in refused(
        read, save("a.csv", "user,topic,text,rating\nu,t,x,1\n"), "datafiniti"
    )


@pytest.mark.parametrize("content", ["[]", " [ \n ] ", "\ufeff[]"])
def test_a_list_without_entries(save, read, content):
    assert refused(read, save("a.json", content), "pgraphrag") == "the file holds no records"


def test_a_header_without_records(save, read):
    assert refused(read, save("a.csv", CSV_HEAD)) == "the file holds no records"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f"[{PROFILE},{PROFILE[:30]}", "broken JSON after entry 1: the file ends too early"),
        (f"[{PROFILE},", "broken JSON after entry 1: the file ends too early"),
        (f"[{PROFILE}", "broken JSON after entry 1: the file ends too early"),
        (f"[{PROFILE} {PROFILE}]", "broken JSON after entry 1: ',' expected"),
        (f"[{PROFILE},]", "broken JSON after entry 1"),
        (f"[{PROFILE},{{'id': 1}},{'0,' * 100000}1]", "broken JSON after entry 1"),
        (f"[{PROFILE}] []", "'[' follows the end"),
        ("[" * 100_000, "broken JSON after entry 0: nested too deeply"),
    ],
)
def test_a_broken_list(save, read, content, reason):
    assert reason in refused(read, save("a.json", content), "pgraphrag")


@pytest.mark.parametrize("before", [0, 3_000_000])
def test_bytes_of_a_list_that_are_not_utf8_are_named_with_their_offset(save, read, before):
    content = b"[" + b" " * before + PROFILE.encode().replace(b"Good", b"Caf\xe9") + b"]"
    assert f"byte 0xe9 at offset {content.index(0xE9):,}" in refused(
        read, save("a.json", content), "pgraphrag"
    )


@pytest.mark.parametrize("kept", [12, 0.3, 0.95])
@pytest.mark.parametrize("format", ["auto", "amazon2023", "table"])
def test_a_truncated_gzip_file(save, read, amazon, kept, format):
    whole = gzip.compress(
        "\n".join(json.dumps(amazon(text=os.urandom(40).hex())) for _ in range(20_000)).encode()
    )
    columns = (
        None
        if format == "amazon2023"
        else {"user": "user_id", "topic": "asin", "text": "text", "rating": "rating"}
    )
    cut = whole[: kept if isinstance(kept, int) else int(len(whole) * kept)]
    assert "truncated" in refused(read, save("a.jsonl.gz", cut), format, columns=columns)


def test_a_damaged_gzip_file(save, read, amazon):
    whole = bytearray(gzip.compress("\n".join(json.dumps(amazon(text=str(i))) for i in range(5000)).encode()))
    whole[len(whole) // 2] ^= 0xFF
    assert "damaged" in refused(read, save("a.jsonl.gz", bytes(whole)))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            b'{"user_id": "u", "asin": "a", "text": "caf\xe9", "rating": 1}',
            "byte 0xe9 at position 43 of the line",
        ),
        (b'{"user_id": "u", "asin": "a", "text": "a\\u0000b", "rating": 1}', "text holds a NUL character"),
        (b'{"user_id": "u\\u0000", "asin": "a", "text": "a", "rating": 1}', "user holds a NUL character"),
        (
            b'{"user_id": "u", "asin": "a", "text": "a\\ud800b", "rating": 1}',
            "text holds half a surrogate pair (U+D800)",
        ),
        (b'{"user_id": "u", "asin": "a", "text": " \\n\\t", "rating": 1}', "text is empty"),
        (b'{"user_id": "u", "asin": "a", "rating": 1}', "text is missing"),
        (b'{"user_id": "u", "asin": "a", "text": ["x"], "rating": 1}', "text is ['x']"),
        (b'{"user_id": true, "asin": "a", "text": "x", "rating": 1}', "user is True"),
        (b'{"user_id": 1.5, "asin": "a", "text": "x", "rating": 1}', "user is 1.5"),
        (b'{"user_id": "u", "text": "x", "rating": 1}', "topic is missing"),
        (b'{"user_id": "u", "asin": "a", "text": "x"}', "rating is missing"),
        (b"[1, 2]", "the line is [1, 2]: expected an object"),
        (b'{"user_id": ', "not JSON"),
        (b"\x00\x01\xff", "byte 0xff at position 3"),
        (b'{"a":' * 100_000, "the line is nested too deeply"),
        (b'{"rating": ' + b"9" * 5000 + b"}", "not JSON that can be read"),
    ],
)
def test_a_bad_line_is_kept_and_the_lines_around_it_are_read(save, read, amazon, line, reason):
    good = json.dumps(amazon()).encode()
    result = read(
        save("a.jsonl", good + b"\n" + line + b"\n" + json.dumps(amazon(asin="z", parent_asin="z")).encode())
    )
    assert [row["source_row"] for row in result.accepted] == [1, 3]
    assert [row for row, _ in result.reasons] == [2]
    assert reason in result.rejected[0]["reason"]
    if all(32 <= byte < 127 for byte in line):
        assert result.rejected[0]["record"] == line.decode()


@pytest.mark.parametrize(
    "rating",
    [
        "five",
        "",
        "nan",
        "1e0",
        "1_0",
        "٤",
        "0",
        "5.1",
        "-1",
        0,
        6,
        5.0001,
        True,
        None,
        [5],
        10**30,
        "4 stars",
    ],
)
def test_ratings_that_are_none(save, read, amazon, rating):
    result = read(save("a.jsonl", json.dumps(amazon(rating=rating))))
    assert [(row, reason.startswith("rating is ")) for row, reason in result.reasons] == [(1, True)]
    assert result.reasons[0][1].endswith("expected a number from 1 to 5")


@pytest.mark.parametrize(
    ("rating", "stored"), [("4", 4.0), ("4.0", 4.0), (" 5 ", 5.0), (1, 1.0), (3.5, 3.5), ("4.5", 4.5)]
)
def test_ratings_that_are_numbers(save, read, amazon, rating, stored):
    assert read(save("a.jsonl", json.dumps(amazon(rating=rating)))).accepted[0]["rating"] == stored


def test_a_text_of_ten_megabytes_is_rejected_and_its_record_kept(save, read, amazon):
    text = "long " * 2_000_000
    contents = {
        "amazon2023": json.dumps(amazon(text=text)),
        "pgraphrag": json.dumps([{"id": "u", "profile": [{"text": text, "rating": 1, "pid": "p"}]}]),
        "datafiniti": f'{CSV_HEAD}a,b,c,"{text}",1,\n',
    }
    for format, content in contents.items():
        result = read(save(format, content), format)
        assert result.reasons == [(1, f"text has 10,000,000 characters: at most {MAX_TEXT:,} are accepted")]
        assert text in result.rejected[0]["record"]
    assert len(result.rejected[0]["record"]) < MAX_RECORD


def test_many_long_records_do_not_share_a_batch(save, amazon):
    line = json.dumps(amazon(text="x" * 9_000_000))
    batches = list(read_source(SourceSpec(str(save("a.jsonl", "\n".join([line] * 10))), "d")))
    assert [batch.n_read for batch in batches] == [4, 4, 2]


def test_bad_csv_records_keep_their_number(save, read):
    rows = [
        b"a,u,T,x,1,",
        b"a,u,T,caf\xe9,1,",
        b"a,u,T,n\x00l,1,",
        b"a,u,T",
        b'a,u,T,"x"y,1,',
        b"",
        b"a,u,T,z,five,",
        b"a,u,T,z,2,",
    ]
    result = read(save("a.csv", CSV_HEAD.encode() + b"\n".join(rows)))
    assert [row["source_row"] for row in result.accepted] == [1, 7]
    assert [(row, reason.split(":")[0]) for row, reason in result.reasons] == [
        (2, "text holds byte 0xe9 that is not UTF-8 at character 4"),
        (3, "text holds a NUL character"),
        (4, "3 fields"),
        (5, "not CSV"),
        (6, "rating is 'five'"),
    ]
    assert result.rejected[3]["record"] == 'a,u,T,"x"y,1,'
    assert all("\0" not in row["record"] for row in result.rejected)


def test_a_quote_that_never_closes_does_not_swallow_the_file(save, read):
    content = CSV_HEAD + "a,u,T,ok,1,\n" + 'a,u,T,"never closed,1,\n' + "a,u,T,fine,1,\n" * 5
    with pytest.raises(InputError) as caught:
        read(save("a.csv", content))
    assert (caught.value.row, "line 3 is never closed" in caught.value.reason) == (2, True)


def test_a_file_that_grows_while_it_is_read(save, amazon):
    path = save("a.jsonl", json.dumps(amazon()))
    reader = read_source(SourceSpec(str(path), "d"))
    path.write_text(json.dumps(amazon()) + "\n" + json.dumps(amazon(text="new")), encoding="utf-8")
    with pytest.raises(InputError, match="changed while it was read"):
        list(reader)


@pytest.mark.parametrize("dataset", ["", "a:b", "a,b", "../x", "a b", "x" * 65, "a\0"])
def test_names_that_cannot_prefix_an_id(dataset):
    with pytest.raises(InputError, match="prefix of ids"):
        SourceSpec("f", dataset)


@pytest.mark.parametrize(
    "options",
    [
        {"format": "xml"},
        {"split": "holdout"},
        {"columns": {"user": "u"}},
        {"columns": {"users": "u"}, "format": "table"},
    ],
)
def test_options_that_mean_nothing(options):
    with pytest.raises(InputError):
        SourceSpec("f", "d", **options)
