"""The arms that are PAT, whole or with one thing changed: what they share, change and cost."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from pat_dagster import tables
from pat_dagster.settings import Settings
from tests.learning.iterations import contents


def test_summaries_that_are_used_again_cost_what_they_took(finished: Path) -> None:
    """Before any training the rollout and `pat_untrained` are the same agents on the same evidence."""
    rows = contents(finished)
    written = rows["evaluation.predictions"].filter(iteration="0000")
    asked = rows["rollout.summaries"].filter(candidate=0, iteration="0000")
    con = duckdb.connect(str(Settings(finished).warehouse_path))
    seconds = tables.read(con, "ops.arm_seconds", {"iteration": "0000"})
    con.close()
    for column in ("prompt_tokens", "completion_tokens"):
        of_agents = asked.group_by("example_id").agg(pl.col(column).sum().alias("agents"))
        one = written.filter(arm="pat_untrained").join(of_agents, on="example_id")
        assert (one[column] > one["agents"]).all(), column  # and the generator's
        assert written.filter(arm="none")[column].max() < one[column].filter(one["agents"] > 0).min()
    took = dict(seconds.select("arm", "seconds").iter_rows())
    assert took["pat_untrained"] > took["none"] > 0
    stages = set(rows["ops.completions"].filter(iteration="0000")["stage"])
    assert not {stage for stage in stages if stage.startswith("evaluation/pat_untrained/")}  # used again
    assert not {stage for stage in stages if stage.startswith("evaluation/pat_swapped/")}
    assert "evaluation/pat_swapped" in stages  # its drafts


def test_one_thing_is_changed_in_every_arm(finished: Path) -> None:
    rows = contents(finished)["evaluation.predictions"].filter(iteration="0000").sort("example_id")
    pat, style_off, one_round, random, opposed, swapped = (
        rows.filter(arm=arm)
        for arm in (
            "pat",
            "pat_without_style",
            "pat_one_round",
            "pat_random_donors",
            "pat_opposed_reviewers",
            "pat_swapped",
        )
    )
    assert style_off["style_summary"].null_count() == style_off.height
    assert style_off["topic_summary"].to_list() == one_round["topic_summary"].to_list()  # nobody to listen to
    assert pat["style_summary"].to_list() != one_round["style_summary"].to_list()
    for changed in (random, opposed):
        assert not changed.drop("arm").equals(pat.drop("arm"))
    pairs = pat.filter(pl.col("style_summary").is_not_null())["style_summary", "topic_summary"].rows()
    assert set(swapped["style_summary", "topic_summary"].rows()) <= {*pairs, (None, None)}
    given = dict(swapped.select("example_id", "style_summary").iter_rows())
    own = dict(pat.select("example_id", "style_summary").iter_rows())
    assert not [example for example in own if own[example] is not None and given[example] == own[example]]


def test_evidence_is_what_the_agents_behind_the_text_read(finished: Path) -> None:
    rows = contents(finished)["evaluation.evidence"].filter(iteration="0000")
    con = duckdb.connect(str(Settings(finished).warehouse_path))
    usual = tables.read(con, "context.style_reviews").sort("example_id", "rank")
    con.close()
    mine = rows.filter(role="style", arm="pat").sort("example_id", "rank")
    expected = usual.filter(pl.col("example_id").is_in(mine["example_id"].unique().to_list()))
    assert mine["review_id"].to_list() == expected["review_id"].to_list()
    changed = rows.filter(role="style", arm="pat_random_donors").sort("example_id", "rank")
    assert changed["review_id"].to_list() != mine["review_id"].to_list()
    assert rows.filter(arm="pat_without_style", role="style").is_empty()
    swapped = rows.filter(arm="pat_swapped").sort("example_id", "role", "rank")
    sets = (
        swapped.group_by("example_id", "role")
        .agg("review_id")
        .join(
            rows.filter(arm="pat")
            .sort("example_id", "role", "rank")
            .group_by("example_id", "role")
            .agg("review_id"),
            on=["example_id", "role"],
        )
    )
    assert (sets["review_id"] != sets["review_id_right"]).all()
