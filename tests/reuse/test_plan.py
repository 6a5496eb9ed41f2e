"""The plan of the files below sql/ is made once for the same files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pat_dagster import lineage
from pat_dagster.lineage import kept_plan, plan_files
from pat_dagster.settings import Settings
from pat_dagster.sql_files import load_files

FEW = ("raw.reviews", "raw.source_files", "staging.reviews", "staging.users")


def test_it_is_kept_and_made_anew_when_a_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {name: load_files()[name] for name in FEW}
    settings = Settings(tmp_path)
    made = kept_plan(files, settings)
    assert made == plan_files(files)
    assert settings.plan_path.is_file()

    def refuse(_: object) -> None:
        raise AssertionError("made anew")

    monkeypatch.setattr(lineage, "plan_files", refuse)
    assert kept_plan(files, settings) == made
    users = files["staging.users"]
    with pytest.raises(AssertionError, match="made anew"):
        kept_plan(files | {users.name: replace(users, sql=f"{users.sql} limit 1")}, settings)


def test_a_damaged_one_is_made_anew_and_no_home_is_made_for_it(tmp_path: Path) -> None:
    files = {name: load_files()[name] for name in FEW}
    settings = Settings(tmp_path)
    settings.plan_path.write_text("{", encoding="utf-8")
    assert kept_plan(files, settings) == plan_files(files)
    kept_plan(files, Settings(tmp_path / "none"))
    assert not (tmp_path / "none").exists()
