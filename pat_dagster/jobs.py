"""What can be run as a whole. Every run is one process: the warehouse has one writer."""

from typing import Any

import dagster as dg

FULL_JOB = "pat"
INGEST_JOB = "ingest"

JOBS: list[Any] = [
    dg.define_asset_job(
        FULL_JOB,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description="One iteration of everything: reviews in, a published warehouse out.",
    ),
    dg.define_asset_job(
        INGEST_JOB,
        selection=dg.AssetSelection.groups("raw", "staging"),
        executor_def=dg.in_process_executor,
        description="Registered sources into raw and staging.",
    ),
]
