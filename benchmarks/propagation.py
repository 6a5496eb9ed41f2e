"""Seconds and memory of propagation while the graph doubles, beside a plain loop over the examples.

    python benchmarks/propagation.py [--edges N]     default: 10,000 reviews, then 2, 4 and 8 times as many

Made-up styles and meanings on a made-up graph: topics of 12 reviews on average, some of hundreds; users of
1.4, one of a thousand. Every review is an example. Each size runs in a process of its own, so that memory is
told apart; seconds are the processor's. Checked: both ways say the same, and eight times the edges cost at
most twelve times the seconds. Goal for a corpus of 2,500 users: 60 s of training.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
import polars as pl

from models.graph.graphsage import Features, GraphSage, expected_style
from models.graph.neighbors import NONE, Graph
from models.graph.propagation import gather, unit_rows
from models.graph.training import Questions, fit
from models.recipes import Propagation
from models.retrieval.corpus import ALWAYS, NEVER, Corpus

EDGES, FACTORS = 10_000, (1, 2, 4, 8)
STYLE, MEANING = 254, 384  # dimensions of the default encoders
LOOP = 500  # examples for the plain loop
LEARNED_FROM = 2_500  # reviews that the training is timed on
GOAL, GROWTH = 60.0, 12.0
SEED = 20261120
SETTINGS = Propagation()


def graph_of(edges: int) -> Corpus:
    """A corpus without texts: long-tailed topics, few reviews per user but one with a thousand."""
    rng = np.random.default_rng(SEED)
    n_topics, n_users = max(1, edges // 12), max(1, int(edges / 1.4))
    popular = 1.0 / np.sqrt(np.arange(1, n_topics + 1))
    user = rng.integers(0, n_users, edges)
    user[: min(1_000, edges // 5)] = 0
    ids = [f"r{number:08d}" for number in range(edges)]
    rows = pl.DataFrame(
        {
            "review_id": ids,
            "user": user,
            "topic": rng.choice(n_topics, edges, p=popular / popular.sum()),
            "time": np.full(edges, ALWAYS),
        }
    )
    asked = rows.select(
        pl.col("review_id").alias("example_id"),
        "user",
        "topic",
        pl.lit(NEVER).alias("time"),
        pl.int_range(pl.len()).alias("target_row"),
    )
    names = np.array([f"u{number:08d}" for number in range(n_users)], dtype=object)
    return Corpus(rows, asked, names, np.arange(n_topics).astype(str).astype(object))


def vectors(rows: int, width: int, seed: int) -> np.ndarray:
    """(rows, width) float32 unit rows."""
    return unit_rows(np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32))


def trained_looking(model: GraphSage) -> GraphSage:
    """Weights that are not zero, so that both ways have something to disagree about."""
    import torch

    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.02 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(SEED)))
    return model.eval()


def in_a_loop(corpus: Corpus, features: Features, model: GraphSage, rows: np.ndarray) -> np.ndarray:
    """One example after another, each looking for its evidence in all reviews."""
    user, topic = (corpus.reviews[name].to_numpy() for name in ("user", "topic"))
    found = []
    for row in rows:
        example = corpus.examples.row(int(row), named=True)
        others = (topic == example["topic"]) & (user != example["user"])
        own = (user == example["user"]) & (np.arange(len(user)) != example["target_row"])
        mean = features.style[others].mean(axis=0) if others.any() else np.zeros(STYLE)
        history = features.style[own].mean(axis=0) if own.any() else np.zeros(STYLE)
        assert np.allclose(features.evidence.topic[row], mean, atol=1e-5)
        assert np.allclose(features.evidence.history[row], history, atol=1e-5)
        found.append(expected_style(model, features, SETTINGS, np.array([row]))[0])
    return np.array(found)


def measure(edges: int) -> dict[str, float]:
    """Seconds of everything but training, seconds of the loop for as many examples, and peak memory."""
    corpus = graph_of(edges)
    style, title = vectors(edges, STYLE, 1), vectors(edges, MEANING, 2)
    given = vectors(edges, STYLE, 3)
    model = trained_looking(GraphSage(STYLE, MEANING, SETTINGS.hidden))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    evidence = gather(corpus, style, given)
    features = Features(Graph(corpus, np.zeros(len(corpus.users), bool), SEED), style, title, evidence, title)
    found = expected_style(model, features, SETTINGS, np.arange(edges))
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    near = features.graph.near(np.arange(edges), SETTINGS.topic_neighbors)
    rows = np.linspace(0, edges - 1, LOOP).astype(int)
    started = time.process_time()
    assert np.allclose(in_a_loop(corpus, features, model, rows), found[rows], atol=1e-5)
    looped = (time.process_time() - started) / LOOP * edges
    return {
        "edges": edges,
        "seconds": seconds,
        "looped": looped,
        "input_mib": (style.nbytes + title.nbytes + given.nbytes) / 2**20,
        "added_mib": (peak - before) / 2**10,
        "neighbors": float((near != NONE).sum(axis=1).mean()),
    }


def training_seconds() -> float:
    """Seconds of a training on LEARNED_FROM reviews."""
    corpus = graph_of(LEARNED_FROM)
    style, title = vectors(LEARNED_FROM, STYLE, 1), vectors(LEARNED_FROM, MEANING, 2)
    graph = Graph(corpus, np.zeros(len(corpus.users), bool), SEED)
    evidence = gather(corpus, style, vectors(LEARNED_FROM, STYLE, 3))
    users = pl.Series(corpus.users[corpus.examples["user"].to_numpy()].tolist())
    started = time.process_time()
    fit(Questions(Features(graph, style, title, evidence, title), style, users), SETTINGS, 1, 1_000, 0.95)
    return time.process_time() - started


def main() -> int:
    """Print one line per size and one for the training; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--edges", type=int, default=EDGES, help="reviews at 1x")
    parser.add_argument("--one", type=int, help="measure this many edges alone and print JSON")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one)))
        return 0
    found = []
    for factor in FACTORS:
        command = [sys.executable, __file__, "--one", str(factor * options.edges)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
        row = found[-1]
        print(
            f"{factor}x  {row['edges']:>7,} edges  {row['neighbors']:4.1f} neighbors  "
            f"{row['seconds']:6.2f} s  a loop {row['looped']:7.1f} s  "
            f"{row['input_mib']:6.0f} MiB of vectors + {row['added_mib']:5.0f} MiB",
            flush=True,
        )
    growth = found[-1]["seconds"] / found[0]["seconds"]
    training = training_seconds()
    print(f"{FACTORS[-1]}x the edges: {growth:.1f}x the seconds (at most {GROWTH:.0f})")
    print(f"training on {LEARNED_FROM:,} reviews: {training:.1f} s (goal {GOAL:.0f})")
    return int(growth > GROWTH or training > GOAL)


if __name__ == "__main__":
    sys.exit(main())
