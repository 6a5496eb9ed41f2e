"""The graph as Dagster runs it: one job over tables with and without iterations, and blocking checks."""

import json
from typing import Any

import dagster as dg
import duckdb

from pat_dagster import tables
from pat_dagster.settings import Settings
from pat_dagster.sql_files import load_files


def materialized(result: dg.ExecuteInProcessResult) -> set[str]:
    return {
        ".".join(event.asset_key.path)
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None
    }


def failed_checks(result: dg.ExecuteInProcessResult) -> set[str]:
    return {
        evaluation.check_name for evaluation in result.get_asset_check_evaluations() if not evaluation.passed
    }


def hashes(little: Any) -> dict[tuple[str, str | None], str]:
    """Latest fingerprint of every table and iteration."""
    with little.warehouse.connect(read_only=True) as con:
        ledger = tables.read(con, "ops.materializations").sort("started_at")
    return {
        (row["table_name"], row["iteration"]): row["content_sha256"] for row in ledger.iter_rows(named=True)
    }


def test_one_job_mixes_tables_with_and_without_iterations(finished: Any) -> None:
    little, result = finished
    assert result.success
    assert failed_checks(result) == set()
    with little.warehouse.connect(read_only=True) as con:
        pairs = tables.read(con, "preference.pairs")
        assert pairs["iteration"].unique().to_list() == ["0000"]
        assert len(pairs) == 4  # two examples, two agents
        assert tables.read(con, "mart.rewards_by_iteration")["n_pairs"].to_list() == [2, 2]


def test_a_rerun_gives_the_same_bytes_and_a_second_iteration_leaves_the_first_alone(little: Any) -> None:
    assert little.run("0000").success
    first = hashes(little)
    assert {("preference.pairs", "0000"), ("staging.reviews", None)} <= set(first)
    assert little.run("0000").success
    assert hashes(little) == first
    for row in little.rows["rollout.draft_scores"]:
        row["quality"] = 1 - row["quality"]
    assert little.run("0001").success
    after = hashes(little)
    assert {key: after[key] for key in first if key[1] == "0000"} == {
        key: value for key, value in first.items() if key[1] == "0000"
    }
    assert after["preference.pairs", "0001"] != after["preference.pairs", "0000"]
    with little.warehouse.connect(read_only=True) as con:
        assert (
            tables.read(con, "mart.rewards_by_iteration")["iteration"].to_list()
            == ["0000"] * 2 + ["0001"] * 2
        )


def test_a_lost_row_stops_everything_behind_raw(little: Any) -> None:
    little.rows["raw.reviews"].pop()
    result = little.run()
    assert not result.success
    assert "every_row_is_accepted_rejected_or_a_duplicate" in failed_checks(result)
    assert materialized(result) == {"raw.reviews", "raw.rejected_rows", "raw.source_files"}
    with little.warehouse.connect(read_only=True) as con:
        outcome = tables.read(con, "ops.check_results", {"passed": False})
    assert outcome.select("table_name", "severity", "blocking", "bad_rows").rows() == [
        ("raw.source_files", "error", True, 1)
    ]


def test_a_missing_draft_stops_its_iteration(little: Any) -> None:
    little.rows["rollout.drafts"] = little.rows["rollout.drafts"][1:]
    little.rows["rollout.draft_scores"] = little.rows["rollout.draft_scores"][1:]
    result = little.run()
    assert failed_checks(result) == {"every_selected_train_example_has_its_drafts"}
    assert "rollout.drafts" in materialized(result)
    assert not {"rollout.draft_scores", "rollout.rewards", "published"} & materialized(result)


def test_one_asset_alone(finished: Any) -> None:
    little, _ = finished
    result = little.run(assets=["rollout.rewards"])
    assert result.success
    assert materialized(result) == {"rollout.rewards"}


def test_an_asset_without_its_upstream_says_what_to_do(little: Any) -> None:
    result = little.run(assets=["staging.users"])
    error = result.failure_data_for_node("staging__users").error
    assert "materialize its upstream assets first" in error.to_string()


def test_what_dagster_is_told(finished: Any) -> None:
    little, result = finished
    [event] = result.asset_materializations_for_node("preference__pairs")
    assert event.metadata["dagster/row_count"].value == 4
    schema = event.metadata["dagster/column_schema"].value
    assert [column.name for column in schema.columns] == list(load_files()["preference.pairs"].columns)
    assert all(column.description and column.type != "unknown" for column in schema.columns)
    assert event.metadata["preview"].value.startswith("| iteration | agent |")
    asset = little.definitions().resolve_assets_def(dg.AssetKey(["preference", "pairs"]))
    lineage = asset.metadata_by_key[asset.key]["dagster/column_lineage"]
    assert {
        (dep.asset_key.to_user_string(), dep.column_name) for dep in lineage.deps_by_column["margin"]
    } == {("rollout/rewards", "differential_reward")}


def test_ledger_and_lineage_tables(finished: Any) -> None:
    little, _ = finished
    with little.warehouse.connect(read_only=True) as con:
        [row] = tables.read(con, "ops.materializations", {"table_name": "preference.pairs"}).to_dicts()
        lineage = tables.read(con, "ops.column_lineage", {"table_name": "preference.pairs"})
    upstream = json.loads(row["upstream_versions"])
    known = hashes(little)
    assert upstream == {
        "feature.examples": known["feature.examples", None],
        "rollout.rewards": known["rollout.rewards", "0000"],
        "rollout.summaries": known["rollout.summaries", "0000"],
    }
    assert ("chosen", "rollout.summaries", "text") in lineage.drop("table_name").rows()


def test_every_table_and_column_has_a_comment_in_both_files(finished: Any) -> None:
    little, _ = finished
    settings = Settings(little.home)
    for path in (settings.warehouse_path, settings.analytics_path):
        con = duckdb.connect(str(path), read_only=True)
        try:
            silent = con.execute(
                "select table_name, column_name from duckdb_columns() where not internal and comment is null "
                "union all select table_name, null from duckdb_tables() where comment is null"
            ).fetchall()
            count = con.execute("select count(*) from duckdb_tables()").fetchall()[0][0]
        finally:
            con.close()
        assert silent == []
        assert count > 10
