"""Where columns come from, for ops.column_lineage and Dagster: of SQL all of it, of Python what is known.

Which columns a Python function reads cannot be seen from outside. What is known is said by name: ids, and
values that are copied as they are. Of all others only the tables are known, and `*` stands for their columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import dagster as dg
import duckdb
import polars as pl

from pat_dagster import tables
from pat_dagster.lineage import Column
from pat_dagster.sql_files import SqlFile, table_file

COLUMN_LINEAGE = "ops.column_lineage"
ANY: Final = "*"  # some of its columns, nobody says which

# ids of every table of a later stage
IDS: Final[Mapping[str, Column]] = {
    "dataset": Column("staging.reviews", "dataset"),
    "donor_id": Column("staging.reviews", "user_id"),
    "example_id": Column("feature.examples", "example_id"),
    "review_id": Column("staging.reviews", "review_id"),
    "source_example_id": Column("feature.examples", "example_id"),
    "user_id": Column("staging.reviews", "user_id"),
}
# values that a table copies as they are
COPIED: Final[Mapping[str, Mapping[str, Column]]] = {
    "context.request_reviews": {"request_id": Column("staging.requests", "request_id")},
    "evaluation.evidence": {
        "similarity": Column("context.style_reviews", "similarity"),
        **{
            name: Column("context.topic_reviews", name)
            for name in ("alignment", "relevance", "source", "distance")
        },
    },
    "policy.adapters": {"data_version": Column("preference.readiness", "pairs_version")},
    "policy.promotions": {"policy_id": Column("policy.adapters", "policy_id")},
    "request.answers": {
        name: Column("staging.requests", name)
        for name in ("request_id", "dataset", "task", "user_id", "topic_id", "input", "requested_at")
    },
    "request.calls": {"request_id": Column("request.answers", "request_id")},
    "mart.verdicts": {
        name: Column("mart.verdict_tests", name) for name in ("iteration", "dataset", "task", "claim")
    },
}

Sources = Mapping[str, Sequence[Column]]  # column of one table -> what it is computed from


def of_python(file: SqlFile, deps: Sequence[str]) -> Sources:
    """Of a table that Python writes from the assets `deps`. The partition key is computed from nothing."""
    return {name: () if name == file.partition else _of_column(file, name, deps) for name in file.columns}


def of_query(file: SqlFile, columns: Mapping[Column, tuple[Column, ...]]) -> Sources:
    """Of a query, from the columns of all (`lineage.Plan.columns`)."""
    return {name: columns[Column(file.name, name)] for name in file.columns}


def metadata(sources: Sources) -> dg.TableColumnLineage:
    """In Dagster's terms, which have no word for `*`: only columns that are known."""
    return dg.TableColumnLineage(
        deps_by_column={
            name: [
                dg.TableColumnDep(asset_key=dg.AssetKey(source.table.split(".")), column_name=source.name)
                for source in found
                if source.name != ANY
            ]
            for name, found in sources.items()
        }
    )


def write(con: duckdb.DuckDBPyConnection, file: SqlFile, sources: Sources) -> None:
    """Replace the rows of one table in `ops.column_lineage`."""
    rows = [(file.name, name, one.table, one.name) for name, found in sources.items() for one in found]
    frame = pl.DataFrame(
        rows,
        schema=dict.fromkeys(["table_name", "column_name", "upstream_table", "upstream_column"], pl.String),
        orient="row",
    )
    tables.write(con, COLUMN_LINEAGE, frame, {"table_name": file.name})


def _of_column(file: SqlFile, name: str, deps: Sequence[str]) -> tuple[Column, ...]:
    copied = COPIED.get(file.name, {})
    if name in copied:
        return (copied[name],)
    if name in IDS and table_file(IDS[name].table).stage < file.stage:
        return (IDS[name],)
    return tuple(Column(dep, ANY) for dep in sorted(deps) if "." in dep)
