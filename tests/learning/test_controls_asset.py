"""policy.controls on a small warehouse: every run a row, equal but for its labels, and none trained twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from models.recipes import Recipe
from models.training import controls as control_models
from models.training import dpo
from pat_dagster import tables
from pat_dagster.assets.controls import controls
from pat_dagster.cli import app
from pat_dagster.commands.controls import report
from pat_dagster.jobs import CONTROLS
from pat_dagster.partitions import ITERATIONS
from pat_dagster.resources.warehouse import Warehouse
from pat_dagster.settings import Settings
from tests.learning.iterations import build_home, run

OPTIONS = {"seeds": 2, "agents": ["style"]}


def control(home: Path, **options: Any) -> pl.DataFrame:
    """Run the asset alone, as job `controls` does, and read its rows."""
    config = {"ops": {CONTROLS.to_python_identifier(): {"config": OPTIONS | options}}}
    with dg.DagsterInstance.local_temp(str(home / "dagster")) as instance:
        instance.add_dynamic_partitions(str(ITERATIONS.name), ["0000"])
        warehouse = Warehouse(home=str(home))
        result = dg.materialize(
            [controls],
            instance=instance,
            partition_key="0000",
            resources={"warehouse": warehouse},
            run_config=config,
        )
    assert result.success
    with duckdb.connect(str(Settings(home).warehouse_path)) as con:
        return tables.read(con, "policy.controls", {"iteration": "0000"})


@pytest.fixture(scope="module")
def finished(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home after iteration 0000, in which few pairs are enough."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAT_HOME", str(home))
        patch.setattr(control_models, "MIN_PAIRS", 3)
        build_home(home, recipe)
        run(home)
        yield home


@pytest.fixture(scope="module")
def rows(finished: Path) -> pl.DataFrame:
    return control(finished)


def test_every_seed_is_trained_on_both_kinds_of_labels(rows: pl.DataFrame) -> None:
    assert rows.select("agent", "seed", "labels").rows() == [
        ("style", seed, labels) for seed in (0, 1) for labels in ("shuffled", "true")
    ]
    per_seed = rows.group_by("seed").agg(pl.col("n_train_pairs", "n_heldout_pairs").n_unique())
    assert set(per_seed.select("n_train_pairs", "n_heldout_pairs").rows()) == {(1, 1)}
    assert (rows["n_examples"] == 4).all()
    assert (rows["ci_low"] <= rows["mean_gain"]).all() and (rows["mean_gain"] <= rows["ci_high"]).all()


def test_a_second_run_trains_nothing_and_ends_with_the_same_rows(
    finished: Path, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dpo, "PairTrainer", None)
    assert control(finished).equals(rows)
    folders = Settings(finished).policies_path / "controls" / "0000"
    assert len(list(folders.iterdir())) == rows.height


def test_the_report_says_what_the_runs_amount_to(rows: pl.DataFrame) -> None:
    text = report(rows)
    assert re.search(r"learning from the labels is not supported: .*2 of the 3 seeds", text)
    assert re.search(r"shuffled +gain in Q [+-]", text)


def test_the_command_refuses_what_it_cannot_do_before_any_work(finished: Path) -> None:
    command = CliRunner()
    wrong = command.invoke(app, ["controls", "--iteration", "0007", "--home", str(finished)])
    assert wrong.exit_code == 2
    assert "iteration 0007 has no preference pairs" in wrong.output
    wrong = command.invoke(app, ["controls", "--agents", "taste", "--home", str(finished)])
    assert wrong.exit_code == 2
    assert "choose of style, topic" in wrong.output


def test_training_curves_stand_in_the_metadata_of_the_log(finished: Path) -> None:
    with dg.DagsterInstance.local_temp(str(finished / "dagster")) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(["policy", "training_log"]))
    assert event is not None and event.asset_materialization is not None
    curves = event.asset_materialization.metadata["curves"].value
    assert str(curves).startswith("![training curves of style and topic](data:image/svg+xml;base64,")
