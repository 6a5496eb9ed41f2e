"""`pat generate`, as typed: one request, many from a file, and what is wrong with a command."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from pat_dagster.settings import Settings
from tests import homes

ONE = ["--user", "somebody new", "--topic", "something new", "--input", "The hinge"]
FILE = """user,topic,input,task
somebody new,something new,The hinge,
,something new,nobody asks,long
somebody new,something new,The hinge and the lid,short
somebody new,something new,The hinge,long
"""


@pytest.mark.slow  # three starts of pat, about half a minute
def test_a_request_is_answered_published_and_not_answered_again(finished_home: Path, tmp_path: Path) -> None:
    home = homes.copy(finished_home, tmp_path / "home")
    first = homes.pat(home, "generate", *ONE)
    assert first.returncode == 0, first.stderr[-2000:]
    assert "FAILED" not in first.stdout
    published = published_texts(home)
    assert [row["source"] for row in published] == ["request"]
    assert published[0]["text"] in first.stdout and published[0]["request_id"] in first.stdout
    assert f"pat explain {published[0]['request_id']}" in first.stdout

    again = homes.pat(home, "generate", *ONE)
    assert again.returncode == 0 and "answered before" in again.stdout
    assert published[0]["text"] in again.stdout and "Publish" not in again.stdout

    requests = tmp_path / "requests.csv"
    requests.write_text(FILE, encoding="utf-8")
    many = homes.pat(home, "generate", "--from", str(requests), "--to", str(tmp_path / "answers.jsonl"))
    assert many.returncode == 0, many.stderr[-2000:]
    assert "4 requests read = 1 accepted + 1 rejected + 2 duplicate" in many.stdout
    assert "2 requests are answered, 1 of them were before" in many.stdout
    lines = (tmp_path / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [json.loads(line) for line in lines]
    assert [answer["input"] for answer in answers] == ["The hinge", "The hinge and the lid"]
    after = published_texts(home)
    assert {row["text"] for row in after} == {answer["text"] for answer in answers}
    assert published[0] in after, "a later run leaves an answer alone"


def published_texts(home: Path) -> list[dict[str, str]]:
    with duckdb.connect(str(Settings(home).analytics_path), read_only=True) as con:
        rows = con.sql("from mart.personalized_texts where source = 'request' order by request_id").pl()
        evidence = con.sql("select count(*) from context.request_reviews").fetchall()[0][0]
    assert evidence >= rows.height
    return rows.to_dicts()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--user and --topic and --input missing"),
        (["--user", "u", "--input", "a"], "--topic missing"),
        (["--from", "a.csv", "--user", "u"], "--user beside --from"),
        ([*ONE, "--dataset", "hotel"], "no dataset hotel"),
        ([*ONE, "--task", "poem"], "task is 'poem': expected long, short or rating"),
        (["--user", "u", "--topic", "t", "--input", " "], "input is empty"),
        (["--from", "nowhere.csv"], "no such file"),
        ([*ONE, "--to", "nowhere/answers.jsonl"], "its folder is not there"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    finished_home: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    home = homes.copy(finished_home, tmp_path / "home")
    done = homes.pat(home, "generate", *arguments)
    assert done.returncode == 2 and message in done.stderr and "remedy:" in done.stderr
    with duckdb.connect(str(Settings(home).warehouse_path), read_only=True) as con:
        assert con.sql("select count(*) from raw.requests").fetchall() == [(0,)]


def test_a_home_without_reviews_says_what_to_do_first(tmp_path: Path) -> None:
    done = homes.pat(tmp_path / "home", "generate", *ONE)
    assert done.returncode == 2 and "no reviews here yet" in done.stderr and "`pat run`" in done.stderr
