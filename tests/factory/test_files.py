"""What a broken SQL file says about itself; what can be read from a good one."""

from pathlib import Path

import pytest

from pat_dagster.explaining.queries import load_explain_queries
from pat_dagster.html_report.queries import load_queries
from pat_dagster.lineage import Column, plan, plan_files, walk
from pat_dagster.settings import SQL_ROOT
from pat_dagster.sql_checks import load_check, load_checks
from pat_dagster.sql_files import SqlFileError, load_file, load_files

GOOD = "/*\ngrain: one row per x\nwhy: to test\ncolumns: {a: a, b: b}\n*/\nselect 1 as a, 2 as b\n"


def put(root: Path, text: str, address: str = "10_raw/x.sql") -> Path:
    path = root / address
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("/*", "--", "no front matter"),
        ("grain: one row per x\n", "", r"lacks \['grain'\]"),
        ("why: to test", "why: to: test", "quote texts that hold a colon"),
        ("why: to test", "why: to test\nkinds: table", r"unknown front matter \['kinds'\]"),
        ("why: to test", "why: to test\nkind: view", "use query or table"),
        ("why: to test", "why: to test\npartition: month", "'month' is not one of its columns"),
        ("{a: a, b: b}", "[a, b]", "map every column"),
        ("select 1", "selec 1", "x.sql"),
        ("2 as b", "2 as b; select 3", "one file is one statement"),
        ("2 as b", "2 as c", r"not described: \['c'\]; described but absent: \['b'\]"),
        ("a: a, b: b", "b: b, a: a", r"\(order\); the table has \['a', 'b'\]"),
        ("2 as b", "b from raw.nothing", "reads raw.nothing, which no file under sql/ defines"),
        ("2 as b", "b from raw.x", "in a circle"),
        ("2 as b", "nonsense(2) as b", "DuckDB refuses it"),
        ("select 1 as a, 2 as b", "create table raw.x (a int, b int)", "must be one select"),
    ],
)
def test_a_broken_file_is_named_with_its_reason(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    put(tmp_path, GOOD.replace(old, new))
    with pytest.raises(SqlFileError, match=message) as error:
        plan_files(load_files(tmp_path))
    assert "sql" in str(error.value)


def test_a_table_is_defined_once(tmp_path: Path) -> None:
    put(tmp_path, GOOD)
    put(tmp_path, GOOD, "11_raw/x.sql")
    with pytest.raises(SqlFileError, match=r"raw\.x is already defined by"):
        load_files(tmp_path)


@pytest.mark.parametrize(
    ("header", "sql", "message"),
    [
        ("severity: fatal\nwhy: w", "select 1", "error or warn"),
        ("severity: warn\nblocking: true\nwhy: w", "select 1", "a warning cannot block"),
        ("severity: error", "select 1", "must say why"),
        ("why: w", "select * from raw.nothing", r"reads raw\.nothing"),
    ],
)
def test_a_broken_check_is_named_with_its_reason(tmp_path: Path, header: str, sql: str, message: str) -> None:
    path = put(tmp_path, f"/*\n{header}\n*/\n{sql}", "checks/raw.reviews/rule.sql")
    with pytest.raises(SqlFileError, match=message):
        load_check(path, load_files())


def test_layout_and_comments_do_not_change_the_code_version(tmp_path: Path) -> None:
    version = load_file(put(tmp_path, GOOD)).code_version
    same = GOOD.replace("select 1 as a, 2 as b", "SELECT\n  1 AS a, -- one\n  2 AS b").replace(
        "to test", "else"
    )
    assert load_file(put(tmp_path, same)).code_version == version
    assert load_file(put(tmp_path, GOOD.replace("2 as b", "3 as b"))).code_version != version


def test_column_lineage_walks_across_files() -> None:
    steps = list(walk(Column("preference.pairs", "chosen_reward"), plan().columns))
    assert (1, Column("rollout.rewards", "differential_reward")) in steps
    assert (2, Column("rollout.draft_scores", "quality")) in steps
    origins = {column for _, column in walk(Column("feature.examples", "input"), plan().columns)}
    assert Column("raw.reviews", "title") in origins
    assert Column("raw.reviews", "text") in origins  # of the tasks short and rating
    assert Column("raw.reviews", "rating") not in origins


def test_every_value_column_leads_somewhere() -> None:
    """A column without a source is a constant or a count; anything else is a hole in the lineage."""
    without = {f"{column.table}.{column.name}" for column, sources in plan().columns.items() if not sources}
    assert without == {
        "feature.examples.task",
        "feature.user_findings.flag",
        "feature.user_findings.rule",
        "mart.costs.n_calls",
        "mart.costs.stage",
        "mart.datasets.n_reviews",
        "mart.datasets.n_topics",
        "mart.datasets.n_users",
        "mart.explain.source",
        "mart.personalized_texts.source",
        "mart.policy_lineage.generation",
        "mart.policy_lineage.n_pairs_kept",
        "mart.rewards_by_iteration.n_examples",
        "preference.readiness.min_pairs",
        "preference.readiness.min_spread",
        "preference.readiness.n_examples",
        "preference.readiness.n_pairs",
        "staging.topics.n_reviews",
        "staging.users.n_reviews",
    }


def test_every_description_says_the_grain() -> None:
    for file in load_files().values():
        assert file.grain.startswith("one row per "), file.path
        assert file.why.endswith("."), file.path


def test_checks_of_leaks_and_lost_rows_block() -> None:
    blocking = {(check.table.name, check.name) for check in load_checks() if check.blocking}
    assert ("raw.source_files", "every_row_is_accepted_rejected_or_a_duplicate") in blocking
    assert ("context.style_reviews", "never_shows_a_flagged_donor") in blocking
    assert ("feature.examples", "flagged_users_have_no_history") in blocking
    for table in ("context.style_reviews", "context.topic_reviews"):
        rules = {name for checked, name in blocking if checked == table}
        assert {f"never_shows_{what}" for what in LEAKS} <= rules


LEAKS = ("the_own_target", "the_own_user", "a_shared_text", "a_later_review")


def test_no_stray_files() -> None:
    tables = {file.path for file in load_files().values()}
    checks = {check.path for check in load_checks()}
    report = {query.path for query in [*load_queries().values(), *load_explain_queries().values()]}
    examples = set((SQL_ROOT / "examples").glob("*.sql"))  # queries of the README
    known = tables | checks | report | examples
    others = {path.name for path in SQL_ROOT.rglob("*.sql") if path not in known}
    assert others == {"macros.sql"}
