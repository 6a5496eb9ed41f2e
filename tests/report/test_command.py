"""`pat report` on the command line."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from pat_dagster.cli import app
from pat_dagster.settings import Settings

run = CliRunner(env={"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"})


def test_help_teaches() -> None:
    result = run.invoke(app, ["report", "--help"])
    assert result.exit_code == 0
    assert "pat report --output proof.html" in result.output


def test_the_page_lies_in_the_home_unless_told_otherwise(filled: Settings, tmp_path: Path) -> None:
    result = run.invoke(app, ["report", "--home", str(filled.home)])
    assert result.exit_code == 0, result.output
    assert (filled.home / "reports" / "report.html").exists()
    result = run.invoke(
        app, ["report", "--home", str(filled.home), "--output", str(tmp_path / "a" / "b.html")]
    )
    assert result.exit_code == 0, result.output
    assert (tmp_path / "a" / "b.html").exists()


def test_no_warehouse_and_no_place_end_with_one_and_a_remedy(filled: Settings, tmp_path: Path) -> None:
    result = run.invoke(app, ["report", "--home", str(tmp_path / "nowhere")])
    assert result.exit_code == 1
    assert "pat run" in result.output
    (tmp_path / "file").write_text("x", encoding="utf-8")
    result = run.invoke(app, ["report", "--home", str(filled.home), "--output", str(tmp_path / "file" / "x")])
    assert result.exit_code == 1
    assert "choose another --output" in result.output
