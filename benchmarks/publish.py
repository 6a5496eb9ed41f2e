"""Seconds of a publish: with nothing new, and of everything, by size of the warehouse.

    python benchmarks/publish.py HOME [FACTOR ...]      default factors: 1 4 16

Every table of HOME's warehouse is repeated FACTOR times, rows and all, in a temporary folder; HOME is only
read. A publish with nothing new compares fingerprints and leaves the file as it is. Seconds are the
processor's: on a busy machine they say more than those of the clock, which stand beside them.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
from sqlglot import exp

from pat_dagster.console import text_table
from pat_dagster.publish import Published, publish
from pat_dagster.sql_files import DIALECT

FACTORS = (1, 4, 16)
HEADERS = ["factor", "rows", "MB", "nothing new s", "(clock)", "everything s", "(clock)", "share"]


def repeat(source: Path, target: Path, factor: int) -> int:
    """A warehouse whose tables hold every row `factor` times; returns its rows."""
    total = 0
    with duckdb.connect(str(target)) as con:
        con.execute(f"attach '{source}' as source (read_only)")
        found = con.execute(
            "select schema_name, table_name from duckdb_tables() "
            "where database_name = 'source' and not internal"
        ).fetchall()
        times = exp.select("*").from_(exp.func("range", exp.convert(factor)))
        for schema, table in found:
            con.execute(f"create schema if not exists {schema}")
            rows = exp.select("t.*").from_(exp.alias_(exp.table_(table, schema, "source"), "t"))
            query = rows.join(times.subquery("times"), join_type="cross").sql(dialect=DIALECT)
            total += con.execute(f"create table {schema}.{table} as {query}").fetchall()[0][0]
    return total


def timed(work: Callable[[], Published]) -> tuple[Published, float, float]:
    """(result, seconds of the processor, seconds of the clock)."""
    clock, processor = time.perf_counter(), time.process_time()
    done = work()
    return done, time.process_time() - processor, time.perf_counter() - clock


def main(home: Path, factors: list[int]) -> None:
    """Print one line per factor."""
    lines = []
    for factor in factors:
        with tempfile.TemporaryDirectory() as folder:
            warehouse, analytics = Path(folder, "warehouse.duckdb"), Path(folder, "analytics.duckdb")
            rows = repeat(home / "warehouse.duckdb", warehouse, factor)
            publish(warehouse, analytics)  # reads the SQL files, which a job has read long before
            done, full, full_clock = timed(lambda w=warehouse, a=analytics: publish(w, a, always=True))
            again, nothing, nothing_clock = timed(lambda w=warehouse, a=analytics: publish(w, a))
            assert done.changed and not again.changed
            numbers = [f"{n:.2f}" for n in (nothing, nothing_clock, full, full_clock, nothing / full)]
            lines.append([factor, f"{rows:,}", round(done.size / 1e6), *numbers])
    print(text_table(HEADERS, lines))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), [int(factor) for factor in sys.argv[2:]] or list(FACTORS))
