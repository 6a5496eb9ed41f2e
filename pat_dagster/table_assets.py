"""Python tables as Dagster assets: the function computes the rows, the decorator does the rest."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from models.recipes import Recipe
from pat_dagster import column_lineage, shown, tables
from pat_dagster.code_versions import code_version
from pat_dagster.ledger import ASKS, Entry, Lost, column_schema
from pat_dagster.partitions import ITERATIONS
from pat_dagster.recipe_parts import TracedRecipe
from pat_dagster.resources.warehouse import Warehouse, recipe_in_force, set_variable
from pat_dagster.settings import Settings
from pat_dagster.sql_files import SqlFileError, table_file

OWNERS = ["team:pat"]
TableFunction = Callable[[dg.AssetExecutionContext, duckdb.DuckDBPyConnection, Recipe], tables.Frame | None]


def asset_key(name: str) -> dg.AssetKey:
    """`schema.table` -> its asset key; a name without a dot is a key of one part."""
    return dg.AssetKey(name.split("."))


def run_order(stage: int) -> dict[str, str]:
    """Op tags: of the steps that could start, one of the earliest stage does, so that runs read in order."""
    return {"dagster/priority": str(-stage)}


def table_asset(
    table: str,
    deps: Sequence[str] = (),
    partitioned: bool = False,
    kinds: Iterable[str] = (),
    config: Mapping[str, Any] | None = None,
    lost: Lost | None = None,
) -> Callable[[TableFunction], dg.AssetsDefinition]:
    """Make an asset of `function(context, con, recipe)`, which returns the rows of `table`.

    Description, columns and comments come from the table's file in `sql/`. The rows replace the
    partition of the run (or the whole table). A function that returns None wrote its rows itself. `config` is
    a Dagster config schema; the function finds its values in `context.op_execution_context.op_config`.
    `lost(con, iteration)` says what the table names and is gone, such as weights; None if nothing is.
    """
    file = table_file(table)
    if file.kind != "table":
        raise SqlFileError(f"{file.path}: {table} is written by Python, its file must say `kind: table`")
    if partitioned != (file.partition == "iteration"):
        raise SqlFileError(f"{file.path}: partition is {file.partition}; asset has partitioned={partitioned}")

    def decorate(function: TableFunction) -> dg.AssetsDefinition:
        version = code_version(file.code_version, function.__module__)
        sources = column_lineage.of_python(file, deps)

        @dg.asset(
            key=asset_key(table),
            group_name=shown.group_of(file.schema),
            deps=[asset_key(name) for name in deps],
            description=shown.words(file),
            partitions_def=ITERATIONS if partitioned else None,
            code_version=version,
            kinds={"python", "duckdb", *kinds},
            owners=OWNERS,
            op_tags=run_order(file.stage),
            config_schema=config,
            metadata={
                "dagster/column_schema": column_schema(file, file.column_types),
                "dagster/column_lineage": column_lineage.metadata(sources),
                "dagster/table_name": table,
                **shown.where(file, function),
            },
        )
        def asset(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
            iteration = context.partition_key if partitioned else None
            asked = context.op_execution_context.op_config if config else None
            recipe = recipe_in_force(Settings(Path(warehouse.home)))
            entry = Entry.begin(file, version, list(deps), context.run.run_id, iteration, asked)
            with warehouse.connect() as con:
                left = entry.left(con, recipe, context.run.tags, lost)
                if not isinstance(left, str):
                    return left
                context.log.info(f"{table} is computed: {left}")
                entry.open(con)
                tables.ensure_table(con, table, replace_other_layout=not partitioned)
                set_variable(con, "iteration", iteration)
                traced = TracedRecipe.of(recipe)
                frame = function(context, con, traced)
                if frame is not None:
                    tables.write(con, table, frame, {"iteration": iteration} if partitioned else None)
                column_lineage.write(con, file, sources)
                return entry.finish(con, recipe, traced.parts)

        def ask(con: duckdb.DuckDBPyConnection, recipe: Recipe, iteration: str | None) -> str | None:
            partition = iteration if partitioned else None
            entry = Entry.begin(file, version, list(deps), "", partition, defaults(config))
            return entry.standing(con, recipe, lost=lost).reason

        ASKS[table] = ask
        return asset

    return decorate


def defaults(config: Mapping[str, Any] | None) -> dict[str, Any]:
    """What Dagster gives a function whose run asks for nothing."""
    fields = {name: one for name, one in (config or {}).items() if isinstance(one, dg.Field)}
    return {name: field.default_value for name, field in fields.items() if field.default_provided}
