"""What the ledger says: how a table was written last, and what every table it is made from holds."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
from sqlglot import exp

from pat_dagster import tables
from pat_dagster.reuse import Version, Written
from pat_dagster.sql_files import DIALECT

LEDGER = "ops.materializations"
POLICY_IN_USE = "policy_in_use"  # an asset without a table: what earlier iterations promoted
POLICIES = ("policy.adapters", "policy.promotions")


def newest(con: duckdb.DuckDBPyConnection, table: str, iteration: str | None) -> Written | None:
    """How a table or partition was written last; None where it never was."""
    tables.ensure_table(con, LEDGER)
    rows = con.sql(
        "from ops.materializations where table_name = ? and iteration is not distinct from ?",
        params=[table, iteration],
    ).pl()
    rows = rows.sort("started_at")
    return Written.of(rows.row(-1, named=True)) if len(rows) else None


def invalidate(con: duckdb.DuckDBPyConnection, table: str, iteration: str | None = None) -> None:
    """Have a table written again by the next run, all its partitions where no iteration is named."""
    tables.ensure_table(con, LEDGER)
    update = exp.update(exp.to_table(LEDGER), {"inputs_sha256": None}).where(
        exp.column("table_name").eq(exp.convert(table))
    )
    if iteration is not None:
        update = update.where(exp.column("iteration").eq(exp.convert(iteration)))
    con.execute(update.sql(dialect=DIALECT))


def input_versions(
    con: duckdb.DuckDBPyConnection, upstream: Sequence[str], iteration: str | None
) -> list[Version]:
    """What every upstream table holds by the ledger: of partitioned ones this iteration and those before."""
    tables.ensure_table(con, LEDGER)

    def read(names: Sequence[str]) -> list[Version]:
        rows = con.execute("from input_versions(?, ?, ?)", [LEDGER, list(names), iteration]).fetchall()
        return [Version(*row) for row in rows]

    found = read([name for name in upstream if name != POLICY_IN_USE])
    if POLICY_IN_USE in upstream:
        found += [one for one in read(POLICIES) if iteration and (one.iteration or "") < iteration]
    return sorted(set(found), key=lambda one: (one.table, one.iteration or ""))


def upstream_versions(
    con: duckdb.DuckDBPyConnection, upstream: Sequence[str], iteration: str | None = None
) -> str:
    """JSON object: each table and the fingerprint that it has now."""
    return str(
        con.execute("from upstream_versions(?, ?, ?)", [LEDGER, list(upstream), iteration]).fetchall()[0][0]
    )


def is_up_to_date(con: duckdb.DuckDBPyConnection, table: str, upstream: Sequence[str]) -> bool:
    """Whether a table without iterations was last written from its upstream tables as they are now."""
    last = newest(con, table, None)
    return last is not None and last.upstream_versions == upstream_versions(con, upstream)
