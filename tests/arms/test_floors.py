"""Floors quote whom they may, whatever the answer is; ceilings find the best there is to quote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.arms import arms, floors
from models.arms.floors import FIRST_WORDS, first_words, random_review, title_bm25_review
from models.arms.pool import Asked, Pool, Quoted
from models.arms.quoting import QUOTES
from models.evaluation.rouge import rouge_scores
from models.recipes import TASKS, Task
from tests.retrieval.worlds import make_examples, make_reviews, with_other_target

FLOORS = [
    (arm.name, task)
    for arm in arms().values()
    if arm.family == "floor" and arm.how in QUOTES
    for task in arm.tasks
]
QUOTING = [
    (name, task)
    for name, task in FLOORS + [("oracle_review", task) for task in TASKS]
    if not name.startswith(("mbr_", "first_", "majority_", "neighbor_mean_"))
]
ANSWER = {"long": "text", "short": "title", "rating": "rating"}


def ask(reviews: pl.DataFrame, task: Task, seed: int = 7) -> Asked:
    """Every example of the reviews, as arms are asked; one without an answer is none."""
    examples = make_examples(reviews, [task]).filter(pl.col("target").str.contains(r"\S"))
    targets = examples.sort("example_id")["target"].to_list()
    return Asked(Pool.build(reviews, examples), task, targets, seed)


def answer(
    name: str, reviews: pl.DataFrame, task: Task, seed: int = 7
) -> dict[str, tuple[str | None, list[str]]]:
    """example -> (text, ids of what it quotes) of an arm."""
    asked = ask(reviews, task, seed)
    quoted = QUOTES[arms()[name].how](asked)
    ids = asked.pool.examples["example_id"].to_list()
    return dict(zip(ids, zip(quoted.texts, quoted.reviews, strict=True), strict=True))


@pytest.mark.parametrize(("name", "task"), FLOORS)
@pytest.mark.parametrize("times", [True, False])
def test_a_floor_never_depends_on_the_example_s_own_answer(name: str, task: Task, times: bool) -> None:
    reviews = make_reviews(3, times=times)
    before = answer(name, reviews, task)
    for example_id in sorted(before)[::6]:
        changed = with_other_target(reviews, example_id.removesuffix(f":{task}"), task=task)
        assert answer(name, changed, task)[example_id] == before[example_id]


@pytest.mark.parametrize(("name", "task"), FLOORS)
def test_rows_in_any_order_give_the_same_texts(name: str, task: Task) -> None:
    reviews = make_reviews(5)
    assert answer(name, reviews.sample(fraction=1, shuffle=True, seed=2), task) == answer(name, reviews, task)


@pytest.mark.parametrize(("name", "task"), QUOTING)
@given(seed=st.integers(0, 50), times=st.booleans())
@settings(max_examples=12, deadline=None)
def test_what_is_quoted_is_another_s_visible_earlier_review_and_says_what_is_written(
    name: str, task: Task, seed: int, times: bool
) -> None:
    reviews = make_reviews(seed, users=20, topics=4, times=times)
    rows = {row["review_id"]: row for row in reviews.iter_rows(named=True)}
    for example_id, (text, quoted) in answer(name, reviews, task).items():
        target = rows[example_id.removesuffix(f":{task}")]
        possible = [row for row in rows.values() if may_quote(row, target, task, name != "random_review")]
        assert len(quoted) == min(len(possible), 1)
        for review_id in quoted:
            assert rows[review_id] in possible
            said = rows[review_id][ANSWER[task]]
            assert str(text).endswith(format(said, "g") if task == "rating" else said)


def may_quote(row: dict, target: dict, task: Task, same_topic: bool) -> bool:
    said = row[ANSWER[task]]
    known = row["posted_at"] is None or target["posted_at"] is None or row["posted_at"] < target["posted_at"]
    return bool(
        row["user_id"] != target["user_id"]
        and not row["is_shared_text"]
        and (row["topic_id"] == target["topic_id"] or not same_topic)
        and known
        and (said is not None if task == "rating" else said.strip())
    )


def test_another_seed_draws_other_reviews_and_every_review_can_be_drawn() -> None:
    reviews = make_reviews(1, times=False)
    draws = [answer("random_review", reviews, "long", seed) for seed in range(40)]
    assert draws[0] != draws[1]
    drawn = {review for draw in draws for _, quoted in draw.values() for review in quoted}
    visible = reviews.filter(~pl.col("is_shared_text"))
    assert len(drawn) > 0.9 * visible.height


def test_a_draw_finds_the_only_review_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floors, "STEPS", 1)
    first = datetime(2020, 1, 1)
    only = pl.when(pl.col("review_id") == "d:4:0").then(first).otherwise(first + timedelta(days=1))
    asked = ask(make_reviews(2, users=30).with_columns(only.alias("posted_at")), "long")
    users = asked.pool.examples["user_id"].to_list()
    assert random_review(asked).reviews == [[] if user == "d:u4" else ["d:4:0"] for user in users]


def review(
    number: int, user: str, topic: str, title: str, text: str, rating: float | None, target: bool
) -> dict:
    return {
        "review_id": f"d:{number}",
        "dataset": "d",
        "split": "test",
        "user_id": user,
        "topic_id": topic,
        "title": title,
        "text": text,
        "rating": rating,
        "posted_at": None,
        "is_target": target,
        "is_shared_text": False,
    }


def corpus(rows: Sequence[tuple[str, str, str, str, float | None, bool]]) -> pl.DataFrame:
    """Reviews from (user, topic, title, text, rating, whether it is a target)."""
    records = [review(number, *row) for number, row in enumerate(rows)]
    return pl.DataFrame(records, schema_overrides={"posted_at": pl.Datetime("us"), "rating": pl.Float64})


LIDS = corpus(
    [
        ("a", "lid", "broken hinge", "It came off.", 1.0, True),
        ("b", "lid", "", "The hinge was broken when it came.", 2.0, False),
        ("c", "lid", "Fits", "Good lid for the pot, fits well.", 5.0, False),
        ("d", "lid", "My hinge", "Nothing to say.", None, False),
        ("e", "jar", "Nice jar", "Tight.", 4.0, True),
    ]
)


def test_bm25_takes_the_likest_review_that_says_anything_to_the_task() -> None:
    assert answer("bm25_review", LIDS, "long")["d:0:long"] == ("The hinge was broken when it came.", ["d:1"])
    assert answer("bm25_review", LIDS, "short")["d:0:short"][1] == ["d:3"]  # d:1 has no title
    assert answer("bm25_review", LIDS, "rating")["d:0:rating"] == ("2", ["d:1"])
    assert answer("bm25_review", LIDS, "long")["d:4:long"] == ("", [])  # nobody else wrote about it


def test_the_title_stands_before_what_is_quoted() -> None:
    quoted = title_bm25_review(ask(LIDS, "long"))
    assert quoted.texts == ["broken hinge The hinge was broken when it came.", "Nice jar"]


def test_first_words_are_the_first_sentence_at_most() -> None:
    long = " ".join(f"w{number}" for number in range(30))
    reviews = LIDS.with_columns(
        pl.when(pl.col("review_id") == "d:0")
        .then(pl.lit("Came off!  Twice."))
        .otherwise(pl.lit(long))
        .alias("text")
    )
    quoted = first_words(ask(reviews, "short"))
    assert quoted == Quoted(["Came off!", " ".join(long.split()[:FIRST_WORDS])], [[], []])


@pytest.mark.parametrize("name", [name for name in QUOTES if not name.startswith("mbr_")])
def test_nothing_to_quote_is_an_empty_answer(name: str) -> None:
    alone = LIDS.filter(pl.col("user_id") == "e")
    for task in arms()[name].tasks:
        text, quoted = answer(name, alone, task)["d:4:" + task]
        assert quoted == []
        assert text in ("", None) or name in ("title_bm25_review", "first_words")
        empty = Asked(Pool.build(LIDS, make_examples(LIDS, [task]).clear()), task, [], 1)
        assert QUOTES[name](empty) == Quoted([], [])


@given(st.integers(0, 30), st.sampled_from(["long", "short"]))
@settings(max_examples=20, deadline=None)
def test_the_oracle_has_the_highest_rouge_1_that_one_review_can_reach(seed: int, task: Task) -> None:
    asked = ask(make_reviews(seed, users=25, topics=3), task)
    quoted = QUOTES["oracle_review"](asked)
    told = asked.pool.reviews[ANSWER[task]].to_list()
    for example, target in enumerate(asked.targets):
        texts = [told[row] for row in asked.pool.rows(example)]
        best = rouge_scores(texts, [target] * len(texts))[0].max(initial=0)
        assert rouge_scores([quoted.texts[example] or ""], [target])[0][0] == pytest.approx(best)


@given(st.integers(0, 30))
@settings(max_examples=20, deadline=None)
def test_the_oracle_has_the_nearest_rating(seed: int) -> None:
    asked = ask(make_reviews(seed, users=25, topics=3), "rating")
    ratings = asked.pool.reviews["rating"].to_list()
    for example, text in enumerate(QUOTES["oracle_review"](asked).texts):
        found = [ratings[row] for row in asked.pool.rows(example) if ratings[row] is not None]
        distances = [abs(rating - float(asked.targets[example])) for rating in found]
        assert (
            not found
            if text == ""
            else abs(float(text or "") - float(asked.targets[example])) == min(distances)
        )


@given(st.integers(0, 50), st.sampled_from(TASKS), st.booleans())
@settings(max_examples=30, deadline=None)
def test_own_review_is_the_latest_earlier_one_of_the_user_and_never_the_target(
    seed: int, task: Task, flagged: bool
) -> None:
    reviews = make_reviews(seed, users=15)
    asked = ask(reviews, task)
    examples = asked.pool.examples.with_columns(pl.lit(flagged).alias("user_is_flagged"))
    pool = Pool(examples, asked.pool.reviews, asked.pool.start, asked.pool.review)
    quoted = QUOTES["own_review"](Asked(pool, task, asked.targets, 1))
    for example, text, shown in zip(
        examples.iter_rows(named=True), quoted.texts, quoted.reviews, strict=True
    ):
        mine = [
            row
            for row in reviews.iter_rows(named=True)
            if row["user_id"] == example["user_id"]
            and row["review_id"] != example["target_review_id"]
            and not row["is_shared_text"]
            and (None in (row["posted_at"], example["posted_at"]) or row["posted_at"] < example["posted_at"])
            and (row["rating"] is not None if task == "rating" else row[ANSWER[task]].strip())
        ]
        if flagged or not mine:
            assert (text, shown) == (None, [])
        else:
            last = max(
                mine, key=lambda row: (row["posted_at"] is not None, str(row["posted_at"]), row["review_id"])
            )
            assert shown == [last["review_id"]]
