"""`pat history` and `--at`: what each iteration was, told from what was published then and since."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from pat_dagster.cli import app
from pat_dagster.lineage import plan
from pat_dagster.publish import publish
from tests import homes

run = CliRunner(env={"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"})
ROLLOUT = {"table_name": "rollout.summaries", "code_version": "c0de", "content_sha256": "h", "rows": 1}
SCORE = {"dataset": "shop", "task": "long", "split": "test", "history_bucket": "all", "flagged_users": "in"}
SCORE |= {"arm": "pat", "metric": "rouge1", "n": 8, "ci_low": 0.25, "ci_high": 0.5}
SCORE |= {"reference_arm": "pat_untrained", "n_paired": 8, "diff_ci_low": -0.01, "diff_ci_high": 0.2}


def insert(con: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    schema, _ = table.split(".")
    types = plan().types[table]
    columns = ", ".join(f'"{column}" {kind}' for column, kind in types.items())
    con.execute(f"create schema if not exists {schema}")
    con.execute(f"create table if not exists {table} ({columns})")
    marks = ", ".join("?" * len(types))
    con.execute(f"insert into {table} values ({marks})", [values.get(column) for column in types])  # noqa: S608


def iterate(home: Path, key: str, mean: float, promoted: bool | None) -> None:
    """One more iteration of one agent in the warehouse, published."""
    policy, at = f"style-{key}", datetime(2026, 11, 21, 2, int(key))
    versions = json.dumps({"staging.reviews": f"data{key}567890"})
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        insert(con, "ops.recipes", recipe_sha256="r1", name="mini")
        row = ROLLOUT | {"iteration": key, "started_at": at, "recipe_sha256": "r1"}
        insert(con, "ops.materializations", **row, upstream_versions=versions)
        insert(con, "rollout.summaries", iteration=key, agent="style", policy_id="base", text="x")
        ready = {"iteration": key, "agent": "style", "is_ready": promoted is not None, "n_pairs": 9}
        insert(con, "preference.readiness", **ready, reason="9 pairs")
        insert(con, "mart.leaderboard", **SCORE, iteration=key, mean=mean, diff_vs_reference=mean / 4)
        if promoted is not None:
            insert(con, "policy.adapters", policy_id=policy, agent="style", iteration=key, status="trained")
            decided = {"iteration": key, "agent": "style", "policy_id": policy, "promoted": promoted}
            insert(con, "policy.promotions", **decided, reason="+0.1 > 0")
            insert(con, "policy.iterations", iteration=key, reason="go on: gain +0.1")
    publish(home / "warehouse.duckdb", home / "analytics.duckdb", now=at)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as con:
        insert(con, "ops.materializations", **ROLLOUT, table_name="mart.arms")  # type: ignore[misc]
    return folder


@pytest.fixture(scope="module")
def iterated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("iterated")
    iterate(folder, "0000", 0.3, promoted=True)
    iterate(folder, "0001", 0.4, promoted=None)
    return folder


def test_history_tells_data_recipe_policies_promotion_and_scores(iterated: Path) -> None:
    result = run.invoke(app, ["history", "--home", str(iterated)])
    assert result.exit_code == 0
    first, second, last = result.output.split("\n\n")
    assert first.splitlines() == [
        "iteration 0000   rolled out 2026-11-21 02:00 UTC   data data0000   recipe mini r1   code c0de",
        "  style  base, 9 pairs: style-0000 promoted; +0.1 > 0",
        "  shop, long: rouge1 0.300 (0.250 to 0.500) on 8 test examples, "
        "+0.075 (-0.010 to +0.200) against pat_untrained",
        "  go on: gain +0.1",
    ]
    assert "style  base, 9 pairs: not trained; 9 pairs" in second
    assert "in use now: style base" in last
    assert "(0000 to 0001)" in last


def test_history_as_json_has_every_number(iterated: Path) -> None:
    result = run.invoke(app, ["history", "--json", "--home", str(iterated)])
    first, second = [json.loads(line) for line in result.output.splitlines()]
    assert (first["iteration"], first["data_version"], first["recipe"]) == ("0000", "data0000567890", "mini")
    assert first["agents"]["style"]["policy_after"] == "style-0000"
    assert first["scores"][0]["diff_ci_high"] == 0.2
    assert (second["decision"], second["agents"]["style"]["promoted"]) == (None, None)


def test_a_home_without_an_iteration_says_so(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as con:
        insert(con, "mart.datasets", dataset="shop")
    publish(tmp_path / "warehouse.duckdb", tmp_path / "analytics.duckdb")
    result = run.invoke(app, ["history", "--home", str(tmp_path)])
    assert (result.exit_code, result.output) == (0, "no iteration was rolled out yet; `pat run` makes one\n")


def test_a_file_of_an_older_version_says_what_to_do(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "analytics.duckdb")) as con:
        con.execute("create table old as select 1 as one")
    result = run.invoke(app, ["history", "--home", str(tmp_path)])
    assert result.exit_code == 1
    assert "`pat run` publishes again" in result.output


def test_at_reads_any_table_as_of_an_iteration(iterated: Path) -> None:
    def means(*options: str) -> str:
        query = "select iteration, mean from mart.leaderboard order by all"
        return run.invoke(app, ["sql", query, "--csv", "--home", str(iterated), *options]).output

    assert means("--at", "0000") == "iteration,mean\n0000,0.3\n"
    assert means("--at", "1") == means() == "iteration,mean\n0000,0.3\n0001,0.4\n"
    assert means("--at", "2026-11-21") == "iteration,mean\n0000,0.3\n"  # what the later publish replaced


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--at", "0007"], "choose of iterations 0000 to 0001"),
        (["--at", "last week"], "no snapshot is called last week"),
        (["--at", "0000", "--warehouse"], "has no past"),
        (["--wide", "--csv"], "choose one"),
        (["--file", "nowhere.sql"], "together"),
    ],
)
def test_what_cannot_be_meant_is_bad_input(iterated: Path, arguments: list[str], said: str) -> None:
    result = run.invoke(app, ["sql", "select 1", "--home", str(iterated), *arguments])
    assert result.exit_code == 2
    assert said in result.output


def test_wide_shows_long_texts_whole(iterated: Path) -> None:
    text = " ".join(f"word{i}" for i in range(60))
    query = f"select '{text}' as reason, null as note, 0.5::double as half, 'a' || chr(10) || 'b' as lines"
    wide = run.invoke(app, ["sql", query, "--wide", "--home", str(iterated)]).output
    assert wide.splitlines()[0] == "row 1"
    assert " ".join(wide.split()).count(text) == 1
    assert max(len(line) for line in wide.splitlines()) <= 120
    assert [line.split() for line in wide.splitlines()[-5:]] == [
        ["note"], ["half", "0.5000"], ["lines", "a"], ["b"], ["1", "rows"]
    ]  # fmt: skip
    table = run.invoke(app, ["sql", query, "--home", str(iterated)]).output
    assert "texts are cut at 60 characters; --wide shows them whole" in table


def test_a_query_can_come_from_a_file(iterated: Path, tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("/* why */\nselect 7 as seven\n", encoding="utf-8")
    asked = ["sql", "--file", str(tmp_path / "q.sql"), "--csv", "--home", str(iterated)]
    assert run.invoke(app, asked).output == "seven\n7\n"
    asked[2] = str(tmp_path / "nowhere.sql")
    assert run.invoke(app, asked).exit_code == 2


def test_a_reader_who_has_read_enough_is_no_error(iterated: Path) -> None:
    asked = homes.command(iterated, "sql", "from range(200000)", "--csv")
    with subprocess.Popen(
        asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=homes.environment()
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "range\n"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141
