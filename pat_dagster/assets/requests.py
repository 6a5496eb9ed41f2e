"""Requests: raw.* as they came, and request.*, the answers with what stands behind them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import dagster as dg
import duckdb

from models.recipes import Recipe
from models.sources.requests import RULES_VERSION
from pat_dagster import shown
from pat_dagster.answering import ANSWERS, CALLS, SHOWN, Desk
from pat_dagster.forgetting.registry import forgotten_users
from pat_dagster.ledger import Entry, column_schema
from pat_dagster.operations import load_operations
from pat_dagster.request_intake import TABLES, take_landed
from pat_dagster.resources.warehouse import Warehouse, recipe_in_force
from pat_dagster.settings import Settings
from pat_dagster.sql_files import table_file
from pat_dagster.table_assets import OWNERS, asset_key, table_asset

ONLY: Final[dict[str, Any]] = {
    "requests": dg.Field(
        dg.Array(str), default_value=[], description="ids; none: every request without an answer"
    )
}


def code_version(table: str) -> str:
    """Changes with the table's definition and with the rules for requests."""
    text = f"{table_file(table).code_version}:{RULES_VERSION}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]  # 64 bits tell any two edits apart


def _spec(table: str) -> dg.AssetSpec:
    file = table_file(table)
    return dg.AssetSpec(
        key=asset_key(table),
        group_name=shown.group_of(file.schema),
        description=shown.words(file),
        code_version=code_version(table),
        kinds={"python", "duckdb"},
        owners=OWNERS,
        metadata={
            "dagster/table_name": table,
            "dagster/column_schema": column_schema(file, file.column_types),
            **shown.where(file, take_landed),
        },
    )


@dg.multi_asset(
    name="raw_requests",
    specs=[_spec(table) for table in TABLES],
    can_subset=False,
    config_schema={
        "folders": dg.Field(
            bool, default_value=True, description="read the landing folders; False: what was typed alone"
        )
    },
)
def raw_requests(
    context: dg.AssetExecutionContext, warehouse: Warehouse
) -> Iterator[dg.MaterializeResult[Any]]:
    """Reads what landed in the folders of requests that settings.yaml names, in one transaction per file.

    What `pat generate` was asked is in the tables already and is only entered into the ledger.
    """
    entries = [Entry.begin(table_file(t), code_version(t), [], context.run_id, None) for t in TABLES]
    settings = Settings(Path(warehouse.home))
    recipe = recipe_in_force(settings)
    operations = load_operations(settings.operations_path)
    if not context.op_execution_context.op_config["folders"]:
        operations = operations.model_copy(update={"requests": ()})
    with warehouse.connect() as con:
        done = [str(one) for one in take_landed(con, operations, forgotten_users(con, settings))]
        for line in done:
            context.log.info(line)
        for table, entry in zip(TABLES, entries, strict=True):
            result = entry.renew(con, recipe)
            yield dg.MaterializeResult(
                asset_key=asset_key(table),
                metadata={**(result.metadata or {}), "files": done},
                data_version=result.data_version,
            )


@table_asset(
    ANSWERS,
    deps=[
        "staging.requests",
        "staging.reviews",
        "feature.propagation",
        "feature.user_audit",
        "vectors.reviews",
        "vectors.titles",
        "vectors.topics",
        "vectors.users",
        "policy.adapters",
        "policy.promotions",
    ],
    kinds=["transformers", "lancedb"],
    config=ONLY,
)
def answers(context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe) -> None:
    """Answers what is not answered yet; an answer that is there stays, whatever has changed since."""
    only = context.op_execution_context.op_config["requests"]
    written = Desk(con, recipe, context.run.run_id).answer(only)
    context.log.info(f"{written:,} requests answered")


@table_asset(CALLS, deps=[ANSWERS])
def calls(context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe) -> None:
    """Written with the answers, in the same transaction for every chunk of them."""


@table_asset(SHOWN, deps=[ANSWERS])
def request_reviews(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> None:
    """Written with the answers, in the same transaction for every chunk of them."""
