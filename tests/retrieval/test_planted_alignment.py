"""On a small sample world the truth is known: alignment finds people who care about the same things."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from models.encoders.semantic import SemanticEncoder
from models.retrieval.contexts import topic_rows
from models.sample import World, WorldSize, build_world
from tests.retrieval.topic_worlds import K, sync

SIZE = WorldSize(topics=10, background_users=170, train=4, validation=40, test=40)  # 17 reviews a topic


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(4242, SIZE)  # not the world that weights were chosen on


@pytest.fixture(scope="module")
def shown(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """Topic rows of the held-out users' titles, by arm, with whether the reviewer is of the user's group."""
    raw = pl.DataFrame(list(world.reviews()), schema_overrides={"posted_at": pl.Datetime("us")})
    reviews = raw.with_row_index().with_columns(
        pl.format("r{}", "index").alias("review_id"),
        pl.lit("s").alias("dataset"),
        pl.lit(False).alias("is_shared_text"),
    )
    examples = reviews.filter(pl.col("is_target") & (pl.col("split") != "train")).select(
        pl.format("{}:long", "review_id").alias("example_id"),
        pl.col("review_id").alias("target_review_id"),
        pl.col("title").alias("input"),
        pl.lit("long").alias("task"),
        pl.lit(False).alias("user_is_flagged"),
        "user_id",
        "topic_id",
        "posted_at",
    )
    encoder, folder = SemanticEncoder(), Path(tmp_path_factory.mktemp("planted"))
    vectors = sync(reviews, folder, encoder)
    groups = pl.DataFrame(
        [(user.user_id, user.group) for user in world.users], ["user_id", "group"], orient="row"
    )
    own = examples.select("example_id", "user_id").join(groups, on="user_id").drop("user_id")
    found = {}
    for arm, options in {
        "aligned": {},
        "relevance": {"alignment": False},
        "random": {"choice": "random"},
    }.items():
        rows = topic_rows(reviews, examples, encoder, vectors, K, **options)  # type: ignore[arg-type]
        rows = rows.join(own, on="example_id").join(
            groups, left_on="donor_id", right_on="user_id", suffix="_donor"
        )
        found[arm] = rows.with_columns(is_right=pl.col("group") == pl.col("group_donor"))
    return found


def test_alignment_finds_the_planted_group(shown: dict[str, pl.DataFrame]) -> None:
    right = {arm: rows["is_right"].mean() for arm, rows in shown.items()}
    assert right["aligned"] > right["relevance"] + 0.03 > right["random"] + 0.2
    first = shown["aligned"].filter(pl.col("rank") == 1)["is_right"].mean()
    assert first >= right["aligned"]


def test_a_mark_tells_who_is_alike(shown: dict[str, pl.DataFrame]) -> None:
    rows = shown["aligned"]
    marked, other = (rows.filter(pl.col("is_aligned") == mark) for mark in (True, False))
    assert marked.height > 50
    assert other.height > 5
    assert marked["is_right"].mean() > 0.75  # .93 in the bundled sample, which has six times the reviews
    assert other["is_right"].mean() < marked["is_right"].mean() - 0.2
