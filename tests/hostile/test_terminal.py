"""Whatever reviews, ids and names hold: no command prints what a terminal obeys, and tables stay tables."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
from pathlib import Path

import duckdb
import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from models import progress
from models.errors import InputError
from pat_dagster.cli import app
from pat_dagster.console import CELL, say, text_table
from pat_dagster.csv_text import FORMULA, guarded, lines
from tests import homes
from tests.hostile.attacks import ACCEPTED, BY_NAME, Attack, of
from tests.hostile.test_printable import obeyed

run = CliRunner(env={"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"})
each_attack = pytest.mark.parametrize("attack", ACCEPTED, ids=lambda attack: attack.name)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose published file holds every attack, in a value and in a column's name."""
    folder = tmp_path_factory.mktemp("home")
    with duckdb.connect(str(folder / "analytics.duckdb")) as con:
        con.execute("create schema mart")
        con.execute("create table mart.attacks (name varchar, said varchar, n integer)")
        con.executemany(
            "insert into mart.attacks values (?, ?, ?)",
            [(attack.name, attack.value, place) for place, attack in enumerate(ACCEPTED)],
        )
        con.execute("comment on table mart.attacks is 'one row \x1b[2J'")
    return folder


def asked(home: Path, query: str, *options: str) -> str:
    result = run.invoke(app, ["sql", query, *options, "--home", str(home)])
    assert result.exit_code == 0, result.output
    return str(result.stdout)


@each_attack
def test_a_cell_is_one_line_of_its_width(attack: Attack) -> None:
    head, rule, row = text_table(["id", "said", "n"], [("a", attack.value, 7)]).split("\n")
    assert obeyed(head + rule + row) == []
    assert row.startswith("a ") and row.endswith("  7")
    assert cell_len(row) == cell_len(rule) <= CELL + 7


@each_attack
def test_lines_and_bars(attack: Attack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(progress.SWITCH, "1")
    say(f"read {attack.value}")
    with progress.bar(attack.value[:100], total=2) as bar:
        bar.update(1)
    out, err = capsys.readouterr()
    assert obeyed(out) == []
    drawn = err.replace("\r", "").replace("\x1b[A", "")  # how a bar moves the cursor itself
    assert obeyed(drawn) == []


@pytest.mark.parametrize("options", [(), ("--wide",), ("--json",)])
def test_pat_sql(home: Path, options: tuple[str, ...]) -> None:
    printed = asked(home, 'select *, said as "a\x1b[2Jb" from mart.attacks', "--limit", "0", *options)
    assert obeyed(printed) == []
    assert "\\x1b[2J" in printed or "\\u001b[2J" in printed


def test_pat_sql_lists_tables_with_their_comments(home: Path) -> None:
    result = run.invoke(app, ["sql", "--home", str(home)])
    assert "one row \\x1b[2J" in result.stdout and obeyed(result.stdout) == []


def test_json_reads_back_as_it_was(home: Path) -> None:
    rows = [json.loads(line) for line in asked(home, "from mart.attacks", "--json").split("\n")[:-1]]
    assert {row["name"]: row["said"] for row in rows} == {attack.name: attack.value for attack in ACCEPTED}


def test_csv_starts_no_formula_and_says_so(home: Path) -> None:
    result = run.invoke(app, ["sql", "select name, said from mart.attacks", "--csv", "--home", str(home)])
    read = dict(csv.reader(io.StringIO(result.stdout_bytes.decode(), newline="")))
    assert [name for name, said in read.items() if said.startswith(FORMULA)] == []
    changed = {attack.name for attack in ACCEPTED if read[attack.name] != attack.value}
    assert changed >= {attack.name for attack in ACCEPTED if attack.family == "formula"}
    assert all(read[name] == f"'{BY_NAME[name].value}" for name in changed)
    assert f"{len(changed)} texts start like a formula" in result.stderr


def test_raw_csv_is_what_the_table_holds(home: Path) -> None:
    result = run.invoke(
        app, ["sql", "select name, said from mart.attacks", "--csv", "--raw", "--home", str(home)]
    )
    read = dict(csv.reader(io.StringIO(result.stdout_bytes.decode(), newline="")))
    assert {name: read[name] for name in BY_NAME if name in read} == {
        attack.name: attack.value for attack in ACCEPTED
    }
    assert result.stderr == ""


@pytest.mark.parametrize("value", [-1.5, None, "-1", "+4.5", "plain", "a=1", ["=1"], "", "'=1"])
def test_what_is_no_formula_stays(value: object) -> None:
    assert guarded(value) is value


def test_a_lone_carriage_return_does_not_end_a_record() -> None:
    assert list(lines(["a"], [["x\ry"], ["z"]])) == ["a\n", '"x\ry"\n', "z\n"]


def on_a_terminal(arguments: list[str]) -> str:
    """What a command writes when its stdout is a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        arguments, stdout=theirs, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=homes.environment()
    )
    os.close(theirs)
    written = b""
    try:
        while chunk := os.read(ours, 65536):
            written += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    finally:
        os.close(ours)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return written.decode().replace("\r\n", "\n")


def test_csv_on_a_terminal_is_shown(home: Path) -> None:
    printed = on_a_terminal(homes.command(home, "sql", "from mart.attacks", "--csv"))
    assert obeyed(printed) == [] and "\\x1b[2J" in printed


def test_errors_of_a_command(home: Path, tmp_path: Path) -> None:
    for attack in of("file"):
        folder = tmp_path / attack.name
        folder.mkdir()
        path = folder / attack.value
        path.write_bytes(b"neither, nor\n1,2\n")
        result = run.invoke(app, ["ingest", "--data", str(path), "--home", str(folder / "home")])
        assert result.exit_code == 2, (attack.name, result.output)
        assert obeyed(result.output) == []
        forged = [line for line in result.output.splitlines() if line.startswith(("error: forged", "2026-"))]
        assert forged == []
    result = run.invoke(app, ["sql", "select '\x1b[2J' from nowhere", "--home", str(home)])
    assert result.exit_code == 2 and obeyed(result.output) == []


def test_an_error_names_a_file_on_one_line() -> None:
    error = InputError("wrong", file="a\nerror: forged", row=3)
    assert str(error) == "a\\nerror: forged, row 3: wrong"
