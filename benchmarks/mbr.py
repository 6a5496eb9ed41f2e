"""Minimum-Bayes-risk arms beside random, BM25 and the best neighbor there is, on PGraphRAG's dev corpora.

    python benchmarks/mbr.py [FILE ...]

Looks for the corpora in $PAT_CORPORA, else in ../shared/data/pgraphrag. Every user is in split test, one
process, one core. ROUGE-1 F1 of all examples with half the width of its 95% interval, ROUGE-L, the ratio of
ROUGE-1 to a random review of the topic, words written per word expected, and seconds of processor time. The
sharpness of `mbr_sentences` for long texts was chosen on every fourth example: `others` is ROUGE-1 without
those. What is learned for titles is learned from other users in the run itself. Goal: 120 s for the arms.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from models.arms.pool import Asked, Pool
from models.arms.quoting import QUOTES
from models.evaluation.rouge import rouge_scores
from models.evaluation.words import rouge_words
from models.recipes import load_recipe
from pat_dagster import tables
from pat_dagster.commands.options import source_specs
from pat_dagster.console import text_table
from pat_dagster.home import prepare, register_sources, set_process_environment
from pat_dagster.settings import Settings

CORPORA = ("amazon", "hotel", "gap", "b2w")
ARMS = ("random_topic_review", "bm25_review", "mbr_review", "mbr_sentences", "oracle_review")
OWN = ("mbr_review", "mbr_sentences")
GOAL = 120.0  # seconds of processor time for OWN on the four corpora
TUNED_ON = 4  # every fourth example


def asked(reviews: pl.DataFrame, task: str) -> tuple[Asked, np.ndarray]:
    """Every example of the task whose target no two users share, and which of them nothing was tuned on."""
    given, wanted = ("title", "text") if task == "long" else ("text", "title")
    targets = (
        reviews.filter(pl.col("is_target") & ~pl.col("is_shared_text") & pl.col(wanted).str.contains(r"\S"))
        .sort("source_row")
        .with_row_index("place")
        .select(
            pl.concat_str("review_id", pl.lit(f":{task}")).alias("example_id"),
            "place",
            "user_id",
            "topic_id",
            "posted_at",
            target_review_id="review_id",
            input=given,
            target=wanted,
            history_size=pl.lit(0),
        )
        .sort("example_id")
    )
    unseen = targets["place"].to_numpy() % TUNED_ON != 0
    return Asked(Pool.build(reviews, targets.drop("place")), task, targets["target"].to_list(), 7), unseen


def measure(name: str, reviews: pl.DataFrame) -> float:
    """Print one line per task and arm; seconds of the minimum-Bayes-risk arms."""
    rows, own = [], 0.0
    for task in ("long", "short"):
        question, unseen = asked(reviews, task)
        expected = np.mean([len(rouge_words(target)) for target in question.targets])
        chance = 0.0
        for arm in ARMS:
            start = time.process_time()
            texts = QUOTES[arm](question).texts
            seconds = time.process_time() - start
            own += seconds if arm in OWN else 0
            first, longest = rouge_scores(texts, question.targets)
            chance = chance or first.mean()
            words = np.mean([len(rouge_words(text)) for text in texts])
            half = 1.96 * first.std() / np.sqrt(len(first))
            rows.append(
                (
                    name,
                    task,
                    arm,
                    f"{len(first):,}",
                    f"{first.mean():.4f} ± {half:.4f}",
                    f"{first[unseen].mean():.4f}",
                    f"{longest.mean():.4f}",
                    f"{first.mean() / chance:.2f}",
                    f"{words / expected:.2f}",
                    f"{seconds:.1f}",
                )
            )
    heads = ["corpus", "task", "arm", "n", "rouge1", "others", "rougeL", "x random", "length", "seconds"]
    print(text_table(heads, rows), flush=True)
    return own


def main() -> int:
    """Ingest all corpora into one home, then ask every arm; 1 when the goal is missed."""
    from pat_dagster.runner import run_stages

    corpora = Path(os.environ.get("PAT_CORPORA") or Path(__file__).parents[2] / "shared/data/pgraphrag")
    files = [Path(name) for name in sys.argv[1:]] or [corpora / f"{name}_dev.json" for name in CORPORA]
    if missing := [file.name for file in files if not file.exists()]:
        print(f"{', '.join(missing)}: not here; set PAT_CORPORA to the folder of the PGraphRAG files")
        return 0
    set_process_environment()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PAT_HOME"] = folder
        settings = Settings(Path(folder))
        prepare(settings)
        register_sources(settings, source_specs([str(file) for file in files], ["auto"]))
        load_recipe("mini").save(settings.recipe_path)
        run_stages("raw", "staging")
        with duckdb.connect(str(settings.warehouse_path), read_only=True) as con:
            reviews = tables.read(con, "staging.reviews")
    seconds = sum(measure(name, group) for (name,), group in reviews.group_by("dataset", maintain_order=True))
    verdict = "within" if seconds <= GOAL else "MISSES"
    print(f"minimum-Bayes-risk arms {seconds:.0f} s, {verdict} the goal of {GOAL:.0f} s")
    return int(seconds > GOAL)


if __name__ == "__main__":
    sys.exit(main())
