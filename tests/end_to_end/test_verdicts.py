"""`pat run` on a planted world and on one without signal, side by side: the verdicts know which is which."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from models.evaluation.claims import claims
from models.recipes import Examples, load_recipe

pytestmark = pytest.mark.slow

PLANTED, NULL = "sample:11:small", "sample:12:null:small"
SIZE = Examples(train=48, validation=40, test=60)  # fewer test examples decide nothing
EPOCHS, CANDIDATES = 4, 3  # few pairs, as many steps: enough that the agents of the planted world learn
# whether pat-mini also beats a copied review depends on how much it was trained
TRUE = {claim.claim for claim in claims() if not claim.claim.startswith("beats_")}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    sources = [
        part
        for path, dataset in ((PLANTED, "planted"), (NULL, "null"))
        for part in ("--data", path, "--format", "sample", "--dataset", dataset)
    ]
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "from pat_dagster.cli import main; main()",
            "run",
            *sources,
            "--recipe",
            str(small_recipe(folder)),
            "--home",
            str(folder),
        ],
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name not in {"PAT_HOME", "DAGSTER_HOME"}},
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return folder


def small_recipe(home: Path) -> Path:
    mini = load_recipe("mini")
    path = home.parent / "small.yaml"
    changes = {
        "examples": {"long": SIZE},
        "training": mini.training.model_copy(update={"epochs": EPOCHS}),
        "generation": mini.generation.model_copy(update={"candidates": CANDIDATES}),
    }
    mini.model_copy(update=changes).save(path)
    return path


def verdicts(home: Path, dataset: str) -> dict[str, tuple[str, str]]:
    """Claim -> (verdict, reason)."""
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as con:
        rows = con.execute(
            "select claim, verdict, reason from mart.verdicts where dataset = ?", [dataset]
        ).fetchall()
    return {claim: (verdict, reason) for claim, verdict, reason in rows}


def test_nothing_is_supported_where_nothing_was_planted(home: Path) -> None:
    found = verdicts(home, "null")
    assert set(found) == {claim.claim for claim in claims()}
    assert not {claim: said for claim, said in found.items() if said[0] == "supported"}


def test_what_was_planted_is_found(home: Path) -> None:
    found = verdicts(home, "planted")
    assert {claim: found[claim] for claim in TRUE if found[claim][0] != "supported"} == {}


def test_every_test_of_every_claim_could_be_done(home: Path) -> None:
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as con:
        undone = con.sql("select dataset, claim, note from mart.verdict_tests where n < 30").fetchall()
    assert undone == []


def test_no_check_of_the_marts_failed(home: Path) -> None:
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as con:
        failed = con.sql(
            "select table_name, check_name from ops.check_results "
            "where not passed and (table_name like 'mart.%' or blocking)"
        ).fetchall()
    assert failed == []
