"""`pat explain` as it is typed, on a home that `pat run` made and in which one request was answered."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from pat_dagster.cli import app
from pat_dagster.explaining.tree import KEYS, as_object, build
from pat_dagster.sql_files import load_files
from tests import homes
from tests.explaining.recomputed import faults_of_example, faults_of_request

pytestmark = [pytest.mark.slow, pytest.mark.long]

SHELL = CliRunner(env={"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"})
REQUEST = ["--user", "nobody knew", "--topic", "never seen", "--input", "A surprise."]


@pytest.fixture(scope="module")
def home(finished_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished home, a swapped arm and the answer to somebody who never wrote."""
    copy = homes.copy(finished_home, tmp_path_factory.mktemp("explained") / "home")
    for arguments in (["evaluate", "--arms", "pat_swapped,mbr_sentences"], ["generate", *REQUEST]):
        done = homes.pat(copy, *arguments)
        assert done.returncode == 0, done.stderr[-2000:]
    return copy


@pytest.fixture(scope="module")
def published(home: Path) -> Any:
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as con:
        yield con


def explain(home: Path, *arguments: str, code: int = 0) -> str:
    done = SHELL.invoke(app, ["explain", *arguments, "--home", str(home)])
    assert done.exit_code == code, done.output
    return str(done.output)


def texts(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    query = "select distinct iteration, arm, example_id from evaluation.predictions order by all"
    return con.execute(query).fetchall()


def request(con: duckdb.DuckDBPyConnection) -> str:
    [(name,)] = con.execute("select request_id from request.answers").fetchall()
    return str(name)


def test_every_published_text_is_explained(published: duckdb.DuckDBPyConnection) -> None:
    found = {text: faults for text in texts(published) if (faults := faults_of_example(published, *text))}
    assert found == {}
    assert len(texts(published)) > 50
    assert faults_of_request(published, request(published)) == []


def test_donors_are_those_that_retrieval_named(published: duckdb.DuckDBPyConnection) -> None:
    named = """
        select count(*), count(*) filter (where explain.donor_id = styles.donor_id)
        from mart.explain join context.style_reviews as styles
            on explain.source_example_id = styles.example_id and explain.review_id = styles.review_id
        where role = 'style' and arm in ('pat', 'pat_untrained', 'pat_swapped')
    """
    [(rows, same)] = published.execute(named).fetchall()
    assert rows == same > 20


def test_json_and_sql_are_the_same_tree(home: Path, published: duckdb.DuckDBPyConnection) -> None:
    for name in (request(published), max(texts(published))[2]):
        tree = json.loads(explain(home, name, "--all", "--json"))
        query = explain(home, name, "--all", "--sql")
        assert as_object(build(published.execute(query).fetchall())) == tree
        check_keys(tree)


def test_the_query_runs_where_nothing_of_ours_is_loaded(
    home: Path, published: duckdb.DuckDBPyConnection
) -> None:
    query = explain(home, request(published), "--sql")
    asked = homes.command(home, "sql", query, "--json")
    done = subprocess.run(asked, capture_output=True, text=True, check=False, env=homes.environment())
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[0])["kind"] == "text"


def check_keys(node: dict[str, Any]) -> None:
    assert list(node) == ["kind", "id", "text", *KEYS[node["kind"]], "children"]
    for child in node["children"]:
        check_keys(child)


def test_the_terminal_shows_the_way_down(home: Path, published: duckdb.DuckDBPyConnection) -> None:
    example = next(name for _, arm, name in texts(published) if arm == "pat" and name.endswith(":long"))
    shown = explain(home, example)
    for words in (
        "style agent: policy style-0000",
        "topic agent: policy topic-0000",
        "similarity",
        "recipe small",
    ):
        assert words in shown
    assert "trained in iteration 0000" in shown and "base: the model as shipped" in shown
    assert "What do these people report?" not in shown
    assert "What do these people report?" in explain(home, example, "--prompts")
    assert "swapped: evidence of" in explain(home, example, "--arm", "pat_swapped")
    assert "quoted" in explain(home, example, "--arm", "mbr_sentences")
    assert "no review stands behind this text" in explain(home, example, "--arm", "none")
    cold = explain(home, request(published))
    assert "no visible review: cold start" in cold and "near topic" in cold


def test_what_is_not_there_is_answered_with_what_is(home: Path, published: duckdb.DuckDBPyConnection) -> None:
    listed = explain(home)
    assert request(published) in listed and "pat explain " in listed
    example = texts(published)[0][2]
    assert example in explain(home, example[:-2] + "x", code=2)
    assert "--arm with one of: " in explain(home, example, "--arm", "nobody", code=2)
    assert "--iteration with one of: 0000" in explain(home, example, "--iteration", "0007", code=2)
    assert "was answered once" in explain(home, request(published), "--arm", "none", code=2)
    assert "--json and --sql together" in explain(home, example, "--json", "--sql", code=2)
    [(train,)] = published.execute(
        "select min(example_id) from feature.examples where split = 'train'"
    ).fetchall()
    assert "an example of split train" in explain(home, train, code=2)
    assert "pat run" in explain(home.parent / "nothing", code=1)


def test_an_older_home_is_explained_as_far_as_it_can_be(home: Path, tmp_path: Path) -> None:
    """What later versions keep is missing there; nothing is made up for it."""
    older = tmp_path / "older"
    older.mkdir()
    file = older / "analytics.duckdb"
    file.write_bytes((home / "analytics.duckdb").read_bytes())
    with duckdb.connect(str(file)) as con:
        for table in (
            "evaluation.calls",
            "ops.text_runs",
            "mart.policy_lineage",
            "request.answers",
            "request.calls",
        ):
            con.execute(f"drop table {table}")
        [(example,)] = con.execute(
            "select min(example_id) from evaluation.predictions where arm = 'pat'"
        ).fetchall()
    shown = explain(older, example)
    assert "which run wrote it was not recorded" in shown
    assert "style agent: summary shown to the generator" in shown
    assert "policy" not in shown


def test_a_column_holds_values_of_the_column_it_is_said_to_come_from(
    published: duckdb.DuckDBPyConnection,
) -> None:
    """What SQL computes is read from the SQL; what Python copies is claimed by name, so it is looked at."""
    claimed = published.execute(
        "select table_name, column_name, upstream_table, upstream_column from ops.column_lineage "
        "where upstream_column != '*' order by all"
    ).fetchall()
    files = load_files()
    of_python = [row for row in claimed if files[row[0]].kind == "table" and files[row[0]].schema != "raw"]
    strangers = {}
    for table, column, upstream, source in of_python:
        query = (
            f"select count(*) from {table} where {column} is not null "  # noqa: S608
            f"and {column} not in (select {source} from {upstream} where {source} is not null)"
        )
        [(count,)] = published.execute(query).fetchall()
        if count:
            strangers[table, column] = count
    assert strangers == {}
    assert {"evaluation.evidence", "request.answers", "context.style_reviews"} <= {
        row[0] for row in of_python
    }
