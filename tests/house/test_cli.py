"""The command line: help that teaches, exit codes, no tracebacks."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from models.errors import InputError, WorkError
from models.sources import registry
from pat_dagster.cli import app
from pat_dagster.home import prepare, register_sources, registered
from pat_dagster.settings import Settings

run = CliRunner(env={"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"})
COMMANDS = ["run", "ingest", "evaluate", "explain", "report", "sql", "controls", "doctor", "build-mini"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PAT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home" / "dagster"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def published(home: Path) -> Path:
    with duckdb.connect(str(home / "analytics.duckdb")) as con:
        con.execute("create schema mart")
        con.execute(
            "create table mart.numbers as select i, 'n' || i as name, i / 3 as third from range(100) t(i)"
        )
        con.execute("comment on table mart.numbers is 'one row per number'")
    return home


def test_help_names_every_command_and_the_exit_codes() -> None:
    result = run.invoke(app, ["--help"])
    assert result.exit_code == 0
    assert all(name in result.output for name in [*COMMANDS, "Exit codes", "$PAT_HOME"])


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_has_examples_that_parse(command: str) -> None:
    result = run.invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"pat {command}" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["run", "--dataa", "x"],
        ["run", "--iterations", "0"],
        ["run", "--max-examples", "0"],
        ["run", "--recipe", "maxi"],
        ["run", "--data", "nowhere.json"],
        ["run", "--dataset", "books"],
        ["ingest", "--data", "."],
        ["sql", "--csv", "--json"],
    ],
)
def test_bad_usage_ends_with_two_and_no_traceback(home: Path, arguments: list[str]) -> None:
    result = run.invoke(app, arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert not (home / "sources.yaml").exists()
    assert not (home / "recipe.yaml").exists()


def test_a_home_that_is_a_file_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    result = run.invoke(app, ["run", "--home", str(tmp_path / "file")])
    assert result.exit_code == 2
    assert "remedy" in result.output


def test_sql_without_a_warehouse_is_failed_work(home: Path) -> None:
    result = run.invoke(app, ["sql"])
    assert result.exit_code == 1
    assert "pat run" in result.output


def test_sql_lists_tables_with_rows_and_comments(published: Path) -> None:
    result = run.invoke(app, ["sql"])
    assert result.exit_code == 0
    (line,) = [line for line in result.output.splitlines() if line.startswith("mart.numbers")]
    assert line.split(maxsplit=2) == ["mart.numbers", "100", "one row per number"]


def test_sql_prints_a_page_and_says_what_is_left(published: Path) -> None:
    result = run.invoke(app, ["sql", "from mart.numbers order by i"])
    assert "60 more rows" in result.output
    assert "n39" in result.output
    assert "n40" not in result.output


def test_sql_csv_and_json_print_everything(published: Path) -> None:
    lines = run.invoke(app, ["sql", "from mart.numbers order by i", "--csv"]).output.splitlines()
    assert lines[0] == "i,name,third"
    assert len(lines) == 101
    rows = [
        json.loads(line)
        for line in run.invoke(app, ["sql", "from mart.numbers", "--json"]).output.splitlines()
    ]
    assert len(rows) == 100
    assert set(rows[0]) == {"i", "name", "third"}


@pytest.mark.parametrize(
    "query", ["selec 1", "from nowhere", "delete from mart.numbers", "create table t (i int)"]
)
def test_sql_that_cannot_run_or_would_write_is_bad_input(published: Path, query: str) -> None:
    result = run.invoke(app, ["sql", query])
    assert result.exit_code == 2
    assert "error:" in result.output
    assert run.invoke(app, ["sql", "select count(*) as n from mart.numbers", "--csv"]).output == "n\n100\n"


def test_sql_on_something_that_is_no_database_is_failed_work(home: Path) -> None:
    (home / "analytics.duckdb").write_bytes(b"not a database" * 1000)
    result = run.invoke(app, ["sql"])
    assert result.exit_code == 1
    assert "Traceback" not in result.output


def test_an_unexpected_error_is_one_line_and_debug_raises_it(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the roof is open")

    monkeypatch.setattr("pat_dagster.commands.sql.answer", broken)
    result = run.invoke(app, ["sql"])
    assert result.exit_code == 1
    assert "the roof is open" in result.output
    assert "pat --debug sql" in result.output
    assert isinstance(run.invoke(app, ["--debug", "sql"], env={"PAT_DEBUG": None}).exception, RuntimeError)


def test_a_home_without_sources_gets_the_sample(home: Path) -> None:
    (spec,) = register_sources(Settings(home), [])
    assert (spec.format, spec.dataset) == ("sample", "sample")
    assert registry.load(Settings(home).sources_path) == [spec]


def test_a_home_with_a_source_does_not_get_the_sample(home: Path, tmp_path: Path) -> None:
    from pat_dagster.commands.options import source_specs

    file = tmp_path / "shop.csv"
    file.write_text("user,topic,text,rating\nann,cup,good,5\n", encoding="utf-8")
    first = register_sources(Settings(home), source_specs([str(file)]))
    again = register_sources(Settings(home), source_specs([str(file)], splits=["test"]))
    assert [spec.split for spec in first] == [None]
    assert [(spec.dataset, spec.split) for spec in again] == [("shop", "test")]
    assert register_sources(Settings(home), []) == again


def test_a_broken_sources_file_is_bad_input(home: Path) -> None:
    (home / "sources.yaml").write_text("path: alone", encoding="utf-8")
    with pytest.raises(InputError, match="expected a list"):
        register_sources(Settings(home), [])


@pytest.mark.parametrize(("place", "kept"), [("raw_sources", 1), ("rollout.summaries", 2)])
def test_a_source_that_cannot_be_read_is_not_registered(
    home: Path, tmp_path: Path, place: str, kept: int
) -> None:
    from pat_dagster.commands.options import source_specs

    files = [tmp_path / "good.csv", tmp_path / "bad.csv"]
    for file in files:
        file.write_text("user,topic,text,rating\nann,cup,good,5\n", encoding="utf-8")
    settings = Settings(home)
    register_sources(settings, source_specs([str(files[0])]))
    with pytest.raises(InputError), registered(settings, source_specs([str(files[1])])):
        raise InputError("ends too early", file=place)
    assert len(registry.load(settings.sources_path)) == kept


def test_prepare_keeps_a_dagster_yaml_that_somebody_edited(home: Path) -> None:
    prepare(Settings(home))
    config = home / "dagster" / "dagster.yaml"
    assert "enabled: false" in config.read_text(encoding="utf-8")
    config.write_text("telemetry: {enabled: false}\n# mine\n", encoding="utf-8")
    prepare(Settings(home))
    assert "# mine" in config.read_text(encoding="utf-8")


def test_errors_say_where_why_and_what_to_do() -> None:
    error = InputError("rating is 'five'", file="shop.csv", row=3, remedy="use a number")
    assert str(error) == "shop.csv, row 3: rating is 'five'\n  remedy: use a number"
    assert str(WorkError("no pairs", step="preference.pairs")) == "preference.pairs: no pairs"
    assert (error.exit_code, WorkError("x").exit_code) == (2, 1)
