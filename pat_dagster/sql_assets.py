"""One `.sql` file = one table = one asset. Everything an asset needs is read from its file."""

from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from sqlglot import exp

from models.errors import WorkError
from models.recipes import Recipe
from pat_dagster import column_lineage, shown, tables
from pat_dagster.ledger import ASKS, Entry, column_schema
from pat_dagster.lineage import Plan, plan
from pat_dagster.partitions import ITERATIONS
from pat_dagster.recipe_parts import read_of_recipe, variables_read
from pat_dagster.resources.warehouse import Warehouse, recipe_in_force, set_variable
from pat_dagster.settings import Settings
from pat_dagster.sql_files import DIALECT, SqlFile, SqlFileError, load_files
from pat_dagster.table_assets import OWNERS, asset_key, run_order


def sql_assets() -> list[dg.AssetsDefinition]:
    """Assets of all `kind: query` files, in stage order."""
    return [
        sql_asset(file, plan())
        for file in load_files().values()
        if file.kind == "query" and not file.published_only
    ]


def sql_asset(file: SqlFile, known: Plan) -> dg.AssetsDefinition:
    """The asset of one query file: dependencies, schema, lineage and code version come from the SQL."""
    if file.partition not in (None, "iteration"):
        raise SqlFileError(f"{file.path}: partition {file.partition!r} is not known; use iteration or none")
    upstream, variables = known.upstream[file.name], variables_read(file.query)
    version = file.code_version
    sources = column_lineage.of_query(file, known.columns)

    @dg.asset(
        key=asset_key(file.name),
        group_name=shown.group_of(file.schema),
        deps=[asset_key(name) for name in upstream],
        description=shown.words(file),
        partitions_def=ITERATIONS if file.partition else None,
        code_version=version,
        kinds={"sql", "duckdb"},
        owners=OWNERS,
        op_tags=run_order(file.stage),
        metadata={
            "dagster/column_schema": column_schema(file, known.types[file.name]),
            "dagster/column_lineage": column_lineage.metadata(sources),
            "dagster/table_name": file.name,
            **shown.where(file),
        },
    )
    def asset(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[Any]:
        iteration = context.partition_key if file.partition else None
        entry = Entry.begin(file, version, upstream, context.run.run_id, iteration)
        recipe = recipe_in_force(Settings(Path(warehouse.home)))
        with warehouse.connect() as con:
            left = entry.left(con, recipe, context.run.tags)
            if not isinstance(left, str):
                return left
            context.log.info(f"{file.name} is computed: {left}")
            entry.open(con)
            refresh(con, file, iteration)
            column_lineage.write(con, file, sources)
            return entry.finish(con, recipe, read_of_recipe(variables, recipe))

    def ask(con: duckdb.DuckDBPyConnection, recipe: Recipe, iteration: str | None) -> str | None:
        partition = iteration if file.partition else None
        return Entry.begin(file, version, upstream, "", partition).standing(con, recipe).reason

    ASKS[file.name] = ask
    return asset


def refresh(con: duckdb.DuckDBPyConnection, file: SqlFile, iteration: str | None = None) -> None:
    """Compute one table: all of it, or its partition `iteration`, in one transaction.

    Raises WorkError that names the file; the table then is as it was before.
    """
    set_variable(con, "iteration", iteration)
    try:
        with tables.transaction(con):
            tables.create_schema(con, file.schema)
            if file.partition is None:
                con.execute(tables.create_as(file, file.query).sql(dialect=DIALECT))
            else:
                _replace_partition(con, file, iteration)
            tables.comment(con, file)
    except duckdb.CatalogException as error:
        raise WorkError(
            f"a table it reads is not there: {error}",
            step=f"{file.name} ({file.path.name})",
            remedy="materialize its upstream assets first, or run `pat run`",
        ) from error
    except duckdb.Error as error:
        raise WorkError(str(error), step=f"{file.name} ({file.path.name})") from error


def _replace_partition(con: duckdb.DuckDBPyConnection, file: SqlFile, iteration: str | None) -> None:
    if iteration is None:
        raise WorkError(
            "needs an iteration", step=file.name, remedy="choose a partition, or run `pat run --iterations 1`"
        )
    present = tables.column_types(con, file.name)
    if not present:
        con.execute(
            tables.create_as(file, exp.select("*").from_(file.query.subquery("rows")).limit(0)).sql(DIALECT)
        )
    elif list(present) != list(file.columns):
        raise WorkError(
            f"has columns {list(present)}, its file says {list(file.columns)}: made by an older definition",
            step=file.name,
            remedy="rename the table, or start a new PAT_HOME",
        )
    target = exp.table_(file.table, db=file.schema)
    delete = exp.delete(target).where(exp.column("iteration").eq(exp.convert(iteration)))
    con.execute(delete.sql(dialect=DIALECT))
    columns = [exp.to_identifier(name) for name in file.columns]
    con.execute(exp.insert(file.query, target, columns=columns).sql(dialect=DIALECT))
