"""Pairs per second of ROUGE-1 and ROUGE-L together, beside rouge_score on the same pairs, and of copied runs.

    python benchmarks/scoring.py [FILE ...]     default: the four dev corpora of PGraphRAG

A pair is a target and a review by somebody else about its topic. Looks for the corpora in $PAT_CORPORA, else
in ../shared/data/pgraphrag. Goals for one process: 20,000 pairs per second equal to rouge_score within 1e-9,
and 5,000 drafts per second compared with eight shown reviews each. Seconds are the processor's: on a busy
machine they say more than those of the clock.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from rouge_score.rouge_scorer import RougeScorer

from models.rewards import copied_runs, rouge_scores

CORPORA = ("amazon", "b2w", "gap", "hotel")
PAIRS = 20_000
COMPARED = 500  # pairs for rouge_score: it needs seconds for these already
RUNS = 5  # the fastest counts: the others met other work of the machine
SHOWN = 8  # reviews shown to the agents of an example: four and four
DRAFTS = 5_000
SHARED = 11  # drafts of one example with 4 candidates per agent
SEED = 20261120
PAIR_GOAL, DRAFT_GOAL = 20_000, 5_000  # per second
TOLERANCE = 1e-9

Result = TypeVar("Result")


def topics_and_targets(file: Path) -> tuple[dict[str, list[tuple[str, str]]], list[tuple[str, str, str]]]:
    """({topic: [(user, text)]}, [(user, topic, target text)]) of a PGraphRAG file."""
    topics: dict[str, list[tuple[str, str]]] = {}
    targets = []
    for entry in json.loads(file.read_text(encoding="utf-8")):
        for place, review in enumerate(entry["profile"]):
            text = review["text"] or ""
            topics.setdefault(review["pid"], []).append((entry["id"], text))
            if place == 0:
                targets.append((entry["id"], review["pid"], text))
    return topics, targets


def real_pairs(file: Path, n: int) -> list[tuple[str, str]]:
    """n different (neighbor text, target), drawn with a fixed seed; fewer where the file has no more."""
    topics, targets = topics_and_targets(file)
    pairs = [
        (text, target)
        for user, topic, target in targets
        for neighbor, text in topics[topic]
        if neighbor != user
    ]
    return random.Random(SEED).sample(pairs, min(n, len(pairs)))


def seconds(work: Callable[[], Result], runs: int = RUNS) -> tuple[float, Result]:
    """(processor seconds of the fastest of `runs`, result)."""
    fastest = float("inf")
    for _ in range(runs):
        started = time.process_time()
        result = work()
        fastest = min(fastest, time.process_time() - started)
    return fastest, result


def rouge_line(name: str, pairs: list[tuple[str, str]]) -> bool:
    """Print one line; whether the goals are met."""
    predictions, references = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    took, (first, longest) = seconds(lambda: rouge_scores(predictions, references))
    scorer = RougeScorer(["rouge1", "rougeL"], use_stemmer=False)
    reference_took, expected = seconds(
        lambda: [scorer.score(target, text) for text, target in pairs[:COMPARED]], runs=1
    )
    wanted = np.array([[one["rouge1"].fmeasure, one["rougeL"].fmeasure] for one in expected])
    error = float(np.abs(np.column_stack([first, longest])[: len(wanted)] - wanted).max())
    speed, reference_speed = len(pairs) / took, len(wanted) / reference_took
    words = sum(len(text.split()) for pair in pairs for text in pair) / len(pairs) / 2
    distinct = len({*predictions, *references})
    print(
        f"{name:<10}{len(pairs):>9,}{distinct:>9,}{words:>8.0f}{took:>9.3f}{speed:>12,.0f}"
        f"{reference_speed:>13,.0f}{speed / reference_speed:>7,.0f}{error:>12.1e}"
    )
    return speed >= PAIR_GOAL and error <= TOLERANCE


def copying_line(name: str, pairs: list[tuple[str, str]]) -> bool:
    """Print one line; whether the goal is met when no two drafts share what is shown."""
    texts = [text for text, _ in pairs]
    drafts = (texts * (DRAFTS // len(texts) + 1))[:DRAFTS]
    chosen = random.Random(SEED)
    shown = [chosen.sample(texts, min(SHOWN, len(texts))) for _ in range(DRAFTS)]
    shared = [shown[place // SHARED] for place in range(DRAFTS)]
    own, runs = seconds(lambda: copied_runs(drafts, shown))
    together, _ = seconds(lambda: copied_runs(drafts, shared))
    print(
        f"{name:<10}{DRAFTS:>9,}{own:>9.3f}{DRAFTS / own:>12,.0f}"
        f"{DRAFTS / together:>26,.0f}{runs.mean():>12.1f}"
    )
    return DRAFTS / own >= DRAFT_GOAL


def main() -> int:
    """Print both tables; 1 when a goal is missed."""
    folder = Path(os.environ.get("PAT_CORPORA") or Path(__file__).parents[2] / "shared/data/pgraphrag")
    files = [Path(name) for name in sys.argv[1:]] or [folder / f"{name}_dev.json" for name in CORPORA]
    present = {file.stem: real_pairs(file, PAIRS) for file in files if file.exists()}
    if not present:
        print(f"no corpus in {folder}; set PAT_CORPORA to the folder of the PGraphRAG files")
        return 0
    print("ROUGE-1 and ROUGE-L of neighbor texts against targets")
    print(
        f"{'corpus':<10}{'pairs':>9}{'texts':>9}{'words':>8}{'seconds':>9}{'pairs/s':>12}"
        f"{'rouge_score':>13}{'ratio':>7}{'difference':>12}"
    )
    good = [rouge_line(name.removesuffix("_dev"), pairs) for name, pairs in present.items()]
    print(f"\nLongest run of words shared with one of {SHOWN} reviews")
    print(
        f"{'corpus':<10}{'drafts':>9}{'seconds':>9}{'drafts/s':>12}"
        f"{f'{SHARED} drafts per example':>26}{'mean run':>12}"
    )
    good += [copying_line(name.removesuffix("_dev"), pairs) for name, pairs in present.items()]
    return int(not all(good))


if __name__ == "__main__":
    sys.exit(main())
