"""Does preference alignment help the topic trajectory? Relevance alone, aligned, random; held-out examples.

    python benchmarks/topic_alignment.py [FILE ...]     default: the sample, the dev corpora of PGraphRAG

Looks for the corpora in $PAT_CORPORA, else in ../shared/data/pgraphrag. Prints each measure of
evaluation.trajectory_quality with its mean, and paired 95% intervals of the differences to relevance alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from models.encoders.semantic import SemanticEncoder
from models.encoders.stylometry import StyleEncoder
from models.evaluation.bootstrap import paired_bootstrap
from models.evaluation.evidence import Judged
from models.recipes import Examples, Recipe, load_recipe
from models.retrieval.contexts import TopicVectors, topic_rows
from models.retrieval.store import VectorStore
from pat_dagster import tables
from pat_dagster.commands.options import source_specs
from pat_dagster.home import prepare, register_sources, set_process_environment
from pat_dagster.planted import planted_worlds
from pat_dagster.settings import Settings

EVERYBODY = 1_000_000  # examples per split: more than any corpus here has
TASKS = ("long", "short", "rating")
SAMPLE = "sample:7"
CORPORA = ("amazon", "gap", "hotel", "b2w")
ARMS: dict[str, dict[str, object]] = {
    "relevance": {"alignment": False},
    "aligned": {},
    "random": {"choice": "random"},
}


def measure(source: str, folder: Path) -> None:
    """Print one line per task, measure and arm."""
    from pat_dagster.runner import run_stages

    settings = Settings(folder)
    os.environ["PAT_HOME"] = str(folder)
    prepare(settings)
    register_sources(settings, source_specs([source], ["auto"]))
    recipe = load_recipe("mini")
    everybody = Examples(train=EVERYBODY, validation=EVERYBODY, test=EVERYBODY)
    recipe = recipe.model_copy(update={"examples": dict.fromkeys(TASKS, everybody)})
    recipe.save(settings.recipe_path)
    run_stages("raw", "staging", "vectors", "feature")
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as con:
        reviews = tables.read(con, "staging.reviews")
        examples = tables.read(con, "feature.examples", {"is_selected": True})
        world = next(iter(planted_worlds(con).values()), None)
    held_out = examples.filter(pl.col("split") != "train")
    vectors = TopicVectors.load(VectorStore(settings.vectors_path))
    judged = Judged.build(reviews, held_out, vectors.meanings, StyleEncoder.default(), world)
    encoder = SemanticEncoder(recipe.semantic_encoder)
    shown = {
        arm: topic_rows(reviews, held_out, encoder, vectors, recipe.retrieval.topic_reviews, **options)  # type: ignore[arg-type]
        for arm, options in ARMS.items()
    }
    _report(Path(source).stem, judged, shown, recipe)


def _report(name: str, judged: Judged, shown: dict[str, pl.DataFrame], recipe: Recipe) -> None:
    places = {review_id: row for row, review_id in enumerate(judged.corpus.reviews["review_id"])}
    for task in TASKS:
        asked = judged.examples.with_row_index().filter(pl.col("task") == task)
        for measured, judge in judged.measures("topic", task).items():
            values = {}
            for arm, rows in shown.items():
                by_example = {
                    key[0]: np.array([places[review_id] for review_id in group["review_id"]])
                    for key, group in rows.group_by("example_id")
                }
                values[arm] = np.array(
                    [
                        judge(row, by_example[example]) if example in by_example else np.nan
                        for row, example in asked.select("index", "example_id").iter_rows()
                    ]
                )
            known = ~np.isnan(np.column_stack(list(values.values()))).any(axis=1)
            for arm in shown:
                gain = paired_bootstrap(
                    values[arm][known],
                    values["relevance"][known],
                    recipe.evaluation.bootstrap_samples,
                    recipe.evaluation.confidence,
                    recipe.seed,
                )
                print(
                    f"{name:11} {task:6} {measured:19} {arm:9} n {known.sum():5,} "
                    f"mean {values[arm][known].mean():.4f} "
                    f"difference {gain.mean:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"
                )


def main() -> int:
    """Every source in a process and a home of its own: Dagster keeps the first home of a process."""
    set_process_environment()
    corpora = Path(os.environ.get("PAT_CORPORA") or Path(__file__).parents[2] / "shared/data/pgraphrag")
    sources = sys.argv[1:] or [SAMPLE, *(str(corpora / f"{name}_dev.json") for name in CORPORA)]
    if len(sources) > 1:
        codes = [
            subprocess.run([sys.executable, __file__, source], check=False).returncode for source in sources
        ]
        return max(codes)
    source = sources[0]
    if not source.startswith("sample:") and not Path(source).exists():
        print(f"{Path(source).name}: not here; set PAT_CORPORA to the folder of the PGraphRAG files")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        measure(source, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
