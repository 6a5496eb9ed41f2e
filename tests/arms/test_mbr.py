"""Minimum-Bayes-risk choices: the highest expected ROUGE-1, in words of others."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.arms.likeness import Likeness
from models.arms.mbr import LENGTHS, SHARPNESS, Gains, Greedy, mbr_review, mbr_sentences
from models.arms.pool import Asked, Pool
from models.arms.sentences import Units, Vocabulary, clauses, whole
from models.arms.titling import learned_title
from models.evaluation.rouge import rouge_scores
from models.evaluation.words import rouge_words
from models.recipes import Task
from tests.retrieval.worlds import make_examples, make_reviews

TEXTS = st.lists(st.text(alphabet="aab c.,! -\nÉA?", max_size=30), min_size=1, max_size=6)


def ask(reviews: pl.DataFrame, task: Task) -> Asked:
    examples = make_examples(reviews, [task]).filter(pl.col("target").str.contains(r"\S"))
    targets = examples.sort("example_id")["target"].to_list()
    return Asked(Pool.build(reviews, examples), task, targets, 7)


@given(TEXTS)
def test_clauses_keep_every_word_in_order(texts: list[str]) -> None:
    for text in texts:
        assert [word for clause in clauses(text) for word in rouge_words(clause)] == rouge_words(text)


@given(TEXTS)
def test_columns_of_two_texts_overlap_as_rouge_counts_shared_words(texts: list[str]) -> None:
    units = Units.cut(texts, Vocabulary(), clauses)
    shared = (units.said @ units.said.T).toarray()
    for row, one in enumerate(texts):
        for column, other in enumerate(texts):
            assert shared[row, column] == (Counter(rouge_words(one)) & Counter(rouge_words(other))).total()
        assert units.lengths[row] == len(rouge_words(one))


@pytest.mark.parametrize("task", ["long", "short"])
@pytest.mark.parametrize("times", [True, False])
def test_expectations_are_over_visible_reviews_by_others(task: Task, times: bool) -> None:
    pool = ask(make_reviews(5, times=times), task).pool
    for rows, weights in Likeness.build(pool, task).chunks(SHARPNESS):
        for example, row in zip(rows, weights, strict=True):
            asked = pool.examples.row(example, named=True)
            told = pool.reviews[np.flatnonzero(row).tolist()]
            assert row.sum() == pytest.approx(1) or not len(told)
            assert asked["user_id"] not in told["user_id"]
            assert len(told) or times  # who writes first has nobody to learn from
            if asked["posted_at"] is not None:
                assert (told["posted_at"].fill_null(datetime.min) < asked["posted_at"]).all()


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_every_step_is_the_best_there_is_and_the_last_text_cannot_be_improved(seed: int) -> None:
    """Against ROUGE-1 itself. Reviews that lend no clause weigh, so that no expectation leaves one out."""
    rng = np.random.default_rng(seed)
    words = list("abcdef")
    texts = [". ".join(" ".join(rng.choice(words, rng.integers(1, 4))) for _ in range(3)) for _ in range(8)]
    reviews = pl.DataFrame({"review_id": list("abcdefgh")})
    pool = Pool(pl.DataFrame({"example_id": ["x"]}), reviews, np.array([0, 4]), np.arange(4))
    vocabulary = Vocabulary()
    units = Units.cut(texts, vocabulary, clauses)
    weights = np.concatenate([np.zeros(4), np.full(4, 0.25)])
    start = "a b"
    chosen = Greedy(pool, units, fewest=1).choose(0, weights, np.array(vocabulary.numbers(start)))

    def expected(parts: list[str]) -> float:
        return float(rouge_scores([" ".join(parts)] * 4, texts[4:])[0].mean())

    said = [start]
    offered = [unit for unit in range(len(units.texts)) if units.source[unit] < 4]
    for unit in chosen:
        best = max(expected([*said, units.texts[other]]) for other in offered)
        assert expected([*said, units.texts[unit]]) == pytest.approx(
            best, abs=0.02
        )  # lengths are interpolated
        said.append(units.texts[unit])
    assert max(expected([*said, units.texts[other]]) for other in offered) <= expected(said) + 0.02


def test_a_text_is_not_measured_against_itself_however_much_it_weighs() -> None:
    """Left out of its own expectation, the heavy first one has half of its words in every other."""
    units = Units.cut(["a b", "a c", "b d"], Vocabulary(), whole)
    pool = Pool(
        pl.DataFrame({"example_id": ["x"]}),
        pl.DataFrame({"review_id": list("abc")}),
        np.array([0, 3]),
        np.arange(3),
    )
    nothing = np.zeros(0, dtype=np.int64)
    assert Greedy(pool, units, fewest=1).choose(0, np.array([0.8, 0.1, 0.1]), nothing, most=1) == [0]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(0, 1000))
def test_gains_kept_up_to_date_equal_gains_from_the_start(added: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(list("aabc"), rng.integers(1, 7))) for _ in range(10)]
    units = Units.cut(texts, Vocabulary(), whole)
    worth = np.vstack([rng.random((units.column_of[-1], 2)), np.zeros((1, 2))])
    own = rng.random((10, 2))
    counts = np.zeros(len(units.column_of) - 1, dtype=np.int64)
    gains = Gains(units, np.arange(10), worth, counts, own)
    for place in added:
        gains.add(place)
    fresh = Gains(units, np.arange(10), worth, counts, own)
    np.testing.assert_allclose(gains.values, fresh.values, atol=1e-9)


def test_mbr_review_is_the_neighbor_nearest_to_all_others() -> None:
    asked = ask(make_reviews(8), "long")
    quoted = mbr_review(asked)
    pool = asked.pool
    texts, ids = pool.reviews["text"].to_list(), pool.reviews["review_id"].to_list()
    for rows, weights in Likeness.build(pool, "long").chunks(SHARPNESS):
        for example, row in zip(rows, weights, strict=True):
            values = {}
            for neighbor in pool.rows(example):
                left = np.where(np.arange(len(row)) == neighbor, 0, row)
                scores = rouge_scores([texts[neighbor]] * len(texts), texts)[0]
                values[ids[neighbor]] = (left * scores).sum() / left.sum()
            if values:
                chosen = quoted.reviews[example][0]
                assert values[chosen] == pytest.approx(max(values.values()), abs=0.01)
                assert quoted.texts[example] == texts[ids.index(chosen)]


@pytest.mark.parametrize("seed", [1, 4])
def test_what_is_quoted_is_by_others_and_stands_in_their_reviews(seed: int) -> None:
    reviews = make_reviews(seed)
    said = {row["review_id"]: row for row in reviews.iter_rows(named=True)}
    for task, field in (("long", "text"), ("short", "title")):
        asked = ask(reviews, task)  # type: ignore[arg-type]
        quoted = mbr_sentences(asked)
        users, inputs = asked.pool.examples["user_id"].to_list(), asked.pool.examples["input"].to_list()
        for text, ids, user, given_text in zip(quoted.texts, quoted.reviews, users, inputs, strict=True):
            sources = [given_text, *(said[review_id][field] for review_id in ids)]
            known = {word for source in sources for word in rouge_words(source)}
            assert set(rouge_words(text)) <= known
            assert user not in {said[review_id]["user_id"] for review_id in ids}


def test_titles_are_learned_where_there_are_texts_to_learn_from() -> None:
    """Titles that are their text's last word: others' titles are no use, the place of the word is."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(240):
        words = [f"w{rng.integers(400)}" for _ in range(6)]
        rows.append(
            {"review_id": f"r{user:03}", "user_id": f"u{user}", "topic_id": f"t{user % 9}",
             "title": words[-1], "text": " ".join(words) + ".", "rating": 4.0,
             "posted_at": None, "is_shared_text": False}
        )  # fmt: skip
    reviews = pl.DataFrame(rows, schema_overrides={"posted_at": pl.Datetime("us")})
    examples = reviews.select(
        pl.concat_str("review_id", pl.lit(":short")).alias("example_id"), "user_id", "topic_id", "posted_at",
        target_review_id="review_id", input="text", history_size=pl.lit(0),
    )  # fmt: skip
    asked = Asked(Pool.build(reviews, examples), "short", reviews["title"].to_list(), 7)
    quoted = learned_title(asked)
    assert (
        np.mean(
            [title.rstrip(".") == target for title, target in zip(quoted.texts, asked.targets, strict=True)]
        )
        > 0.6
    )


