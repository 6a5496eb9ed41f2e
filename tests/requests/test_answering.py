"""Answers on a finished home: the same whoever else asks, once, kept with what stands behind them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from models.recipes import load_recipe
from models.sources.records import Candidate
from pat_dagster import tables
from pat_dagster.answering import ANSWERS, CALLS, RUNS, SHOWN, Desk, history_bucket
from pat_dagster.request_intake import take_typed
from pat_dagster.resources.warehouse import prepare
from pat_dagster.settings import Settings
from pat_dagster.sql_assets import refresh
from pat_dagster.sql_checks import load_checks
from pat_dagster.sql_files import load_files
from pat_dagster.writing import Writer
from tests import homes

DATASET = "small"
WRITTEN = (ANSWERS, CALLS, SHOWN, RUNS)
NEW = "somebody new"


@dataclass(frozen=True)
class Office:
    """A home in which requests are asked and answered in this process."""

    home: Path

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(str(Settings(self.home).warehouse_path)) as con:
            prepare(con, load_recipe(str(Settings(self.home).recipe_path)))
            yield con

    def ask(
        self, con: duckdb.DuckDBPyConnection, *asked: dict[str, str], dataset: str = DATASET
    ) -> list[str]:
        """Request ids, in the order asked."""
        ids = [take_typed(con, dataset, Candidate(1, None, **one)) for one in asked]  # type: ignore[arg-type]
        refresh(con, load_files()["staging.requests"])
        return ids

    def desk(self, con: duckdb.DuckDBPyConnection, run_id: str = "run") -> Desk:
        return Desk(con, load_recipe(str(Settings(self.home).recipe_path)), run_id)


@pytest.fixture(scope="module")
def office(finished_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    home = homes.copy(finished_home, tmp_path_factory.mktemp("office") / "home")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PAT_HOME", str(home))
        yield Office(home)


@pytest.fixture
def con(office: Office) -> Iterator[duckdb.DuckDBPyConnection]:
    """Nothing asked yet, nothing answered."""
    with office.open() as connection:
        for table in ("raw.requests", *WRITTEN):
            tables.ensure_table(connection, table)
            tables.write(connection, table, tables.read(connection, table).clear())
        yield connection


def some(con: duckdb.DuckDBPyConnection) -> list[dict[str, str]]:
    """Known and unknown users and topics, every task."""
    known = tables.read(con, "feature.examples", {"task": "long", "split": "test"}).sort("example_id")
    users, topics = known["user_id"].to_list(), known["topic_id"].to_list()
    first, second = ({"user": users[n], "topic": topics[n]} for n in (0, 1))
    text = known["target"][2]
    return [
        first | {"text": "honestly, what a day"},
        second | {"text": "honestly, what a day"},
        first | {"user": NEW, "text": "honestly, what a day"},
        first | {"topic": "something new", "text": "The hinge"},
        {"user": NEW, "topic": "something new", "text": "The hinge and the lid!!"},
        second | {"task": "short", "text": text},
        {"user": NEW, "topic": topics[3], "task": "rating", "text": text},
    ]


def rows_of(con: duckdb.DuckDBPyConnection, request_id: str) -> dict[str, str]:
    """What was written for one request, as text."""
    return {name: tables.read(con, name, {"request_id": request_id}).write_json() for name in WRITTEN}


def broken_rules(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Bad rows of every check of the tables of answers that finds some."""
    wanted = [check for check in load_checks() if check.table.name in (ANSWERS, CALLS, SHOWN)]
    assert len(wanted) >= 10
    found = {check.path.stem: len(con.execute(check.sql).fetchall()) for check in wanted}
    return {name: rows for name, rows in found.items() if rows}


def test_an_answer_is_the_same_alone_and_in_any_company(
    office: Office, con: duckdb.DuckDBPyConnection
) -> None:
    asked = some(con)
    ids = office.ask(con, *asked)
    assert office.desk(con).answer() == len(asked)
    together = {one: rows_of(con, one) for one in ids}
    assert not broken_rules(con)
    for table in ("raw.requests", *WRITTEN):
        tables.write(con, table, tables.read(con, table).clear())
    for one, request in reversed(list(zip(ids, asked, strict=True))):
        assert office.ask(con, request) == [one]
        assert office.desk(con).answer([one]) == 1
        assert rows_of(con, one) == together[one], request


def test_nobody_has_to_be_known(office: Office, con: duckdb.DuckDBPyConnection) -> None:
    ids = office.ask(con, *some(con))
    office.desk(con).answer()
    answers = {row["request_id"]: row for row in tables.read(con, ANSWERS).to_dicts()}
    shown = tables.read(con, SHOWN)
    for place, one in enumerate(ids):
        answer, mine = answers[one], shown.filter(request_id=one)
        assert answer["text"].strip() and answer["iteration"] == "0000"
        assert {"style", "topic"} == set(mine["agent"])
        if answer["user_id"] == f"{DATASET}:{NEW}":
            assert (answer["history_size"], answer["history_bucket"]) == (0, "0")
        is_new = answer["topic_id"] == f"{DATASET}:something new"
        assert is_new == (place in (3, 4))
        sources = set(mine.filter(agent="topic")["source"])
        assert sources == {"backoff"} if is_new else "exact" in sources


