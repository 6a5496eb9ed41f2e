"""Logs of Dagster keep their events, and lose the texts in them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from models.forgetting.traces import Traces, pieces_of
from pat_dagster.forgetting import instance
from pat_dagster.settings import Settings

TEXT = "The kettle boils before I have found a cup, and it whistles: \u00e9 like my aunt did."
WHO = Traces(("d:u1",), pieces_of([TEXT]))
EVENT = {"metadata": {"preview": f"| {TEXT[:79]}… |", "rows": 3}, "nested": json.dumps({"a": [TEXT, "b"]})}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = Settings(tmp_path)
    (found.dagster_home / "history").mkdir(parents=True)
    with closing(sqlite3.connect(found.dagster_home / "history" / "runs.db")) as con:
        con.execute("pragma secure_delete = off")  # some builds of SQLite have it on
        con.execute("create table event_logs (id integer primary key, event text, body blob)")
        con.executemany(
            "insert into event_logs (event, body) values (?, ?)",
            [
                (json.dumps(EVENT), None),
                (json.dumps({"metadata": {"rows": 4}}), b"\x00\x01\x02"),
                (None, json.dumps({"id": "d:u1"}).encode()),
                (f"not JSON: {TEXT}", None),
            ],
        )
        con.executemany(
            "insert into event_logs (event) values (?)", [[f"{n}: {TEXT * 20}"] for n in range(40)]
        )
        con.commit()
        con.execute("delete from event_logs where id > 4")  # their pages keep the text
        con.commit()
    logs = found.dagster_home / "storage" / "compute_logs"
    logs.mkdir(parents=True)
    (logs / "a.err").write_text(f"first\nbad text: {ascii(TEXT)[:57]}...\nlast\n", encoding="utf-8")
    (logs / "b.err").write_bytes(b"\xff\xfe nothing here\n")
    return found


def test_deleting_alone_leaves_the_text_in_the_file(settings: Settings) -> None:
    """The control: why a database is vacuumed."""
    assert everything(settings).count(TEXT.encode()) > 40


def everything(settings: Settings) -> bytes:
    return b"".join(path.read_bytes() for path in settings.dagster_home.rglob("*") if path.is_file())


def test_texts_go_and_events_stay(settings: Settings) -> None:
    assert b"kettle" in everything(settings)
    assert sum(instance.count(settings, WHO).values()) == 4
    instance.clear(settings, WHO)
    assert instance.count(settings, WHO) == {}
    assert b"kettle" not in everything(settings) and b"d:u1" not in everything(settings)
    with closing(sqlite3.connect(settings.dagster_home / "history" / "runs.db")) as con:
        rows = con.execute("select event, body from event_logs order by id").fetchall()
    event = json.loads(rows[0][0])
    assert event == {"metadata": {"preview": instance.NOTICE, "rows": 3}, "nested": instance.NOTICE}
    assert json.loads(rows[1][0]) == {"metadata": {"rows": 4}} and rows[1][1] == b"\x00\x01\x02"
    assert json.loads(rows[2][1]) == {"id": instance.NOTICE}
    logs = settings.dagster_home / "storage" / "compute_logs"
    assert (logs / "a.err").read_text(encoding="utf-8") == f"first\n{instance.NOTICE}\nlast\n"


def test_nothing_found_is_nothing_changed(settings: Settings) -> None:
    instance.clear(settings, WHO)
    before = everything(settings)
    instance.clear(settings, WHO)
    instance.clear(settings, Traces(("d:u9",), pieces_of(["Nobody ever wrote this sentence anywhere else."])))
    assert everything(settings) == before
