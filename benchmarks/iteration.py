"""Seconds and highest memory of every stage of iterations on the bundled sample.

    python benchmarks/iteration.py [--iterations N] [--max-examples N]

Runs `pat run` in a process of its own on a home made from nothing, looks at its memory twenty times a second
and sorts the readings into the times that ops.materializations recorded.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import psutil

PERIOD = 0.05  # seconds between two readings: a stage shorter than that is not worth a row
SHORTEST = 0.5  # seconds; shorter tables are summed up in one line


def watch(command: list[str]) -> tuple[int, float, list[tuple[datetime, int]]]:
    """(exit code, seconds, readings of resident memory in bytes) of a command."""
    started = time.monotonic()
    process = psutil.Popen(command, stdout=subprocess.DEVNULL)
    readings = []
    while process.poll() is None:
        try:
            readings.append((datetime.now(UTC).replace(tzinfo=None), process.memory_info().rss))
        except psutil.NoSuchProcess:
            break
        time.sleep(PERIOD)
    return process.wait(), time.monotonic() - started, readings


def main() -> int:
    """Print the table; the exit code of `pat run` when it failed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--iterations", type=int, default=1)
    options.add_argument("--max-examples", type=int)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as home:
        pat = "from pat_dagster.cli import main; main()"
        command = [sys.executable, "-c", pat, "run", "--home", home, "--iterations", str(chosen.iterations)]
        if chosen.max_examples:
            command += ["--max-examples", str(chosen.max_examples)]
        code, seconds, readings = watch(command)
        if code:
            print(f"pat run ended with {code}")
            return code
        with duckdb.connect(str(Path(home) / "warehouse.duckdb"), read_only=True) as con:
            made = con.sql(
                "select coalesce(iteration, ''), table_name, rows, started_at, seconds "
                "from ops.materializations order by started_at"
            ).fetchall()
    print(f"{'iteration':<10}{'table':<36}{'rows':>8}{'seconds':>10}{'MiB':>8}")
    short = 0.0
    for iteration, table, rows, begun, took in made:
        if took < SHORTEST:
            short += took
            continue
        ended = begun + timedelta(seconds=took)
        peak = max((rss for at, rss in readings if begun <= at <= ended), default=0) / 2**20
        print(f"{iteration:<10}{table:<36}{rows:>8,}{took:>10.1f}{peak:>8,.0f}")
    highest = max((rss for _, rss in readings), default=0) / 2**20
    print(f"{'':<10}{'tables below half a second':<36}{'':>8}{short:>10.1f}")
    print(f"{'':<10}{'all of pat run':<36}{'':>8}{seconds:>10.1f}{highest:>8,.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
