"""The real definitions: complete, connected, described."""

from typing import Any

import dagster as dg
import pytest

from pat_dagster.definitions import defs
from pat_dagster.jobs import FULL_JOB, INGEST_JOB, JOBS, ON_DEMAND
from pat_dagster.sql_checks import load_checks
from pat_dagster.sql_files import load_files

EXTERNAL = dg.AssetKey("policy_in_use")


@pytest.fixture(scope="module")
def graph() -> Any:
    return defs.resolve_asset_graph()


def test_every_table_file_has_its_asset(graph: Any) -> None:
    made = {name for name, file in load_files().items() if file.schema != "ops" and not file.published_only}
    assert {dg.AssetKey(name.split(".")) for name in made} <= graph.executable_asset_keys


def test_only_the_policy_in_use_comes_from_outside(graph: Any) -> None:
    assert graph.get_all_asset_keys() - graph.executable_asset_keys == {EXTERNAL}


def test_every_check_file_is_a_check(graph: Any) -> None:
    files = {(check.table.name.replace(".", "/"), check.name) for check in load_checks()}
    assert files <= {(key.asset_key.to_user_string(), key.name) for key in graph.asset_check_keys}


def test_tables_per_iteration_are_partitioned(graph: Any) -> None:
    for name, file in load_files().items():
        key = dg.AssetKey(name.split("."))
        if graph.has(key):
            assert (graph.get(key).partitions_def is not None) == (file.partition is not None), name


def test_everything_is_described_and_grouped(graph: Any) -> None:
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.group_name not in (None, "default"), key


def test_everything_a_reader_sees_is_behind_its_checks(graph: Any) -> None:
    upstream = graph.get(dg.AssetKey("published")).parent_keys
    shown = {key for key in graph.executable_asset_keys if len(key.path) == 2 and key.path[0] not in HIDDEN}
    assert shown <= upstream


HIDDEN = ("raw", "vectors")


def test_jobs_run_in_one_process() -> None:
    for name in (*(job.name for job in JOBS), "__ASSET_JOB"):
        assert defs.resolve_job_def(name).executor_def is dg.in_process_executor
    assert defs.resolve_job_def(FULL_JOB).partitions_def is not None
    assert defs.resolve_job_def(INGEST_JOB).partitions_def is None


def test_the_nightly_job_makes_everything_but_what_is_on_demand(graph: Any) -> None:
    made = defs.resolve_job_def(FULL_JOB).asset_layer.selected_asset_keys
    assert graph.executable_asset_keys - made == ON_DEMAND
