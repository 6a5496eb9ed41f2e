"""Seconds to rank every neighbor of every example by BM25, beside loops over rank_bm25 on the same pools.

    python benchmarks/bm25.py [FILE ...]     default: the four dev corpora of PGraphRAG

Pools are PGraphRAG's: other users' reviews of the topic, asked by title (long) or by text (short). The
loops take every example by itself: BM25Okapi of its pool, get_scores, argsort. `published` cuts each pool
into words anew, as PGraphRAG's script does, with NLTK; `ready` finds all texts cut into words. Ours is
measured from both states as well. Loops run on some examples, evenly spread, and are scaled up; on these
every score must be equal bit for bit. Goal: 50 times the published loop. The ratio to `ready` is the
stricter one, since nothing in it comes from cutting a text once instead of once a pool; it is reported and
has no goal. Looks for the corpora in $PAT_CORPORA, else in ../shared/data/pgraphrag. Seconds are the
processor's: on a busy machine they say more than those of the clock.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from nltk.tokenize import NLTKWordTokenizer
from nltk.tokenize.punkt import PunktSentenceTokenizer
from rank_bm25 import BM25Okapi

from models.retrieval.bm25 import ranked, top
from models.retrieval.okapi import okapi_scores
from models.retrieval.tokens import Vocabulary, cut, tokens

CORPORA = ("amazon", "b2w", "gap", "hotel")
RUNS = 5  # the fastest counts: the others met other work of the machine
READY_EVERY, PUBLISHED_EVERY = 5, 50  # every so-manieth example for the loops
GOAL = 50
SENTENCES, WORDS = PunktSentenceTokenizer(), NLTKWordTokenizer()


@dataclass(frozen=True)
class Question:
    """n documents, m queries and the pool of each: pooled[start[i]:start[i + 1]]."""

    documents: list[str]
    queries: list[str]
    start: np.ndarray
    pooled: np.ndarray


def question(file: Path, asks: str) -> Question:
    """Every target of a PGraphRAG file; asks: the part of it that is the query."""
    users = json.loads(file.read_text(encoding="utf-8"))
    reviews = [(entry["id"], review) for entry in users for review in entry["profile"]]
    topics: dict[str, list[int]] = {}
    for row, (_, review) in enumerate(reviews):
        topics.setdefault(review["pid"], []).append(row)
    targets = [(entry["id"], entry["profile"][0]) for entry in users]
    pools = [[row for row in topics[target["pid"]] if reviews[row][0] != user] for user, target in targets]
    return Question(
        [f"{review['title'] or ''} {review['text'] or ''}" for _, review in reviews],
        [target[asks] or "" for _, target in targets],
        np.cumsum([0, *map(len, pools)]),
        np.array([row for pool in pools for row in pool], dtype=np.int64),
    )


def seconds(work: Callable[[], object], runs: int = RUNS) -> float:
    """Processor seconds of the fastest of `runs`."""
    took = []
    for _ in range(runs):
        started = time.process_time()
        work()
        took.append(time.process_time() - started)
    return min(took)


def published_words(text: str) -> list[str]:
    """As PGraphRAG cuts texts, but for the trained model of abbreviations."""
    return [word for sentence in SENTENCES.tokenize(text.lower()) for word in WORDS.tokenize(sentence)]


def loop(
    asked: Question, documents: list, queries: list, every: int, cut_text: Callable | None = None
) -> tuple[float, dict[int, np.ndarray]]:
    """(seconds for all examples, scores of those that ran) of rank_bm25, example by example."""
    scores = {}
    started = time.process_time()
    some = [i for i in range(0, len(queries), every) if asked.start[i] < asked.start[i + 1]]
    for i in some:
        pool, query = (
            [documents[row] for row in asked.pooled[asked.start[i] : asked.start[i + 1]]],
            queries[i],
        )
        if cut_text:
            pool, query = [cut_text(text) for text in pool], cut_text(query)
        scores[i] = BM25Okapi(pool).get_scores(query)
        np.argsort(scores[i])[::-1]
    return (time.process_time() - started) * np.count_nonzero(np.diff(asked.start)) / len(some), scores


def ours_from_texts(asked: Question) -> None:
    """Everything from texts to ranks, no word known before."""
    cut.cache_clear()
    top(asked.documents, asked.queries, asked.start, asked.pooled)


def line(name: str, task: str, asked: Question) -> tuple[float, float, float, float, bool]:
    """Print one line; (published, ready, ours from texts, ours from words, whether all scores are equal)."""
    from_texts = seconds(lambda: ours_from_texts(asked), runs=2)
    vocabulary = Vocabulary()
    read, query = vocabulary.read(asked.documents), vocabulary.read(asked.queries)

    def scores() -> np.ndarray:
        return okapi_scores(read, query, len(vocabulary.words), asked.start, asked.pooled)

    from_words = seconds(lambda: ranked(scores(), asked.start, asked.pooled))
    published, _ = loop(asked, asked.documents, asked.queries, PUBLISHED_EVERY, published_words)
    documents, queries = [tokens(text) for text in asked.documents], [tokens(text) for text in asked.queries]
    ready, expected = loop(asked, documents, queries, READY_EVERY)
    found = scores()
    equal = all(
        np.array_equal(found[asked.start[i] : asked.start[i + 1]], wanted) for i, wanted in expected.items()
    )
    print(
        f"{name:<8}{task:<7}{len(queries):>7,}{len(asked.pooled):>10,}{published:>11.1f}{from_texts:>8.3f}"
        f"{published / from_texts:>8,.0f}{ready:>10.2f}{from_words:>8.3f}{ready / from_words:>8,.0f}"
        f"{'yes' if equal else 'NO':>7}",
        flush=True,
    )
    return published, ready, from_texts, from_words, equal


def main() -> int:
    """Print the table; 1 when a goal is missed."""
    folder = Path(os.environ.get("PAT_CORPORA") or Path(__file__).parents[2] / "shared/data/pgraphrag")
    files = [Path(name) for name in sys.argv[1:]] or [folder / f"{name}_dev.json" for name in CORPORA]
    present = [file for file in files if file.exists()]
    if not present:
        print(f"no corpus in {folder}; set PAT_CORPORA to the folder of the PGraphRAG files")
        return 0
    print("seconds of rank_bm25 and of ours: from texts (as published), and with all words cut (ready)")
    print(
        f"{'corpus':<8}{'task':<7}{'asked':>7}{'ranked':>10}{'published':>11}{'ours':>8}{'ratio':>8}"
        f"{'ready':>10}{'ours':>8}{'ratio':>8}{'equal':>7}"
    )
    lines = [
        line(file.stem.removesuffix("_dev"), task, question(file, asks))
        for file in present
        for task, asks in (("long", "title"), ("short", "text"))
    ]
    published, ready, from_texts, from_words = (sum(one[place] for one in lines) for place in range(4))
    print(
        f"{'all':<8}{'':<24}{published:>11.1f}{from_texts:>8.3f}{published / from_texts:>8,.0f}"
        f"{ready:>10.2f}{from_words:>8.3f}{ready / from_words:>8,.0f}"
    )
    return int(published / from_texts < GOAL or not all(one[4] for one in lines))


if __name__ == "__main__":
    sys.exit(main())
