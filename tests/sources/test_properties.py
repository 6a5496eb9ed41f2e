"""Whatever the rows are: each is accounted for, and no accepted text differs from what was written."""

import csv
import io
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import InputError
from models.sources.records import MAX_TITLE

quick = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
weird = st.text(st.characters(), max_size=12)  # with lone surrogates, NUL, separators, combining marks
plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
rating = st.one_of(
    st.integers(-1, 7), st.floats(), st.sampled_from(["4", "4.0", "five", "", None, True]), weird
)
review = st.fixed_dictionaries(
    {
        "title": st.none() | weird,
        "text": st.none() | weird | st.integers(),
        "rating": rating,
        "pid": weird | st.integers(),
    }
)
profile = st.fixed_dictionaries(
    {"id": weird | st.integers() | st.none(), "profile": st.lists(review | weird, max_size=4)}
)


def usable(user: Any, topic: Any, title: Any, text: Any, rating: Any) -> bool:
    """The rules in other words: what must be accepted (or counted as a repetition), and nothing else."""

    def clean(value: object) -> bool:
        return (
            isinstance(value, str) and "\0" not in value and not any("\ud800" <= c <= "\udfff" for c in value)
        )

    def named(value: object) -> bool:
        return type(value) is int or (clean(value) and bool(str(value).strip()))

    if isinstance(rating, str):
        digits = rating.strip().replace(".", "", 1)
        decimal = (
            digits.isascii() and digits.isdecimal() and rating.strip()[0] != "." and rating.strip()[-1] != "."
        )
        stars = float(rating) if decimal else 0.0
    else:
        stars = rating if isinstance(rating, int | float) and not isinstance(rating, bool) else 0.0
    title_fits = title is None or (clean(title) and len(title) <= MAX_TITLE)
    return (
        named(user) and named(topic) and title_fits and clean(text) and bool(text.strip()) and 1 <= stars <= 5
    )


@quick
@given(entries=st.lists(profile | weird, min_size=1, max_size=6), ascii=st.booleans())
def test_pgraphrag(tmp_path: Path, read: Callable[..., Any], entries: list[Any], ascii: bool):
    path = tmp_path / "a.json"
    path.write_bytes(
        json.dumps(entries, ensure_ascii=ascii).encode("utf-8", "replace" if not ascii else "strict")
    )
    written = json.loads(
        path.read_bytes()
    )  # "replace" turned raw surrogates into "?": they cannot be written
    expected: list[tuple[int, str]] = []
    row = 0
    for entry in written:
        reviews = entry["profile"] if isinstance(entry, dict) else []
        for number, item in enumerate(reviews or [None], start=row + 1):
            row = number
            if isinstance(item, dict) and usable(
                entry["id"], item["pid"], item["title"], item["text"], item["rating"]
            ):
                expected.append((number, item["text"]))
    result = read(path, "pgraphrag")
    assert result.n_read == row
    assert len(result.accepted) + result.n_duplicate == len(expected)
    accepted = [(r["source_row"], r["text"]) for r in result.accepted]
    assert set(accepted) <= set(expected)
    assert len({r["review_id"] for r in result.accepted}) == len(accepted)


@quick
@given(rows=st.lists(st.tuples(weird | st.integers(), weird, weird, rating), min_size=1, max_size=8))
def test_amazon2023(tmp_path: Path, read: Callable[..., Any], rows: list[tuple[Any, ...]]):
    lines = [dict(zip(("user_id", "asin", "text", "rating"), row, strict=True)) for row in rows]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    result = read(path, "amazon2023")
    good = {n: row[2] for n, row in enumerate(rows, 1) if usable(row[0], row[1], None, row[2], row[3])}
    assert result.n_read == len(rows)
    assert len(result.accepted) + result.n_duplicate == len(good)
    assert all(good[row["source_row"]] == row["text"] for row in result.accepted)
    for row in result.rejected:
        assert json.loads(row["record"])["text"] == lines[row["source_row"] - 1]["text"]


@quick
@given(lines=st.lists(st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"")), max_size=8))
def test_any_bytes_in_json_lines(tmp_path: Path, read: Callable[..., Any], lines: list[bytes]):
    good = b'{"user_id": "u", "asin": "a", "text": "t", "rating": 1}'
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join([good, *lines]))
    result = read(path, "amazon2023")
    assert [row["source_row"] for row in result.accepted] == [1]
    assert result.n_read == 1 + sum(bool(line.strip()) for line in lines)


@quick
@given(
    rows=st.lists(st.tuples(plain, plain, plain, plain), min_size=1, max_size=8), mark=st.sampled_from(",\t;")
)
def test_csv_and_parquet_hold_the_same(tmp_path: Path, read: Callable[..., Any], rows: list[Any], mark: str):
    names = ["user", "topic", "title", "text", "rating"]
    full = [(*row, str(1 + n % 5)) for n, row in enumerate(rows)]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=mark, quoting=csv.QUOTE_ALL).writerows([names, *full])
    (tmp_path / "a.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
    pq.write_table(pa.table(dict(zip(names, zip(*full, strict=True), strict=True))), tmp_path / "a.parquet")
    results = [read(tmp_path / name, "table") for name in ("a.csv", "a.parquet")]
    good = [row[3] for row in full if usable(row[0], row[1], row[2], row[3], 1)]
    for result in results:
        assert result.n_read == len(full)
        assert len(result.accepted) + result.n_duplicate == len(good)
        for row in result.accepted:
            assert (row["title"], row["text"]) == full[row["source_row"] - 1][2:4]
    assert [r["review_id"] for r in results[0].accepted] == [r["review_id"] for r in results[1].accepted]


@quick
@given(
    content=st.binary(min_size=1, max_size=200),
    format=st.sampled_from(["auto", "pgraphrag", "datafiniti", "table"]),
)
def test_any_bytes_end_in_rows_or_in_a_message(
    tmp_path: Path, read: Callable[..., Any], content: bytes, format: str
):
    path = tmp_path / "a"
    path.write_bytes(content)
    with suppress(InputError):
        read(path, format)


@pytest.mark.parametrize(
    "text", [" padded \n", "e\u0301", "\ufeffmark", "a\r\nb\rc", "\u2028", "😀\u200d", "&amp;<|im_end|>"]
)
def test_texts_are_stored_as_they_came(save, read, amazon, text):
    for ascii in (True, False):
        line = json.dumps(amazon(text=f"x{text}", title=text), ensure_ascii=ascii)
        row = read(save("a.jsonl", line)).accepted[0]
        assert (row["text"], row["title"]) == (f"x{text}", text)
