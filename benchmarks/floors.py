"""Every arm without a language model on whole corpora: seconds, memory, and the table of what they reach.

    python benchmarks/floors.py [FILE ...]     default: the four dev corpora of PGraphRAG

Runs `pat evaluate --arms floors --tasks long,short` once, in a process of its own, on a home from nothing
that holds all corpora, every user in split test. Looks for the corpora in $PAT_CORPORA, else in
../shared/data/pgraphrag. Goal: 300 s for 10,000 users on 2 cores, reading and publishing included.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import duckdb
from iteration import watch

from pat_dagster.console import text_table

GOAL = 300.0  # seconds
EVERYBODY = "1000000"  # examples: more than any corpus here has
CORPORA = ("amazon", "hotel", "gap", "b2w")
METRICS = ("rouge1", "rougeL", "meteor", "specificity", "style_likeness", "n_words")
QUERY = """
    select dataset, task, arm, metric, n, mean, ci_low, ci_high from mart.leaderboard
    where history_bucket = 'all' and flagged_users = 'in' and n > 0
"""


def main() -> int:
    """Print the tables; 1 when the goal is missed or the command fails."""
    corpora = Path(os.environ.get("PAT_CORPORA") or Path(__file__).parents[2] / "shared/data/pgraphrag")
    files = [Path(name) for name in sys.argv[1:]] or [corpora / f"{name}_dev.json" for name in CORPORA]
    if missing := [file.name for file in files if not file.exists()]:
        print(f"{', '.join(missing)}: not here; set PAT_CORPORA to the folder of the PGraphRAG files")
        return 0
    with tempfile.TemporaryDirectory() as home:
        pat = "from pat_dagster.cli import main; main()"
        command = [sys.executable, "-c", pat, "evaluate", "--home", home, "--arms", "floors"]
        command += ["--tasks", "long,short", "--max-examples", EVERYBODY, "--split", "test"]
        for file in files:
            command += ["--data", str(file), "--format", "pgraphrag", "--dataset", file.name.split("_")[0]]
        code, seconds, readings = watch(command)
        if code:
            print(f"pat evaluate ended with {code}")
            return code
        with duckdb.connect(str(Path(home) / "analytics.duckdb"), read_only=True) as con:
            rows = con.sql(QUERY).fetchall()
            order = [arm for (arm,) in con.sql("select arm from mart.arms order by place").fetchall()]
            stages = con.sql(
                "select table_name, seconds from ops.materializations where seconds >= 1"
            ).fetchall()
    report(rows, order)
    for table, took in stages:
        print(f"{table:<36}{took:>8.1f} s")
    peak = max((rss for _, rss in readings), default=0) / 2**20
    verdict = "within" if seconds <= GOAL else "MISSES"
    print(f"all of it {seconds:.0f} s, {verdict} the goal of {GOAL:.0f} s; highest memory {peak:,.0f} MiB")
    return int(seconds > GOAL)


def report(rows: list[tuple[str, str, str, str, int, float, float, float]], order: list[str]) -> None:
    """One table a task and corpus: the mean of every metric, ROUGE-1 with its interval."""
    cells = {(dataset, task, arm, metric): rest for dataset, task, arm, metric, *rest in rows}
    for dataset, task in sorted({(dataset, task) for dataset, task, *_ in rows}):
        lines = []
        for arm in order:
            found = [cells.get((dataset, task, arm, metric)) for metric in METRICS]
            if first := found[0]:
                interval = f"{first[2]:.3f} to {first[3]:.3f}"
                means = [None if cell is None else f"{cell[1]:.3f}" for cell in found]
                lines.append([arm, first[0], means[0], interval, *means[1:]])
        print(f"\n{dataset}, {task}")
        print(text_table(["arm", "n", METRICS[0], "95% interval", *METRICS[1:]], lines))
    print()


if __name__ == "__main__":
    sys.exit(main())
