"""`pat run` as a user types it, on the bundled sample with the bundled model, small enough for minutes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from models.recipes import load_recipe

pytestmark = pytest.mark.slow

EXAMPLES = "64"  # per split
EPOCHS = 4  # a quarter of the pairs, as many steps: enough that both intervals of the claim lie above 0


def pat(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "from pat_dagster.cli import main; main()",
        *arguments,
        "--home",
        str(home),
    ]
    environment = {
        name: value for name, value in os.environ.items() if name not in {"PAT_HOME", "DAGSTER_HOME"}
    }
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    home = tmp_path_factory.mktemp("home")
    return home, pat(home, "run", "--recipe", str(small_recipe(home)), "--max-examples", EXAMPLES)


def small_recipe(home: Path) -> Path:
    mini = load_recipe("mini")
    path = home.parent / "small.yaml"
    training = mini.training.model_copy(update={"epochs": EPOCHS})
    mini.model_copy(update={"training": training}).save(path)
    return path


def latest_hashes(home: Path) -> dict[tuple[str, str | None], str]:
    query = """
        select table_name, iteration, content_sha256 from ops.materializations
        qualify row_number() over (partition by table_name, iteration order by started_at desc) = 1
    """
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        return {(table, iteration): sha for table, iteration, sha in con.sql(query).fetchall()}


def test_the_run_ends_with_a_leaderboard(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, run = finished
    assert run.returncode == 0, run.stderr[-2000:]
    assert "pat_untrained" in run.stdout
    assert "Where to look next" in run.stdout


def test_agents_help_and_training_helps_more(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    home, _ = finished
    query = """
        select arm, diff_ci_low from mart.leaderboard
        where metric = 'rouge1' and history_bucket = 'all' and split = 'test' and dataset = 'sample'
            and task = 'long'
    """
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as con:
        low = dict(con.sql(query).fetchall())
    assert low["pat_untrained"] > 0.05  # against none
    assert low["pat"] > 0  # against pat_untrained


def test_every_check_passed(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    home, _ = finished
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as con:
        failed = con.sql("select table_name, check_name from ops.check_results where not passed").fetchall()
        total = con.sql("select count(*) from ops.check_results").fetchall()
    assert failed == []
    assert total[0][0] > 30


def test_the_same_command_again_changes_no_table(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    home, _ = finished
    before = latest_hashes(home)
    again = pat(home, "run", "--recipe", str(small_recipe(home)), "--max-examples", EXAMPLES)
    assert again.returncode == 0, again.stderr[-2000:]
    assert latest_hashes(home) == before
