"""A request is shown what an example that asks the same is, whatever other requests ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl
import pytest

from models.encoders.style import StyleVectors
from models.encoders.stylometry import StyleEncoder
from models.recipes import TASKS, Recipe, load_recipe
from models.retrieval.contexts import StyleSearch, TopicSearch, TopicVectors
from models.retrieval.expectation import Propagator
from models.retrieval.store import Vectors, VectorStore
from models.retrieval.vectors import style_file
from pat_dagster.answering import as_examples, contexts
from pat_dagster.retrieving import Dataset, Shelf
from tests.retrieval.worlds import WordEncoder, make_examples, make_reviews
from tests.retrieval.worlds import contexts as contexts_of_examples

AGENTS = ("style", "topic")


@dataclass(frozen=True)
class World:
    """One corpus with frozen vectors and weights, in which anything can be asked."""

    reviews: pl.DataFrame
    recipe: Recipe
    encoder: StyleVectors
    users: Vectors
    topics: TopicVectors
    propagator: Propagator

    @classmethod
    def make(cls, home: Path) -> World:
        reviews = make_reviews(seed=11, users=90, topics=20)
        learned = contexts_of_examples(reviews, home).learned  # syncs every vector
        store, recipe = VectorStore(home / "vectors"), load_recipe("mini")
        retrieval = recipe.retrieval.model_copy(update={"style_donors": 3, "topic_reviews": 4})
        return cls(
            reviews,
            recipe.model_copy(update={"retrieval": retrieval}),
            StyleEncoder.load(style_file(home, "d")),
            store.load("users"),
            TopicVectors.load(store),
            Propagator("graphsage", learned, store.load("titles"), WordEncoder()),
        )

    def asking(self, examples: pl.DataFrame, without: Sequence[str] = ()) -> Dataset:
        """`without` some reviews."""
        reviews = self.reviews.filter(~pl.col("review_id").is_in(list(without)))
        style = StyleSearch.build(reviews, examples, self.encoder, self.users, self.propagator)
        topic = TopicSearch.build(reviews, examples, WordEncoder(), self.topics)
        return Dataset(Shelf(cast(Any, None), self.recipe), "d", reviews, examples, (style, topic))

    def rows(self, requests: pl.DataFrame, without: Sequence[str] = ()) -> pl.DataFrame:
        """What the requests are shown."""
        reviews = self.reviews.filter(~pl.col("review_id").is_in(list(without)))
        return contexts(self.asking(as_examples(requests, reviews, []), without), AGENTS)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World.make(tmp_path_factory.mktemp("world"))


def as_requests(examples: pl.DataFrame) -> pl.DataFrame:
    """The same questions, under the same ids: chance is drawn by id."""
    return examples.select(
        pl.col("example_id").alias("request_id"),
        "dataset",
        "task",
        "user_id",
        "topic_id",
        "input",
        pl.col("posted_at").alias("requested_at"),
    )


def request(number: int, **changed: Any) -> dict[str, Any]:
    asked = {"request_id": f"d:request-{number}", "dataset": "d", "task": "long", "user_id": "d:u1"}
    return asked | {"topic_id": "d:t1", "input": "lid works fine", "requested_at": None} | changed


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema_overrides={"requested_at": pl.Datetime("us")})


SOME = [
    request(1),
    request(2, user_id="d:nobody"),
    request(3, topic_id="d:nowhere"),
    request(4, user_id="d:nobody", topic_id="d:nowhere", input="handle broke!!"),
    request(5, task="short", input="the handle broke and i love it"),
    request(6, task="rating", user_id="d:u2", topic_id="d:t3", input="bad\nnever works"),
    request(7, user_id="d:a new one", topic_id="d:t5", input="ALL GOOD!!"),
]


@pytest.mark.parametrize("task", TASKS)
def test_a_request_is_shown_what_its_example_is(world: World, task: Any) -> None:
    """The example's target is in the corpus and left out; for the request it was never written."""
    examples = make_examples(world.reviews, [task]).sort("example_id")
    chosen = examples.filter(pl.col("split") != "train").head(12)
    together = world.asking(examples)
    expected = {"style": together.style_rows(), "topic": together.topic_rows()}
    for example in chosen.iter_slices(1):
        rows = world.rows(as_requests(example), without=example["target_review_id"].to_list())
        for agent, shown in expected.items():
            mine = shown.filter(pl.col("example_id") == example["example_id"][0])
            found = rows.filter(pl.col("agent") == agent)
            columns = ["rank", "donor_id", "review_id"]
            assert found.select(columns).rows() == mine.select(columns).rows()
            numbers = ["similarity"] if agent == "style" else ["alignment", "relevance", "distance"]
            both = found.select(numbers).fill_null(9.0), mine.select(numbers).fill_null(9.0)
            np.testing.assert_allclose(*(one.to_numpy() for one in both), atol=2e-6)


