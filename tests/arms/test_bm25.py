"""BM25 of all pools at once equals rank_bm25's, example by example, bit for bit."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nltk.tokenize import NLTKWordTokenizer
from rank_bm25 import BM25Okapi

from models.retrieval import okapi
from models.retrieval.bm25 import bm25_scores, documents_of, ranked, top
from models.retrieval.okapi import okapi_scores
from models.retrieval.tokens import CONTRACTED, Vocabulary, cut, tokens

ROOT = Path(__file__).resolve().parents[2]
CORPORA = Path(os.environ.get("PAT_CORPORA") or ROOT.parent / "shared" / "data" / "pgraphrag")
EVERY = 40  # of the examples in the quick test of a corpus; the slow one takes all

Texts = Sequence[Sequence[str]]
Pools = Sequence[Sequence[int]]


def flat(pools: Pools) -> tuple[np.ndarray, np.ndarray]:
    """start and pooled of the pools."""
    rows = [row for pool in pools for row in pool]
    return np.cumsum([0, *map(len, pools)]), np.array(rows, dtype=np.int64)


def ours(documents: Texts, queries: Texts, pools: Pools) -> np.ndarray:
    vocabulary = Vocabulary()
    read, asked = vocabulary.number(documents), vocabulary.number(queries)
    return okapi_scores(read, asked, len(vocabulary.words), *flat(pools))


def theirs(documents: Texts, queries: Texts, pools: Pools) -> np.ndarray:
    """rank_bm25's scores; 0 where it divides by zero because no document has a word."""
    scores = [
        BM25Okapi([documents[row] for row in pool]).get_scores(query)
        if any(documents[row] for row in pool)
        else np.zeros(len(pool))
        for query, pool in zip(queries, pools, strict=True)
    ]
    return np.concatenate([np.empty(0), *scores])


# few words, so that most are in more than half of a pool and equal scores are frequent
WORD = st.sampled_from(list("abcdefgh"))
TEXT = st.lists(WORD, max_size=9)


@st.composite
def any_pools(draw: st.DrawFn) -> tuple[Texts, Texts, Pools]:
    documents = draw(st.lists(TEXT, min_size=1, max_size=9))
    rows = st.sets(st.integers(0, len(documents) - 1)).map(sorted)
    pools = draw(st.lists(rows, max_size=6))
    queries = [draw(st.lists(WORD | st.just("strange"), max_size=7)) for _ in pools]
    return documents, queries, pools


@st.composite
def topics(draw: st.DrawFn) -> tuple[Texts, Texts, Pools]:
    """Every review of a topic asks all others but those of its own user, as in the benchmark."""
    written = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4), TEXT), min_size=1, max_size=14))
    pools = [
        [row for row, (about, who, _) in enumerate(written) if about == topic and who != user]
        for topic, user, _ in written
    ]
    return [text for _, _, text in written], [draw(TEXT) for _ in written], pools


