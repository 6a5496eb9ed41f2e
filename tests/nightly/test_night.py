"""Whole nights on a small finished home: with nothing new, with new files, led by hand and by the sensors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests import homes

pytestmark = [pytest.mark.slow, pytest.mark.long]

CHAIN = Path(__file__).with_name("chain.py")
SETTINGS = "settle_seconds: 0\nretry_seconds: 0\nreviews: [{folder: in, dataset: small}]\n"


@pytest.fixture
def home(finished_home: Path, tmp_path: Path) -> Path:
    made = homes.copy(finished_home, tmp_path / "home")
    (made / "in").mkdir()
    (made / "settings.yaml").write_text(SETTINGS)
    return made


def query(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(sql).fetchall()


def put(home: Path, name: str, count: int) -> None:
    """New reviews by users and on topics that the home knows, in a landing folder."""
    known = query(
        home / "warehouse.duckdb", "select user_id, topic_id, text from staging.reviews order by all"
    )
    rows = [
        {
            "user": user.partition(":")[2],
            "topic": known[-n - 1][1].partition(":")[2],
            "text": f"{text} Again, {n}.",
            "rating": 1 + n % 5,
        }
        for n, (user, _, text) in enumerate(known[:count])
    ]
    (home / "in" / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def nightly(home: Path, code: int = 0) -> list[str]:
    """The lines of `pat nightly` that name its runs."""
    done = homes.pat(home, "nightly")
    assert done.returncode == code, done.stdout[-2000:] + done.stderr[-2000:]
    return [
        line.split(":")[0].removeprefix("== ") for line in done.stdout.splitlines() if line.startswith("== ")
    ]


def looks(home: Path) -> list[tuple[Any, ...]]:
    return query(home / "warehouse.duckdb", "select job, next_job from ops.nights order by looked_at")


def test_a_night_with_nothing_new_is_one_run_and_changes_no_published_byte(home: Path) -> None:
    published = home / "analytics.duckdb"
    before = (published.read_bytes(), published.stat().st_ino, published.stat().st_mtime_ns)
    assert nightly(home) == ["refresh"]
    assert (published.read_bytes(), published.stat().st_ino, published.stat().st_mtime_ns) == before
    assert looks(home) == [("refresh", None)]


def test_new_reviews_make_the_next_iteration_and_a_broken_file_stops_nothing(home: Path) -> None:
    put(home, "b.jsonl", 6)
    (home / "in" / "a.jsonl.gz").write_bytes(b"\x1f\x8b\x08broken off")
    (home / "in" / "c.jsonl.part").write_text("half a li")
    steps = nightly(home)
    assert steps[:2] == ["refresh", "rollout 0001"]
    assert steps[2] in {"retrain 0001", "assess 0001"}
    warehouse, published = home / "warehouse.duckdb", home / "analytics.duckdb"
    sources = query(warehouse, "select parse_filename(source_file), status from raw.sources order by all")
    assert [row for row in sources if "sample" not in row[0]] == [
        ("a.jsonl.gz", "refused"),
        ("b.jsonl", "in use"),
        ("c.jsonl.part", "waiting"),
    ]
    failed = query(
        warehouse, "select check_name from ops.check_results where not passed and table_name = 'raw.sources'"
    )
    assert {name for (name,) in failed} == {"every_source_can_be_read", "no_file_was_half_written_or_gone"}
    assert query(published, "select max(iteration) from mart.leaderboard") == [("0001",)]
    assert nightly(home) == ["refresh"]  # and then nothing is new


def test_sensors_lead_the_same_night(home: Path) -> None:
    put(home, "b.jsonl", 6)
    done = subprocess.run(
        [sys.executable, str(CHAIN), str(home)],
        capture_output=True,
        text=True,
        check=False,
        env=homes.environment({"PAT_HOME": str(home), "PYTHONPATH": str(Path.cwd())}),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = [line for line in done.stdout.splitlines() if line.startswith(("run ", "end "))]
    assert told[:2] == ["run refresh -", "run rollout 0001"]
    assert told[2] in {"run retrain 0001", "run assess 0001"}
    assert "nothing is left to do" in told[3]
    nights = query(home / "warehouse.duckdb", "select distinct night from ops.nights")
    assert nights == [("20260701T020000Z",)]


def test_a_night_goes_on_where_the_last_one_was_cut_off(home: Path) -> None:
    put(home, "b.jsonl", 6)
    env = {"PAT_ALERT_WEBHOOK": "http://127.0.0.1:9/nobody"}
    recipe = home / "recipe.yaml"
    whole = recipe.read_text()
    recipe.write_text(whole.replace("base_model: pat-mini", "base_model: /no/such/model"))
    failed = homes.pat(home, "nightly", env=env)
    assert failed.returncode != 0
    assert "rollout" in failed.stderr  # which run it was; the webhook that nobody answers changes nothing
    recipe.write_text(whole)
    steps = nightly(home)
    assert steps[:2] == ["refresh", "rollout 0001"]
    assert looks(home)[-1][1] is None
