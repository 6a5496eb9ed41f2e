"""Seconds from one file of reviews to the context tables, for every user of a corpus.

    python benchmarks/ingest_to_contexts.py [FILE ...]     default: the four dev corpora of PGraphRAG

Looks for the corpora in $PAT_CORPORA, else in ../shared/data/pgraphrag. Goal: 90 s for 2,500 users, 2 cores.
Seconds of the processor are printed too: on a busy machine they say more than those of the clock.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from models.recipes import Examples, load_recipe
from pat_dagster.commands.options import source_specs
from pat_dagster.home import prepare, register_sources, set_process_environment
from pat_dagster.settings import Settings

GOAL = 90.0  # seconds
EVERYBODY = 1_000_000  # examples per split: more than any corpus here has
CORPORA = ("amazon", "b2w", "gap", "hotel")
STAGES = ("raw", "staging", "vectors", "feature", "context")


def measure(file: Path) -> tuple[int, float, float]:
    """(examples with a style context, seconds, processor seconds) of a home made from nothing."""
    from pat_dagster.runner import run_stages

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder))
        prepare(settings)
        register_sources(settings, source_specs([str(file)], ["pgraphrag"]))
        recipe = load_recipe("mini")
        everybody = Examples(train=EVERYBODY, validation=EVERYBODY, test=EVERYBODY)
        recipe.model_copy(update={"examples": {"long": everybody}}).save(settings.recipe_path)
        started, worked = time.monotonic(), time.process_time()
        run_stages(*STAGES)
        seconds, worked = time.monotonic() - started, time.process_time() - worked
        with duckdb.connect(str(settings.warehouse_path), read_only=True) as con:
            row = con.execute("select count(distinct example_id) from context.style_reviews").fetchone()
    return (int(row[0]) if row else 0), seconds, worked


def main() -> int:
    """Print one line per file, after its stages; 1 when a file misses the goal."""
    set_process_environment()
    corpora = Path(os.environ.get("PAT_CORPORA") or Path(__file__).parents[2] / "shared/data/pgraphrag")
    files = [Path(name) for name in sys.argv[1:]] or [corpora / f"{name}_dev.json" for name in CORPORA]
    if len(files) > 1:  # a process of its own each: Dagster keeps the first home, and memory is told apart
        codes = [
            subprocess.run([sys.executable, __file__, str(file)], check=False).returncode for file in files
        ]
        return max(codes)
    file = files[0]
    if not file.exists():
        print(f"{file.name}: not here; set PAT_CORPORA to the folder of the PGraphRAG files")
        return 0
    examples, seconds, worked = measure(file)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    verdict = "within" if seconds <= GOAL else "MISSES"
    print(
        f"{file.name}: {examples:,} examples in {seconds:.1f} s, {verdict} the goal of {GOAL:.0f} s "
        f"(processor {worked:.1f} s, highest memory {peak:.2f} GiB)"
    )
    return int(seconds > GOAL)


if __name__ == "__main__":
    sys.exit(main())
