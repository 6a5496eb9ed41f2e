"""Neighbor sampling: who may be a neighbor, how many there are, and what has no say in it."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from models.graph.neighbors import NONE, Graph
from models.retrieval.corpus import Corpus
from tests.retrieval.worlds import make_examples, make_reviews

SIZE, FAR = 3, 2


def graph_of(reviews: pl.DataFrame, flagged: frozenset[str] = frozenset(), seed: int = 1) -> Graph:
    corpus = Corpus.build(reviews, make_examples(reviews))
    return Graph(corpus, np.isin(corpus.users.astype(str), sorted(flagged)), seed)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.booleans(), st.integers(1, 12))
def test_neighbors_obey_the_rules(seed: int, times: bool, topics: int) -> None:
    reviews = make_reviews(seed, users=20, topics=topics, times=times)
    corpus = Corpus.build(reviews, make_examples(reviews))
    flagged = frozenset({"d:u1", "d:u2"})
    hops = graph_of(reviews, flagged).hops(np.arange(corpus.examples.height), SIZE, FAR)
    rows, examples = corpus.reviews.to_dicts(), corpus.examples.to_dicts()
    far = hops.far.toarray().reshape(*hops.near.shape, -1)
    for place, example in enumerate(examples):
        eligible = {
            number
            for number, row in enumerate(rows)
            if (row["topic"], row["user"] != example["user"]) == (example["topic"], True)
            and row["time"] < example["time"]
        }
        near = [row for row in hops.near[place] if row != NONE]
        assert len(near) == len(set(near)) and set(near) <= eligible
        own = sum(row["topic"] == example["topic"] and row["user"] == example["user"] for row in rows)
        assert len(near) >= min(SIZE + 1, len(eligible)) - max(own, 1)  # one is drawn in reserve
        for column, row in enumerate(near):
            seen = np.flatnonzero(far[place, column])
            assert len(seen) <= FAR
            assert np.isclose(far[place, column].sum(), 1.0) or not len(seen)
            for other in seen:
                assert rows[other]["user"] == rows[row]["user"] != example["user"]
                assert rows[other]["topic"] != example["topic"]
                assert rows[other]["time"] < example["time"]
                assert str(corpus.users[rows[other]["user"]]) not in flagged


def test_no_text_has_a_say() -> None:
    reviews = make_reviews(3, topics=3)
    other = reviews.with_columns(
        title=pl.lit("nothing"), text=pl.col("text") + " and something else", rating=pl.lit(1.0)
    )
    rows = np.arange(make_examples(reviews).height)
    first, second = (graph_of(frame).hops(rows, SIZE, FAR) for frame in (reviews, other))
    assert np.array_equal(first.near, second.near)
    assert (first.far != second.far).nnz == 0


def test_another_turn_and_another_seed_draw_others() -> None:
    reviews = make_reviews(3, users=60, topics=2)
    rows = np.arange(make_examples(reviews).height)
    first = graph_of(reviews).near(rows, SIZE)
    assert np.array_equal(first, graph_of(reviews).near(rows, SIZE))
    assert not np.array_equal(first, graph_of(reviews).near(rows, SIZE, turn=1))
    assert not np.array_equal(first, graph_of(reviews, seed=2).near(rows, SIZE))


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_rivals_leave_half_of_the_neighbors(seed: int, topics: int) -> None:
    reviews = make_reviews(seed, users=20, topics=topics, times=False)
    graph = graph_of(reviews)
    rows = np.arange(make_examples(reviews).height)
    rivals = graph.rivals(rows, SIZE, 0)
    sampled = (graph.near(rows, 2 * SIZE) != NONE).sum(axis=1)
    assert np.array_equal((rivals != NONE).sum(axis=1), np.minimum(SIZE, (sampled + 1) // 2))
    left = graph.hops(rows, SIZE, FAR, hidden=rivals).near
    for place in rows:
        assert not set(left[place][left[place] != NONE]) & set(rivals[place])


def test_a_prolific_user_costs_no_more_neighbors() -> None:
    """A user with 1,000 reviews of one topic, asked about it: others are still found."""
    reviews = make_reviews(5, users=30, topics=2, times=False)
    many = pl.concat(
        [
            reviews.head(1).with_columns(
                review_id=pl.lit(f"d:many:{number}"),
                text=pl.lit(f"t {number}"),
                is_target=pl.lit(number == 0),
            )
            for number in range(1000)
        ]
    )
    corpus = Corpus.build(pl.concat([reviews, many]), make_examples(many))
    graph = Graph(corpus, np.zeros(len(corpus.users), dtype=bool), 1)
    assert graph.near(np.array([0]), 16).shape == (1, 16)
