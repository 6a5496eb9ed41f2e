"""Texts per second of every metric of evaluation.scores, and of METEOR beside NLTK.

    python benchmarks/evaluation_scores.py [ARMS]     default: 12 arms

An arm quotes, for every user of a dev corpus, a random review of the topic by somebody else, long and short.
Looks for the corpora in $PAT_CORPORA, else in ../shared/data/pgraphrag. Goals for one core: all arms on the
four corpora in 90 seconds, METEOR at least 10 times as fast as NLTK and equal to it. Seconds are the
processor's: on a busy machine they say more than those of the clock.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path

import polars as pl
from nltk.tokenize import wordpunct_tokenize
from nltk.translate.meteor_score import single_meteor_score
from scoring import CORPORA, real_pairs, seconds

from models.evaluation.meteor import meteor_scores
from models.evaluation.scores import Shown, Texts, Yardstick

ARMS, SEED = 12, 20261120
COMPARED = 300  # pairs for NLTK: it needs a second for these already
PAIRS = 10_000
GOAL_SECONDS, GOAL_RATIO = 90.0, 10.0
WEIGHTS = {"rouge1": 0.5, "rougeL": 0.5}


class NoSynonyms:
    """What NLTK is given in place of WordNet."""

    def synsets(self, word: str) -> list[object]:
        """None for any word."""
        return []


def corpus(file: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(reviews, examples of the tasks long and short): the first review of each user is the target."""
    reviews = pl.DataFrame(
        [
            {"review_id": f"{entry['id']}-{place}", "user_id": entry["id"], "topic_id": review["pid"]}
            | {"title": review["title"] or "", "text": review["text"] or "", "place": place}
            | {"rating": float(review["rating"]), "is_shared_text": False}
            for entry in json.loads(file.read_text(encoding="utf-8"))
            for place, review in enumerate(entry["profile"])
        ]
    ).unique("review_id", maintain_order=True)
    asked = reviews.filter(place=0).with_columns(split=pl.lit("test"), target_is_shared=False)
    examples = [
        asked.with_columns(
            example_id=pl.col("review_id") + f":{task}", task=pl.lit(task), target=pl.col(column)
        )
        for task, column in {"long": "text", "short": "title"}.items()
    ]
    return reviews, pl.concat(examples)


def quoted(reviews: pl.DataFrame, examples: pl.DataFrame, task: str, n_arms: int) -> Texts:
    """What n arms write: a random review of the topic by somebody else, which is their evidence too."""
    chosen = random.Random(SEED)
    by_topic: dict[str, list[Shown]] = {}
    for topic, *told in reviews.select("topic_id", "user_id", "title", "text").iter_rows():
        by_topic.setdefault(topic, []).append(Shown(*told))
    rows = []
    columns = ("example_id", "user_id", "topic_id", "target")
    for example, user, topic, target in examples.sort("topic_id").select(columns).iter_rows():
        known = [review for review in by_topic[topic] if review.user_id != user]
        for review in chosen.choices(known, k=n_arms) if known else []:
            rows.append((example, review.text if task == "long" else review.title, target, [review]))
    return Texts(*map(list, zip(*rows, strict=True)))  # type: ignore[arg-type]


def scores_line(name: str, task: str, reviews: pl.DataFrame, examples: pl.DataFrame, n_arms: int) -> float:
    """Print one line; seconds for a corpus of n arms."""
    asked = examples.filter(task=task)
    texts = quoted(reviews, asked, task, n_arms)
    started = time.process_time()
    measures = Yardstick.build(task, reviews, asked, WEIGHTS, length=0.0, copying=0.0, seed=SEED)
    values = measures.measure(texts)
    took = time.process_time() - started
    n = len(texts.texts)
    print(f"{name:<10}{task:<8}{n:>9,}{len(values):>9}{took:>9.1f}{n / took:>10,.0f}")
    return took


def meteor_line(name: str, file: Path) -> bool:
    """Print one line; whether METEOR is fast enough and NLTK's."""
    pairs = real_pairs(file, PAIRS)
    predictions, references = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    took, found = seconds(lambda: meteor_scores(predictions, references), runs=3)
    reference_took, expected = seconds(
        lambda: [
            single_meteor_score(wordpunct_tokenize(target), wordpunct_tokenize(text), wordnet=NoSynonyms())
            for text, target in pairs[:COMPARED]
        ],
        runs=1,
    )
    speed, reference_speed = len(pairs) / took, COMPARED / reference_took
    error = max(abs(one - other) for one, other in zip(found, expected, strict=False))
    ratio = speed / reference_speed
    print(f"{name:<10}{len(pairs):>9,}{speed:>10,.0f}{reference_speed:>10,.0f}{ratio:>8.0f}{error:>12.1e}")
    return error == 0 and ratio >= GOAL_RATIO


def main() -> int:
    """Print both tables; 1 when a goal is missed."""
    folder = Path(os.environ.get("PAT_CORPORA") or Path(__file__).parents[2] / "shared/data/pgraphrag")
    files = {name: folder / f"{name}_dev.json" for name in CORPORA}
    if not all(file.exists() for file in files.values()):
        print(f"no corpus in {folder}; set PAT_CORPORA to the folder of the PGraphRAG files")
        return 0
    n_arms = int(sys.argv[1]) if len(sys.argv) > 1 else ARMS
    print("METEOR beside NLTK's")
    print(f"{'corpus':<10}{'pairs':>9}{'pairs/s':>10}{'NLTK':>10}{'ratio':>8}{'difference':>12}")
    good = [meteor_line(name, file) for name, file in files.items()]
    print(f"\nEvery metric of {n_arms} arms")
    print(f"{'corpus':<10}{'task':<8}{'texts':>9}{'metrics':>9}{'seconds':>9}{'texts/s':>10}")
    known = {name: corpus(file) for name, file in files.items()}
    total = sum(scores_line(name, task, *known[name], n_arms) for name in known for task in ("long", "short"))
    print(f"{total:.0f} s, goal {GOAL_SECONDS:.0f} s")
    return int(not (all(good) and total <= GOAL_SECONDS))


if __name__ == "__main__":
    sys.exit(main())
