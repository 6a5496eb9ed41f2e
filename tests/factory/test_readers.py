"""Eight reader processes during twenty publishes: not one error, not one mixed snapshot."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pat_dagster import tables
from pat_dagster.publish import publish

READERS, PUBLISHES, ROWS = 8, 20, 5_000
START = datetime(2026, 11, 21, 2, 0, 0)

# Opens the file again and again until somebody writes a line; two tables and a second look at the first
# one must show one number, which never goes back. Says what it saw.
READER = """
import json, sys, threading, time, duckdb
rows, *paths = sys.argv[1:]
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
look = "select min(step), max(step), count(*) from policy.training_log"
other = "select min(n), max(n) from policy.promotions"
seen, opened, last = [], 0, False
while not last:
    last = stop.is_set()  # one more look after the last publish
    with duckdb.connect(paths[opened % len(paths)], read_only=True) as con:
        first, second, again = (con.execute(query).fetchall()[0] for query in (look, other, look))
    assert first == again == (*second, int(rows)), (first, second, again)
    assert first[0] == first[1], first
    assert not seen or first[0] >= seen[-1], (seen[-1], first)
    seen, opened = [*seen, first[0]] if first[0] not in seen[-1:] else seen, opened + 1
    if opened == 1:
        print("ready", flush=True)
    time.sleep(0.1)  # readers that never rest would leave no processor to the publisher
print(json.dumps([opened, seen]))
"""


def fill(path: Path, number: int) -> None:
    """Two tables full of one number."""
    log = {"iteration": "0000", "agent": "style", "metric": "loss", "value": 0.0, "step": number}
    decision = {"iteration": "0000", "agent": "style", "policy_id": "p", "n": number, "mean_gain": None}
    decision |= {"ci_low": None, "ci_high": None, "confidence": 0.95, "promoted": False, "reason": "r"}
    with duckdb.connect(str(path)) as con:
        tables.write(con, "policy.training_log", pl.DataFrame([log] * ROWS))
        tables.write(con, "policy.promotions", pl.DataFrame([decision] * 10))


@pytest.mark.slow
def test_readers_see_whole_snapshots_only_while_twenty_are_published(tmp_path: Path) -> None:
    warehouse, analytics = tmp_path / "warehouse.duckdb", tmp_path / "analytics.duckdb"
    latest = tmp_path / "snapshots" / "latest.duckdb"
    fill(warehouse, 0)
    publish(warehouse, analytics, now=START)
    command = [sys.executable, "-c", READER, str(ROWS), str(analytics), str(latest)]
    readers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(READERS)
    ]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
    for number in range(1, PUBLISHES + 1):
        fill(warehouse, number)
        assert publish(warehouse, analytics, keep=3, now=START + timedelta(minutes=number)).changed
    saw = [json.loads(reader.communicate("stop\n", timeout=120)[0]) for reader in readers]
    assert [reader.returncode for reader in readers] == [0] * READERS
    assert all(seen[-1] == PUBLISHES for _, seen in saw)
    numbers = {number for _, seen in saw for number in seen}
    assert len(numbers) > PUBLISHES // 2, "the readers were too slow to have met the publishes"
    assert sum(opened for opened, _ in saw) > READERS * PUBLISHES / 2
    assert len(list((tmp_path / "snapshots").glob("analytics-*"))) == 3