def test_other_requests_change_no_row(world: World) -> None:
    together = world.rows(table(*SOME))
    backwards = world.rows(table(*SOME[::-1]))
    assert together.sort("request_id", "agent", "rank").equals(backwards.sort("request_id", "agent", "rank"))
    for asked in SOME:
        alone = world.rows(table(asked))
        mine = together.filter(pl.col("request_id") == asked["request_id"])
        assert alone.write_json() == mine.write_json(), asked


def test_unknown_users_and_topics_are_shown_something(world: World) -> None:
    shown = world.rows(table(*SOME))
    for asked in SOME:
        mine = shown.filter(pl.col("request_id") == asked["request_id"])
        assert mine.filter(pl.col("agent") == "style").height == 3, asked
        assert mine.filter(pl.col("agent") == "topic").height == 4, asked
        if asked["topic_id"] == "d:nowhere":
            topic = mine.filter(pl.col("agent") == "topic")
            assert topic["source"].unique().to_list() == ["backoff"] and topic["distance"].min() > 0


def test_an_unknown_topic_is_looked_for_by_the_meaning_of_the_input(world: World) -> None:
    words = [request(1, topic_id="d:nowhere", input="lid"), request(2, topic_id="d:nowhere", input="handle")]
    shown = world.rows(table(*words)).filter(pl.col("agent") == "topic")
    first, second = (shown.filter(request_id=one["request_id"])["review_id"].to_list() for one in words)
    assert first != second


def test_nobody_is_shown_their_own_reviews(world: World) -> None:
    writers = world.reviews["user_id"].unique().sort().to_list()
    asked = [request(n, user_id=user, topic_id=f"d:t{n % 20}") for n, user in enumerate(writers)]
    shown = world.rows(table(*asked))
    who = pl.DataFrame(asked).select("request_id", "user_id")
    assert not shown.join(who, on="request_id").filter(pl.col("donor_id") == pl.col("user_id")).height
    wrote = world.reviews.select("review_id", pl.col("user_id").alias("donor_id"))
    assert shown.join(wrote, on=["review_id", "donor_id"], how="anti").is_empty()


def test_a_request_with_a_time_is_shown_nothing_later(world: World) -> None:
    times = world.reviews["posted_at"].drop_nulls().sort()
    early = times[len(times) // 5]
    asked = [one | {"requested_at": early} for one in SOME]
    shown = world.rows(table(*asked))
    assert shown.height
    seen = shown.join(world.reviews.select("review_id", "posted_at"), on="review_id")
    assert seen.filter(pl.col("posted_at") >= early).is_empty()


def test_history_is_what_the_user_has_written_by_then() -> None:
    reviews = make_reviews(seed=5)
    own = reviews.filter(~pl.col("is_shared_text") & pl.col("posted_at").is_not_null())
    user = own.group_by("user_id").len().sort("len", "user_id")["user_id"][-1]
    mine = own.filter(user_id=user).sort("posted_at")
    whole = reviews.filter(~pl.col("is_shared_text"), user_id=user).height
    asked = table(
        request(1, user_id=user),
        request(2, user_id=user, requested_at=mine["posted_at"][-1]),
        request(3, user_id="d:nobody"),
    )
    sizes = dict(as_examples(asked, reviews, []).select("example_id", "history_size").rows())
    assert sizes == {"d:request-1": whole, "d:request-2": mine.height - 1, "d:request-3": 0}
    flagged = as_examples(asked, reviews, [user])
    assert flagged["history_size"].to_list() == [0, 0, 0]
    assert flagged["user_is_flagged"].to_list() == [True, True, False]


def test_a_dataset_without_reviews_shows_nothing(world: World) -> None:
    nothing = replace(world, reviews=world.reviews.clear())
    examples = as_examples(table(*SOME), nothing.reviews, [])
    empty = Dataset(Shelf(cast(Any, None), world.recipe), "d", nothing.reviews, examples)
    assert contexts(empty, AGENTS).is_empty()
