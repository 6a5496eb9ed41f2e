"""`pat ingest`: reviews into `raw` and `staging`, nothing else."""

from __future__ import annotations

from pat_dagster import home as home_folder
from pat_dagster.commands.options import (
    Columns,
    Data,
    Dataset,
    FormatOption,
    Home,
    Split,
    settings_of,
    source_specs,
)
from pat_dagster.console import say


def ingest(
    data: Data = None,
    format: FormatOption = None,
    dataset: Dataset = None,
    split: Split = None,
    columns: Columns = None,
    home: Home = None,
) -> None:
    """Read files into the tables of `raw` and `staging`, and register them for later runs.

    Rows that cannot be used go to raw.rejected_rows with their reason. A file read before is replaced
    as a whole; an unchanged one is not read again.

    Examples:

      pat ingest --data hotel_dev.json --format pgraphrag --dataset hotel --split validation

      pat sql --warehouse "select reason, count(*) from raw.rejected_rows group by all"
    """
    specs = source_specs(data, format, dataset, split, columns)
    settings = settings_of(home)
    home_folder.prepare(settings)
    from pat_dagster.report import ingest_report
    from pat_dagster.runner import run_stages

    with home_folder.registered(settings, specs):
        run_stages("raw", "staging")
    say(ingest_report(settings))