def test_a_dataset_without_reviews_gets_texts_from_the_input_alone(
    office: Office, con: duckdb.DuckDBPyConnection
) -> None:
    request = office.ask(con, {"user": "u", "topic": "t", "text": "The hinge"}, dataset="nobody")[0]
    assert office.desk(con).answer() == 1
    answer = tables.read(con, ANSWERS).to_dicts()[0]
    assert answer["text"].strip() and answer["style_summary"] is None and answer["topic_summary"] is None
    calls = tables.read(con, CALLS, {"request_id": request}).sort("place")
    assert set(calls["prompt"][:-1]) == {None} and "retrieval found no review" in calls["parse_error"][0]
    assert tables.read(con, SHOWN).is_empty() and not broken_rules(con)


def test_what_is_answered_is_left_alone_and_nothing_is_loaded_for_it(
    office: Office, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = office.ask(con, *some(con)[:2])
    office.desk(con).answer()
    before = [rows_of(con, one) for one in ids]

    def refuse(*_: object) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(Writer, "open", refuse)
    office.ask(con, *some(con)[:2])
    assert office.desk(con, "another run").answer() == 0
    assert office.desk(con, "another run").answer(ids) == 0
    assert [rows_of(con, one) for one in ids] == before


def test_a_run_that_is_stopped_goes_on_and_ends_the_same(
    office: Office, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = office.ask(con, *some(con)[:4])
    monkeypatch.setattr("pat_dagster.answering.CHUNK", 1)
    office.desk(con).answer()
    whole = {one: rows_of(con, one) for one in ids}
    for table in WRITTEN:
        tables.write(con, table, tables.read(con, table).clear())
    kept, count = Desk._keep, itertools.count()

    def stop(self: Desk, *answered: Any) -> None:
        if next(count) == 2:
            raise KeyboardInterrupt
        kept(self, *answered)

    with monkeypatch.context() as patched:
        patched.setattr(Desk, "_keep", stop)
        with pytest.raises(KeyboardInterrupt):
            office.desk(con).answer()
    assert tables.read(con, ANSWERS).height == 2 and not set(broken_rules(con)) - {"no_request_is_left_open"}
    assert office.desk(con).answer() == 2
    assert {one: rows_of(con, one) for one in ids} == whole


def test_evidence_leads_from_the_text_to_the_reviews(office: Office, con: duckdb.DuckDBPyConnection) -> None:
    request = office.ask(con, *some(con)[:1])[0]
    office.desk(con, "this run").answer()
    answer = tables.read(con, ANSWERS).to_dicts()[0]
    calls = tables.read(con, CALLS).sort("place").to_dicts()
    assert [(one["role"], one["step"]) for one in calls] == [
        ("style", "round1"),
        ("topic", "round1"),
        ("style", "round2"),
        ("topic", "round2"),
        ("generator", "draft"),
    ]
    last = {one["role"]: one for one in calls}
    assert last["generator"]["text"] == answer["text"]
    in_use = {agent: answer[f"{agent}_policy_id"] for agent in ("style", "topic")}
    assert {one["policy_id"] for one in calls if one["role"] != "generator"} == set(in_use.values())
    for agent, policy in in_use.items():
        assert policy == last[agent]["policy_id"] and answer[f"{agent}_summary"] == last[agent]["text"]
        ids = tables.read(con, SHOWN, {"agent": agent}).sort("rank")["review_id"]
        texts = dict(tables.read(con, "staging.reviews").select("review_id", "text").rows())
        assert all(" ".join(texts[one].split())[:40] in last[agent]["prompt"] for one in ids)
    assert answer["prompt_tokens"] == sum(one["prompt_tokens"] for one in calls)
    assert tables.read(con, RUNS).rows() == [(request, "this run")]
    assert answer["recipe_sha256"]


def test_checks_find_a_donor_who_asked_and_a_second_answer(
    office: Office, con: duckdb.DuckDBPyConnection
) -> None:
    office.ask(con, *some(con)[:1])
    office.desk(con).answer()
    assert not broken_rules(con)
    answers, shown = tables.read(con, ANSWERS), tables.read(con, SHOWN)
    tables.write(con, ANSWERS, pl.concat([answers, answers]))
    assert "a_request_is_answered_once" in broken_rules(con)
    tables.write(con, ANSWERS, answers)
    tables.write(con, SHOWN, shown.with_columns(donor_id=pl.lit(answers["user_id"][0])))
    assert {"never_shows_the_own_user", "every_row_is_a_review_by_its_donor"} <= set(broken_rules(con))
    tables.write(con, SHOWN, shown.with_columns(rank=pl.col("rank") + 1))
    assert "ranks_are_one_to_n" in broken_rules(con)
    tables.write(con, ANSWERS, answers.with_columns(input=pl.lit("another title")))
    assert "answers_what_was_asked" in broken_rules(con)
    tables.write(con, ANSWERS, answers.clear())
    assert {"every_row_stands_behind_an_answer", "no_request_is_left_open"} <= set(broken_rules(con))


def test_buckets_are_those_of_examples(con: duckdb.DuckDBPyConnection) -> None:
    known = con.sql("select distinct history_size, history_bucket from feature.examples").fetchall()
    assert len(known) > 1
    assert all(history_bucket(size) == bucket for size, bucket in known)
    assert [history_bucket(size) for size in (0, 1, 2, 3, 4, 7, 8, 100)] == [
        *("0", "1", "2-3", "2-3", "4-7", "4-7", "8+", "8+")
    ]
