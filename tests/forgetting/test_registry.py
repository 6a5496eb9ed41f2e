"""Who may not return is known by a salted hash alone, and rows of theirs are counted and not kept."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import duckdb
import pytest

from models.errors import WorkError
from models.sources import SourceSpec, read_source
from models.sources.forgotten import NOBODY, REASON, UNREADABLE, Forgotten, forgotten, salted
from pat_dagster import tables
from pat_dagster.forgetting.registry import TABLE, forgotten_users, make_salt, remember
from pat_dagster.settings import Settings

SALT = b"0" * 32


def who(*users: str) -> Forgotten:
    return forgotten(SALT, [(user.split(":")[0], salted(SALT, user)) for user in users])


def test_the_table_tells_nobody_who_it_was(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    with duckdb.connect() as con:
        assert remember(con, settings, [("d", "d:u1"), ("d", "d:u2")]) == ["d:u1", "d:u2"]
        assert remember(con, settings, [("d", "d:u1")]) == [], "once is enough"
        known = forgotten_users(con, settings)
        rows = tables.read(con, TABLE)
    assert rows.height == 2
    assert "u1" not in json.dumps(rows.select("dataset", "user_hash").to_dicts())
    assert known.holds("d:u1") and known.holds("d:u2")
    assert not known.holds("d:u3") and not known.holds("e:u1")


def test_the_salt_is_drawn_once_and_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "forgotten.salt"
    first = make_salt(path)
    assert make_salt(path) == first and len(first) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert make_salt(tmp_path / "other.salt") != first


def test_a_lost_salt_stops_what_could_bring_them_back(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    with duckdb.connect() as con:
        assert forgotten_users(con, settings) == NOBODY
        remember(con, settings, [("d", "d:u1")])
        settings.salt_path.unlink()
        with pytest.raises(WorkError, match="salt"):
            forgotten_users(con, settings)


def review(user: object, **changed: object) -> dict[str, object]:
    return {"user": user, "topic": "t", "text": f"text of {user}", "rating": 5} | changed


def read(
    path: Path, rows: list[object], known: Forgotten
) -> tuple[list[str], list[tuple[int, str, str]], int]:
    """(users accepted, (row, reason, record) rejected, duplicates); the counts must add up."""
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    columns = {"user": "user", "topic": "topic", "text": "text", "rating": "rating"}
    batches = list(read_source(SourceSpec(str(path), "d", "table", columns=columns), known))
    accepted = [user for batch in batches for user in batch.accepted["user_id"].to_pylist()]
    rejected = [
        (row["source_row"], row["reason"], row["record"])
        for batch in batches
        for row in batch.rejected.to_pylist()
    ]
    duplicates = sum(batch.n_duplicate for batch in batches)
    assert sum(batch.n_read for batch in batches) == len(accepted) + len(rejected) + duplicates == len(rows)
    return accepted, rejected, duplicates


def test_rows_of_a_forgotten_user_are_rejected_without_a_word_of_them(tmp_path: Path) -> None:
    rows = [review("u1"), review("u2"), review("u1"), review("u2"), review("u1", rating="bad: text of u1")]
    accepted, rejected, duplicates = read(tmp_path / "a.jsonl", rows, who("d:u1"))
    assert accepted == ["d:u2"] and duplicates == 1
    assert rejected == [(1, REASON, ""), (3, REASON, ""), (5, REASON, "")]


def test_a_number_and_its_text_are_one_user(tmp_path: Path) -> None:
    accepted, rejected, _ = read(tmp_path / "a.jsonl", [review(12.0), review("12"), review(13)], who("d:12"))
    assert accepted == ["d:13"] and [row for row, *_ in rejected] == [1, 2]


def test_a_record_that_may_be_theirs_is_not_kept(tmp_path: Path) -> None:
    rows = [review("u2"), '{"user": "u1", "text": "text of u1', review(None), review("u2", rating=9)]
    _, rejected, _ = read(tmp_path / "a.jsonl", rows, who("d:u1"))
    assert [(row, reason) for row, reason, _ in rejected[:2]] == [(2, UNREADABLE), (3, UNREADABLE)]
    assert [record for *_, record in rejected[:2]] == ["", ""]
    assert "text of u2" in rejected[2][2], "who is known, and stays, loses nothing"


def test_other_datasets_keep_their_records(tmp_path: Path) -> None:
    _, rejected, _ = read(tmp_path / "a.jsonl", [review("u1"), "{broken"], who("e:u1"))
    assert [(row, record) for row, _, record in rejected] == [(2, "{broken")]
