"""Requests among the jobs: what a night starts can be started as it says, and nothing is left out."""

from __future__ import annotations

from pat_dagster.definitions import defs
from pat_dagster.jobs import ANSWER_JOB, GENERATE_JOB, PUBLISHED_ASSET
from pat_dagster.nights import Standing, next_step
from pat_dagster.sql_files import load_files
from pat_dagster.table_assets import asset_key

TABLES = [
    name
    for name in load_files()
    if ("request" in name and not name.startswith("ops.")) or name == "mart.explain"
]


def test_a_night_with_open_requests_starts_a_job_that_can_be_started() -> None:
    step = next_step(Standing(iteration="0001", open_requests=2))
    assert step.job == ANSWER_JOB and "2 requests" in step.reason
    assert defs.resolve_job_def(ANSWER_JOB).partitions_def is None and step.iteration is None


def test_both_jobs_go_from_the_files_to_what_readers_see() -> None:
    wanted = {*map(asset_key, TABLES), asset_key("mart.personalized_texts"), PUBLISHED_ASSET}
    assert len(wanted) == 10
    for job in (ANSWER_JOB, GENERATE_JOB):
        assert wanted <= defs.resolve_job_def(job).asset_layer.executable_asset_keys


def test_a_night_reads_requests_first() -> None:
    refreshed = defs.resolve_job_def("refresh").asset_layer.executable_asset_keys
    assert asset_key("staging.requests") in refreshed and asset_key("raw.requests") in refreshed
    assert asset_key("request.answers") not in refreshed, "answers come after this night's training"
