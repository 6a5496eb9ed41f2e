"""The rules of evaluation.scores and mart.metrics: right rows keep them, spoiled rows are returned."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from models.evaluation.glossary import meanings
from pat_dagster.assets.metrics import absent_reason
from pat_dagster.sql_checks import load_checks

TABLES = ("evaluation.scores", "mart.metrics")
CHECKS = {check.name: check for check in load_checks() if check.table.name in TABLES}
WORLD = """
create schema evaluation; create schema mart; create schema feature;
create table feature.examples as from (values ('e1', 'long'), ('e2', 'rating')) as t (example_id, task);
create table evaluation.predictions as
    select '0000' as iteration, arm, example_id, 'x' as text
    from (values ('a'), ('b')) as arms (arm) cross join feature.examples;
create table evaluation.scores as
    select iteration, arm, example_id, metric, value::double as value
    from evaluation.predictions
    inner join feature.examples using (example_id)
    inner join (
        values ('long', 'rouge1', .5), ('long', 'copied_run', 3), ('long', 'n_words', 3),
        ('long', 'specificity', -.5), ('rating', 'rating_absolute_error', 4)
    ) as t (task, metric, value) using (task);
create table mart.metrics as
    select distinct metric, null::varchar as absent_reason from evaluation.scores
    union all select 'judge', 'no judge';
set variable iteration = '0000';
"""


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute(WORLD)
    yield connection
    connection.close()


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_right_rows_keep_every_rule(con: duckdb.DuckDBPyConnection, name: str) -> None:
    assert con.sql(CHECKS[name].sql).fetchall() == []


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("delete from evaluation.scores where metric = 'rouge1' and arm = 'a'", "every_prediction"),
        ("insert into evaluation.scores from evaluation.scores where arm = 'b'", "every_prediction"),
        ("update evaluation.scores set value = 'nan' where metric = 'specificity'", "every_score_is_a"),
        ("update evaluation.scores set value = 'inf' where metric = 'n_words'", "every_score_is_a"),
        ("update evaluation.scores set value = 1.5 where metric = 'rouge1'", "every_score_is_a"),
        ("update evaluation.scores set value = -1.5 where metric = 'specificity'", "every_score_is_a"),
        ("update evaluation.scores set value = -1 where metric = 'n_words'", "every_score_is_a"),
        ("update evaluation.scores set value = 4 where metric = 'copied_run'", "nobody_copies"),
        ("delete from mart.metrics where metric = 'rouge1'", "every_score_has_a_meaning"),
        ("update mart.metrics set absent_reason = 'x' where metric = 'rouge1'", "every_score_has_a_meaning"),
    ],
)
def test_a_broken_rule_is_found(con: duckdb.DuckDBPyConnection, change: str, broken: str) -> None:
    con.execute(change)
    found = [name for name in sorted(CHECKS) if con.sql(CHECKS[name].sql).fetchall()]
    assert [name for name in found if name.startswith(broken)]


def test_a_metric_that_an_example_cannot_have_may_be_missing(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("delete from evaluation.scores where metric = 'specificity' and arm = 'a'")
    assert all(con.sql(check.sql).fetchall() == [] for check in CHECKS.values())


def test_why_a_metric_is_absent() -> None:
    known = meanings()
    assert absent_reason(known["rouge1"], {"rouge1"}, {"long"}) is None
    assert absent_reason(known["rmse"], {"rating_squared_error"}, {"rating"}) is None
    assert (
        absent_reason(known["rmse"], set(), {"long"}) == "no arm has answered an example of the task rating"
    )
    assert "judge in the recipe" in str(absent_reason(known["judge"], {"rouge1"}, {"long"}))
    assert absent_reason(known["rouge1"], set(), set()) is not None
