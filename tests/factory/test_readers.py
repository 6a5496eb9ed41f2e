"""Eight reader processes during twenty publishes: not one error, not one mixed snapshot."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from pat_dagster import tables
from pat_dagster.publish import publish

READERS, PUBLISHES, ROWS = 8, 20, 50_000
START = datetime(2026, 11, 21, 2, 0, 0)

# Opens the file again and again until somebody writes a line; two tables and a second look at the first
# one must show one number, which never goes back. Says what it saw.
READER = """
import json, sys, threading, time, duckdb
rows, *paths = sys.argv[1:]
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
look = "select min(floor(value)), max(floor(value)), count(*) from policy.training_log"
other = "select min(floor(mean_gain)), max(n), count(*) from policy.promotions"
seen, opened, last = [], 0, False
while not last:
    last = stop.is_set()  # one more look after the last publish
    with duckdb.connect(paths[opened % len(paths)], read_only=True) as con:
        first, second, again = (con.execute(query).fetchall()[0] for query in (look, other, look))
    assert first == again == second == (first[0], first[0], int(rows)), (first, second, again)
    assert not seen or first[0] >= seen[-1], (seen[-1], first)
    seen, opened = [*seen, first[0]] if first[0] not in seen[-1:] else seen, opened + 1
    if opened == 1:
        print("ready", flush=True)
    time.sleep(0.1)  # readers that never rest would leave no processor to the publisher
print(json.dumps([opened, seen]))
"""


def fill(path: Path, number: int) -> None:
    """Two tables full of one number and noise behind it: neither fits into one block of the file."""
    noisy = pl.Series(number + np.random.default_rng(number).random(ROWS) / 2)
    log = {"iteration": "0000", "agent": "style", "metric": "loss", "step": number}
    decision = {"iteration": "0000", "agent": "style", "policy_id": "p", "n": number, "ci_low": None}
    decision |= {"ci_high": None, "confidence": 0.95, "promoted": False, "reason": "r"}
    with duckdb.connect(str(path)) as con:
        for table, row, name in (
            ("policy.training_log", log, "value"),
            ("policy.promotions", decision, "mean_gain"),
        ):
            tables.write(
                con,
                table,
                pl.select(pl.lit(noisy).alias(name)).with_columns(pl.lit(v).alias(k) for k, v in row.items()),
            )


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