@given(any_pools() | topics(), st.sampled_from([1, 20, okapi.CELLS]))
@example(([["a"], ["a"]], [["a", "a"]], [[0, 1]]), 1)
@example(([[], []], [["a"]], [[0, 1]]), 1)
@settings(max_examples=300)
def test_scores_equal_those_of_rank_bm25_bit_for_bit(world: tuple[Texts, Texts, Pools], cells: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(okapi, "CELLS", cells)
        np.testing.assert_array_equal(ours(*world), theirs(*world))


def test_a_pool_that_is_not_ascending_is_refused() -> None:
    with pytest.raises(ValueError, match="ascending"):
        ours([["a"], ["b"]], [["a"]], [[1, 0]])
    with pytest.raises(ValueError, match="ascending"):
        ours([["a"], ["b"]], [["a"]], [[1, 1]])


def test_of_equal_scores_the_later_document_is_first() -> None:
    documents = ["good lid", "bad lid", "good lid", "other", "more words here", "and here"]
    start, pooled = flat([[0, 1, 2, 3, 4, 5], [], [0, 3]])
    ranks = [rows.tolist() for rows in top(documents, ["good", "good", "nothing"], start, pooled)]
    assert ranks == [[2, 0, 5, 4, 3, 1], [], [3, 0]]
    best = top(documents, ["good", "good", "nothing"], start, pooled, k=1)
    assert [rows.tolist() for rows in best] == [[2], [], [3]]


def test_what_is_read_of_a_review() -> None:
    reviews = pl.DataFrame({"title": ["Good", None, ""], "text": ["Fine lid", "x", "y"]})
    assert documents_of(reviews) == ["Good Fine lid", " x", " y"]


def test_words_and_marks() -> None:
    found = tokens("Don't BUY it, I CANNOT wait. (5 stars!) No. 5")
    assert " ".join(found) == "do n't buy it , i can not wait . ( 5 stars ! ) no . 5"
    assert tokens(" \n") == []


RUNS = st.text(st.sampled_from("aé5_.,:;!?'\"`*-()[]&$%“”\u2019«…sdm") | st.characters(), min_size=1).map(
    str.lower
)


@given(
    RUNS.filter(lambda run: run.split() == [run]) | st.sampled_from(sorted(CONTRACTED)),
    st.sampled_from(".,!? "),
)
@settings(max_examples=500)
def test_the_quick_way_cuts_as_nltk_does(run: str, mark: str) -> None:
    for text in (run, (run + mark).strip()):
        assert list(cut(text)) == NLTKWordTokenizer().tokenize(text)


@given(st.lists(st.text(st.sampled_from("ab .,'")), max_size=5))
def test_numbered_texts_are_the_same_tokens(texts: list[str]) -> None:
    one, other = Vocabulary(), Vocabulary()
    read, numbered = one.read(texts), other.number([tokens(text) for text in texts])
    assert one.words == other.words
    assert read.word.tolist() == numbered.word.tolist()
    assert read.start.tolist() == numbered.start.tolist()


def corpus(name: str, asks: str, every: int) -> tuple[list[str], list[str], Pools]:
    """PGraphRAG's question for every so-manieth user: title + " " + text of the topic's other users."""
    file = CORPORA / f"{name}_dev.json"
    if not file.exists():
        pytest.skip("the PGraphRAG corpora are not here; set PAT_CORPORA")
    users = json.loads(file.read_text(encoding="utf-8"))
    reviews = [(entry["id"], review) for entry in users for review in entry["profile"]]
    topic: dict[str, list[int]] = {}
    for row, (_, review) in enumerate(reviews):
        topic.setdefault(review["pid"], []).append(row)
    asked = users[::every]
    return (
        [f"{review['title'] or ''} {review['text'] or ''}" for _, review in reviews],
        [entry["profile"][0][asks] or "" for entry in asked],
        [
            [row for row in topic[entry["profile"][0]["pid"]] if reviews[row][0] != entry["id"]]
            for entry in asked
        ],
    )


def ranks_are_equal(name: str, asks: str, every: int) -> None:
    texts, asked, pools = corpus(name, asks, every)
    start, pooled = flat(pools)
    expected = theirs([tokens(text) for text in texts], [tokens(text) for text in asked], pools)
    found = bm25_scores(texts, asked, start, pooled)
    np.testing.assert_array_equal(found, expected)
    best = ranked(found, start, pooled)
    for rows, (first, last) in zip(best, pairwise(start), strict=True):
        order = np.argsort(expected[first:last], kind="stable")[::-1]
        assert rows.tolist() == pooled[first:last][order].tolist()


@pytest.mark.parametrize("asks", ["title", "text"])
@pytest.mark.parametrize("name", ["amazon", "b2w", "gap", "hotel"])
def test_ranks_of_some_examples_of_the_public_corpora(name: str, asks: str) -> None:
    ranks_are_equal(name, asks, EVERY)


@pytest.mark.slow
@pytest.mark.parametrize("asks", ["title", "text"])
@pytest.mark.parametrize("name", ["amazon", "b2w", "gap", "hotel"])
def test_ranks_of_all_examples_of_the_public_corpora(name: str, asks: str) -> None:
    ranks_are_equal(name, asks, 1)
