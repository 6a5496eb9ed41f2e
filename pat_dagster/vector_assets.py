"""Tables of the vector store as Dagster assets: the function brings one in step, the rest is done here."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from models.recipes import Recipe
from models.retrieval.store import SyncResult, VectorStore
from pat_dagster.code_versions import code_version
from pat_dagster.ledger import ASKS, Entry, Lost, marked
from pat_dagster.recipe_parts import TracedRecipe
from pat_dagster.resources.warehouse import Warehouse, recipe_in_force
from pat_dagster.reuse import only_changed
from pat_dagster.settings import Settings
from pat_dagster.shown import group_of, where
from pat_dagster.table_assets import OWNERS, asset_key, run_order

GROUP = "vectors"
VectorFunction = Callable[
    [dg.AssetExecutionContext, duckdb.DuckDBPyConnection, VectorStore, Recipe], SyncResult
]


def vector_asset(
    table: str, deps: Sequence[str], stage: int, description: str, lost: Lost | None = None
) -> Callable[[VectorFunction], dg.AssetsDefinition]:
    """Make an asset of `function(context, con, store, recipe)`, which brings `table` in step with its texts.

    stage: number of the folder in `sql/` that it would stand in. lost: says which file behind the vectors is
    gone; None if none is.
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
            metadata=where(None, function),
        )
        def asset(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
            settings = Settings(Path(warehouse.home))
            recipe = recipe_in_force(settings)
            store = VectorStore(settings.vectors_path)
            entry = Entry.begin(name, version, list(deps), context.run.run_id, None)
            with warehouse.connect() as con:
                now = entry.standing(con, recipe, partial(_look, store, table), lost)
                if only_changed(context.run.tags) and now.reason is None and now.last is not None:
                    return marked(_described(now.rows, now.sha256, embedded=0, removed=0), now.last)
                context.log.info(f"{name} is brought in step: {now.reason or 'asked for'}")
                entry.open(con)
                traced = TracedRecipe.of(recipe)
                done = function(context, con, store, traced)
                context.log.info(
                    f"{name}: {done.embedded} embedded, {done.kept} kept, {done.removed} removed"
                )
                rows, sha256 = done.kept + done.embedded, store.load(table).sha256()
                entry.record(con, sha256, rows, recipe, traced.parts)
            return _described(rows, sha256, embedded=done.embedded, removed=done.removed)

        def ask(con: duckdb.DuckDBPyConnection, recipe: Recipe, iteration: str | None) -> str | None:
            store = VectorStore(Settings.from_env().vectors_path)
            entry = Entry.begin(name, version, list(deps), "", None)
            return entry.standing(con, recipe, partial(_look, store, table), lost).reason

        ASKS[name] = ask
        return asset

    return decorate


def _look(store: VectorStore, table: str, con: duckdb.DuckDBPyConnection) -> tuple[str, int] | None:
    vectors = store.find(table)
    return None if vectors is None else (vectors.sha256(), len(vectors.ids))


def _described(rows: int, sha256: str, *, embedded: int, removed: int) -> dg.MaterializeResult[Any]:
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": rows,
            "embedded": embedded,
            "removed": removed,
            "content_sha256": sha256,
        },
        data_version=dg.DataVersion(sha256),
    )
