"""Tables of the vector store as Dagster assets: the function brings one in step, the rest is done here."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from models.recipes import Recipe
from models.retrieval.store import SyncResult, VectorStore
from pat_dagster.code_versions import code_version
from pat_dagster.ledger import Entry
from pat_dagster.recipe_parts import TracedRecipe
from pat_dagster.resources.warehouse import Warehouse, recipe_in_force
from pat_dagster.settings import Settings
from pat_dagster.shown import group_of, reference_to
from pat_dagster.table_assets import OWNERS, asset_key, run_order

GROUP = "vectors"
VectorFunction = Callable[
    [dg.AssetExecutionContext, duckdb.DuckDBPyConnection, VectorStore, Recipe], SyncResult
]


def vector_asset(
    table: str, deps: Sequence[str], stage: int, description: str
) -> Callable[[VectorFunction], dg.AssetsDefinition]:
    """Make an asset of `function(context, con, store, recipe)`, which brings `table` in step with its texts.

    stage: number of the folder in `sql/` that it would stand in.
    """
    name = f"{GROUP}.{table}"

    def decorate(function: VectorFunction) -> dg.AssetsDefinition:
        version = code_version(name, function.__module__)

        @dg.asset(
            key=asset_key(name),
            group_name=group_of(GROUP),
            deps=[asset_key(one) for one in deps],
            description=description,
            code_version=version,
            kinds={"python", "lancedb"},
            owners=OWNERS,
            op_tags=run_order(stage),
            metadata={
                "dagster/code_references": dg.CodeReferencesMetadataValue(
                    code_references=[reference_to(function)]
                )
            },
        )
        def asset(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
            settings = Settings(Path(warehouse.home))
            recipe = TracedRecipe.of(recipe_in_force(settings))
            store = VectorStore(settings.vectors_path)
            entry = Entry.begin(name, version, list(deps), context.run.run_id, None)
            with warehouse.connect() as con:
                entry.open(con)
                done = function(context, con, store, recipe)
                context.log.info(
                    f"{name}: {done.embedded} embedded, {done.kept} kept, {done.removed} removed"
                )
                rows, sha256 = done.kept + done.embedded, store.load(table).sha256()
                entry.record(con, sha256, rows, recipe, recipe.parts)
            return dg.MaterializeResult(
                metadata={
                    "dagster/row_count": rows,
                    "embedded": done.embedded,
                    "removed": done.removed,
                    "content_sha256": sha256,
                },
                data_version=dg.DataVersion(sha256),
            )

        return asset

    return decorate