@pytest.mark.parametrize("task", ["long", "short"])
@pytest.mark.parametrize("users", [1, 2, 3])
def test_tiny_corpora_and_texts_without_words_are_no_error(task: Task, users: int) -> None:
    reviews = make_reviews(2, users=users, topics=1)
    blank = reviews.with_columns(text=pl.lit("?!"), title=pl.lit("..."))
    for rows in (reviews, blank, reviews.head(0)):
        asked = ask(rows, task)
        for arm in (mbr_review, mbr_sentences):
            quoted = arm(asked)
            assert len(quoted.texts) == len(quoted.reviews) == asked.pool.examples.height


def test_two_runs_are_equal() -> None:
    asked = ask(make_reviews(6), "short")
    assert mbr_sentences(asked) == mbr_sentences(asked)


def test_a_unit_is_a_whole_text_unless_it_says_nothing() -> None:
    assert whole("a, b. c") == ["a, b. c"] and whole("?!") == []
    assert len(LENGTHS) == len(set(LENGTHS.tolist()))


def test_a_neighbor_who_stands_alone_is_quoted_whole() -> None:
    """Nobody else is there to measure a clause against: its own review must do, and the choice must end."""
    two = make_reviews(5).unique("user_id", keep="first", maintain_order=True).head(2)
    asked = ask(two.with_columns(topic_id=pl.lit("d:t")), "long")
    for text, target in zip(mbr_sentences(asked).texts, asked.targets, strict=True):
        (other,) = set(two["text"]) - {target}
        assert set(rouge_words(other)) <= set(rouge_words(text or ""))
