"""The last asset: what readers see."""

from pathlib import Path
from typing import Any

import dagster as dg

from pat_dagster.ledger import UNCHANGED
from pat_dagster.operations import load_operations
from pat_dagster.publish import publish, published_files
from pat_dagster.resources.warehouse import Warehouse
from pat_dagster.settings import Settings
from pat_dagster.shown import group_of
from pat_dagster.table_assets import OWNERS, asset_key


@dg.asset(
    group_name=group_of("mart"),
    deps=[
        asset_key(file.name) for file in published_files() if file.schema != "ops" and not file.published_only
    ],  # the ledger has no asset
    description="one file for readers, analytics.duckdb; a finished copy swapped in whole, so that readers "
    "never block the job and never see half of it",
    kinds={"duckdb"},
    owners=OWNERS,
)
def published(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
    """Copies the warehouse to `analytics.duckdb`, unless readers have all of it already."""
    settings = Settings(Path(warehouse.home))
    keep = load_operations(settings.operations_path).snapshots
    done = publish(settings.warehouse_path, settings.analytics_path, keep=keep)
    if done.missing:
        context.log.warning(f"not materialized yet, so not published: {', '.join(done.missing)}")
    lines = [
        "| table | rows |",
        "| --- | --- |",
        *(f"| {name} | {rows:,} |" for name, rows in done.rows.items()),
    ]
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(str(settings.analytics_path)),
            **({} if done.changed else {UNCHANGED: True}),
            "iteration": done.iteration or "none yet",
            "snapshot": done.snapshot.name if done.snapshot else "none",
            "tables": len(done.rows),
            "bytes": done.size,
            "rows": dg.MetadataValue.md("\n".join(lines)),
        }
    )
