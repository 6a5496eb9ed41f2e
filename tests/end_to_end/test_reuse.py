"""A run that computes only what changed ends with the tables of a run that computes everything."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from models.recipes import load_recipe
from models.retrieval.store import VectorStore
from pat_dagster import tables
from pat_dagster.resources.warehouse import prepare
from pat_dagster.settings import Settings
from tests import homes

FIELDS = ["user", "topic", "title", "text", "rating"]
VECTORS = ("reviews", "titles", "topics", "users")
# Written by the function of another table, or kept by themselves: they read what they write.
TOGETHER = {
    "evaluation.predictions": {"evaluation.calls", "evaluation.evidence"},
    "request.answers": {"request.calls", "context.request_reviews"},
}
PROMOTED = {"policy.adapters", "policy.promotions"}  # what `policy_in_use` stands for


def connect(home: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(str(Settings(home).warehouse_path), read_only=True)
    prepare(con, load_recipe("mini"))
    return con


def contents(home: Path) -> dict[str, str]:
    """Hash of every table but the ledger's own, and of the vectors."""
    with connect(home) as con:
        names = con.sql(
            "select schema_name || '.' || table_name from duckdb_tables() order by all"
        ).fetchall()
        found = {
            name: tables.fingerprint(con, name)[0]
            for (name,) in names
            if not name.startswith(("ops.", "raw.sources"))
        }
    store = VectorStore(Settings(home).vectors_path)
    return found | {f"vectors.{table}": store.load(table).sha256() for table in VECTORS}


def entries(home: Path) -> int:
    """Rows of the ledger: how often a table was written."""
    with connect(home) as con:
        return len(con.table("ops.materializations"))


def land(file: Path, rows: list[dict[str, object]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, FIELDS)
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.slow
@pytest.mark.long
def test_reuse_ends_where_computing_everything_ends(finished_home: Path, tmp_path: Path) -> None:
    """New reviews land, then one of them is edited: both times a hundredth of the corpus."""
    home = homes.copy(finished_home, tmp_path / "home")
    with connect(home) as con:
        known = con.sql(
            "select split_part(user_id, ':', 2), split_part(topic_id, ':', 2) from staging.reviews "
            "where split = 'train' order by review_id limit 4"
        ).fetchall()
    rows: list[dict[str, object]] = [
        {
            "user": user,
            "topic": topic,
            "title": f"title {n}",
            "text": f"quite a new text {n}, i think",
            "rating": n,
        }
        for n, (user, topic) in enumerate(known, start=1)
    ]
    file = tmp_path / "new.csv"
    land(file, rows)
    recipe = tmp_path / "recipe.yaml"
    homes.small_recipe().save(recipe)
    new = ["run", "--data", str(file), "--format", "table", "--dataset", "small", "--recipe", str(recipe)]
    done = homes.pat(home, *new)
    assert done.returncode == 0, done.stderr[-2000:]
    other, before = homes.copy(home, tmp_path / "other"), entries(home)

    rows[0]["text"] = "QUITE ANOTHER TEXT!!! indeed..."
    land(file, rows)
    assert homes.pat(home, *new).returncode == 0
    done = homes.pat(other, *new, "--again")
    assert done.returncode == 0, done.stderr[-2000:]
    assert contents(home) == contents(other)

    assert 0 < entries(home) - before < entries(other) - before
    with connect(home) as con:  # kept on purpose, and the tables say so
        [(share,)] = con.sql("select changed_share from feature.propagation").fetchall()
        quality = con.table("feature.style_encoder_quality")
        [(fitted,)] = quality.project("encoder_changed_share").distinct().fetchall()
    assert 0 < share <= 0.1
    assert fitted == share

    settled = contents(home), Settings(home).analytics_path.stat().st_ino
    done = homes.pat(home, *new)
    assert "tables are unchanged" in done.stdout
    assert (contents(home), Settings(home).analytics_path.stat().st_ino) == settled

    assert homes.pat(home, *new, "--refit").returncode == 0
    with connect(home) as con:
        assert con.sql("select changed_share from feature.propagation").fetchall() == [(0.0,)]


@pytest.mark.slow
@pytest.mark.long
def test_every_table_that_an_asset_reads_is_upstream_of_it(finished_home: Path, tmp_path: Path) -> None:
    """Otherwise a change of that table would not reach it."""
    home, place = homes.copy(finished_home, tmp_path / "home"), tmp_path / "reads.json"
    command = [sys.executable, "-m", "tests.reuse.tracing_reads", str(place)]
    arguments = [*homes.run_arguments(tmp_path, "--again"), "--home", str(home)]
    done = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, check=False, env=homes.environment()
    )
    assert done.returncode == 0, done.stderr[-2000:]
    reads: dict[str, list[str]] = json.loads(place.read_text())
    assert len(reads) > 40

    from pat_dagster.definitions import defs

    graph = defs.resolve_asset_graph()
    unnamed: dict[str, set[str]] = {}
    for key in graph.executable_asset_keys:
        name = ".".join(key.path)
        named = {".".join(parent.path) for parent in graph.get(key).parent_keys} | TOGETHER.get(name, set())
        named |= PROMOTED if "policy_in_use" in named else set()
        if missing := {one for one in reads.get(name, ()) if not one.startswith("ops.")} - named:
            unnamed[name] = missing
    assert unnamed == {}
