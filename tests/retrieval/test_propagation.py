"""Propagated style: exact sums, leave-one-out, and the order of evidence."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from models.graph import propagation
from models.graph.propagation import SCALE, Visible, fixed, propagate
from models.retrieval.corpus import ALWAYS, NEVER, Corpus

WIDTH = 5


def unit(seed: int, rows: int) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=(rows, WIDTH))
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 30), st.integers(1, 10), st.integers(1, 4), st.integers(0, 10_000), st.booleans())
def test_sums_are_those_of_a_loop(n: int, m: int, groups: int, seed: int, times: bool) -> None:
    rng = np.random.default_rng(seed)
    group, asked = rng.integers(0, groups, n), rng.integers(0, groups + 1, m)
    time = np.where(rng.random(n) < 0.2, ALWAYS, rng.integers(0, 6, n)) if times else np.full(n, ALWAYS)
    before = np.where(rng.random(m) < 0.2, NEVER, rng.integers(0, 6, m))
    values = unit(seed, n).reshape(n, WIDTH)
    visible = Visible(group, time, asked, before)
    sums, counts = visible.sums(fixed(values)), visible.count
    for row in range(m):
        seen = (group == asked[row]) & (time < before[row])
        assert counts[row] == seen.sum()
        assert np.array_equal(sums[row], np.rint(values[seen].astype(np.float64) * SCALE).sum(axis=0))


def corpus_of(rows: list[tuple[int, int]], asked: list[tuple[int, int, int]]) -> Corpus:
    """Reviews as (user, topic), examples as (user, topic, row of the target); no times."""
    reviews = pl.DataFrame(
        {"user": [u for u, _ in rows], "topic": [t for _, t in rows], "time": [ALWAYS] * len(rows)}
    )
    examples = pl.DataFrame(
        {
            "user": [u for u, _, _ in asked],
            "topic": [t for _, t, _ in asked],
            "target_row": [r for _, _, r in asked],
            "time": [NEVER] * len(asked),
        }
    )
    return Corpus(reviews, examples, *(np.array(["a", "b", "c", "d"], dtype=object),) * 2)


def test_the_own_target_leaves_no_trace() -> None:
    corpus = corpus_of([(0, 0), (1, 0), (2, 0), (0, 1)], [(0, 0, 0)])
    style, given_style = unit(1, 4), unit(2, 1)
    other = style.copy()
    other[0] = unit(3, 1)[0]
    assert propagate(corpus, style, given_style).tobytes() == propagate(corpus, other, given_style).tobytes()


def test_evidence_is_input_topic_and_history() -> None:
    corpus = corpus_of([(0, 0), (1, 0), (2, 0), (0, 1)], [(0, 0, 0)])
    style, given_style = unit(1, 4), unit(2, 1)
    expected = (
        propagation.INPUT_WEIGHT * given_style[0]
        + propagation.TOPIC_WEIGHT * (style[1] + style[2]) / 2
        + propagation.HISTORY_WEIGHT * style[3]
    )
    found = propagate(corpus, style, given_style)[0]
    assert np.allclose(found, expected / np.linalg.norm(expected), atol=1e-6)


def test_nothing_known_is_a_zero_vector() -> None:
    alone = corpus_of([(0, 0)], [(0, 0, 0)])
    assert not propagate(alone, unit(1, 1), np.zeros((1, WIDTH), dtype=np.float32)).any()
    empty = corpus_of([], [(0, 0, -1)])
    schema = {"user": pl.Int64, "topic": pl.Int64, "time": pl.Int64}
    empty = Corpus(pl.DataFrame(schema=schema), empty.examples, empty.users, empty.topics)
    assert np.allclose(propagate(empty, np.zeros((0, WIDTH)), unit(2, 1)), unit(2, 1))
