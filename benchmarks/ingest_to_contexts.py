"""Seconds from one file of reviews to the context tables, for every user of a corpus.

    python benchmarks/ingest_to_contexts.py [FILE ...]     default: amazon_dev.json of PGraphRAG

Looks for the corpora in $PAT_CORPORA, else in ../shared/data/pgraphrag. Goal: 90 s for 2,500 users, 2 cores.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from models.recipes import load_recipe
from pat_dagster.commands.options import source_specs
from pat_dagster.home import prepare, register_sources, set_process_environment
from pat_dagster.settings import Settings

GOAL = 90.0  # seconds
EVERYBODY = 1_000_000  # examples per split: more than any corpus here has
STAGES = ("raw", "staging", "vectors", "feature", "context")


def measure(file: Path) -> tuple[int, float]:
    """(examples with a style context, seconds) of a home made from nothing."""
    from pat_dagster.runner import run_stages

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder))
        prepare(settings)
        register_sources(settings, source_specs([str(file)], ["pgraphrag"]))
        recipe = load_recipe("mini")
        everybody = dict.fromkeys(recipe.examples.model_dump(), EVERYBODY)
        examples = recipe.examples.model_copy(update=everybody)
        recipe.model_copy(update={"examples": examples}).save(settings.recipe_path)
        started = time.monotonic()
        run_stages(*STAGES)
        seconds = time.monotonic() - started
        with duckdb.connect(str(settings.warehouse_path), read_only=True) as con:
            row = con.sql("select count(distinct example_id) from context.style_reviews").fetchone()
    return (int(row[0]) if row else 0), seconds


def main() -> int:
    """Print one line per file; 1 when a file misses the goal."""
    set_process_environment()
    corpora = Path(os.environ.get("PAT_CORPORA") or Path(__file__).parents[2] / "shared/data/pgraphrag")
    files = [Path(name) for name in sys.argv[1:]] or [corpora / "amazon_dev.json"]
    missed = 0
    for file in files:
        if not file.exists():
            print(f"{file.name}: not here; set PAT_CORPORA to the folder of the PGraphRAG files")
            continue
        examples, seconds = measure(file)
        verdict = "within" if seconds <= GOAL else "MISSES"
        print(f"{file.name}: {examples:,} examples in {seconds:.1f} s, {verdict} the goal of {GOAL:.0f} s")
        missed += seconds > GOAL
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
