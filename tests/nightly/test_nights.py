"""What a night does next: one decision per state of a home, and never the same one for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pat_dagster.night_tags import COMMAND, night_id, tags_of
from pat_dagster.nights import (
    MOST_STEPS,
    Made,
    Readiness,
    Standing,
    changed,
    newest,
    next_step,
    outdated,
)

READY = Readiness("style", True, "20 pairs")
POOR = Readiness("topic", False, "3 pairs: too few")
SETTLED = Standing(iteration="0003")


def made(
    table: str, content: str, upstream: Mapping[str, str] | None = None, iteration: str | None = None
) -> Made:
    return Made(table, iteration, content, upstream or {})


@pytest.mark.parametrize(
    ("now", "job", "iteration", "why"),
    [
        (Standing(), "rollout", "0000", "no iteration"),
        (SETTLED, None, None, "nothing"),
        (replace(SETTLED, new_evidence=("feature.examples",)), "rollout", "0004", "feature.examples changed"),
        (replace(SETTLED, to_retrain=("style-0002",)), "rollout", "0004", "style-0002 must be trained"),
        (replace(SETTLED, rollout=("preference.pairs",)), "rollout", "0003", "preference.pairs"),
        (replace(SETTLED, training=("policy.adapters",), readiness=(READY, POOR)), "retrain", "0003", "20"),
        (replace(SETTLED, training=("policy.adapters",), readiness=(POOR,)), "assess", "0003", "too few"),
        (replace(SETTLED, training=("policy.adapters",)), "assess", "0003", "no agent rolled out"),
        (
            replace(SETTLED, results=("mart.verdicts",), readiness=(READY,)),
            "results",
            "0003",
            "mart.verdicts",
        ),
        (replace(SETTLED, open_requests=1), "answer", None, "1 request is not"),
        (replace(SETTLED, open_requests=2000), "answer", None, "2,000 requests are not"),
        (replace(SETTLED, is_published=False), "publish", None, "readers"),
    ],
)
def test_each_state_has_its_step(now: Standing, job: str | None, iteration: str | None, why: str) -> None:
    step = next_step(now)
    assert (step.job, step.iteration) == (job, iteration)
    assert why in step.reason


def test_an_iteration_that_learned_nothing_yet_is_rolled_out_again_on_new_evidence() -> None:
    begun = replace(
        SETTLED, training=("policy.adapters",), readiness=(READY,), new_evidence=("staging.reviews",)
    )
    assert next_step(begun).job == "rollout"
    assert next_step(begun).iteration == "0003"


def test_a_trained_iteration_is_ended_before_the_next_begins() -> None:
    trained = replace(SETTLED, results=("mart.verdicts",), new_evidence=("staging.reviews",))
    assert next_step(trained).job == "results"


names = st.lists(st.sampled_from(["a.a", "b.b"]), max_size=2).map(tuple)
standings = st.builds(
    Standing,
    iteration=st.one_of(st.none(), st.just("0001")),
    new_evidence=names,
    rollout=names,
    training=names,
    results=names,
    readiness=st.lists(st.sampled_from([READY, POOR]), max_size=2).map(tuple),
    to_retrain=names,
    open_requests=st.integers(0, 2),
    is_published=st.booleans(),
)


@given(standings)
def test_a_night_ends_if_every_run_does_what_it_is_for(now: Standing) -> None:
    for _ in range(MOST_STEPS):
        step = next_step(now)
        if step.job is None:
            break
        now = after(step.job, step.iteration, now)
    assert next_step(now).job is None


def after(job: str, iteration: str | None, now: Standing) -> Standing:
    if job == "rollout":
        todo = ("policy.adapters",)
        return replace(
            now, iteration=iteration, new_evidence=(), rollout=(), to_retrain=(), training=todo, results=todo
        )
    if job in {"retrain", "assess", "results"}:
        assert iteration == now.iteration
        training = now.training if job == "results" else ()
        return replace(now, training=training, results=(), is_published=True)
    if job == "answer":
        return replace(now, open_requests=0, is_published=True)
    assert job == "publish"
    return replace(now, is_published=True)


def test_the_newest_row_counts_and_the_one_written_last_is_last() -> None:
    rows = newest([made("s.a", "1"), made("s.b", "2"), made("s.a", "3")])
    assert [row.content_sha256 for row in rows.values()] == ["2", "3"]


def test_what_changed_is_named() -> None:
    rolled = made("rollout.summaries", "s", {"feature.examples": "1", "staging.reviews": "1"}, "0001")
    rows = newest([rolled, made("feature.examples", "1"), made("staging.reviews", "2")])
    assert changed(rolled, rows) == ("staging.reviews",)


def test_the_same_content_written_again_is_no_change() -> None:
    rolled = made("rollout.summaries", "s", {"feature.examples": "1"}, "0001")
    assert (
        changed(rolled, newest([rolled, made("feature.examples", "2"), made("feature.examples", "1")])) == ()
    )


def test_another_iteration_does_not_make_a_partition_outdated() -> None:
    drafts = made("rollout.drafts", "d", {"rollout.summaries": "1"}, "0001")
    rows = newest(
        [
            made("rollout.summaries", "1", {}, "0001"),
            drafts,
            made("rollout.summaries", "2", {}, "0002"),
        ]
    )
    assert outdated(["rollout.drafts"], "0001", rows) == ()
    assert outdated(["rollout.drafts"], "0002", rows) == ("rollout.drafts",)


def test_a_whole_table_is_made_from_the_partition_that_was_written_last() -> None:
    costs = made("mart.costs", "c", {"rollout.drafts": "1"})
    first = [made("rollout.drafts", "1", {}, "0000"), costs]
    assert outdated(["mart.costs"], "0000", newest(first)) == ()
    assert outdated(["mart.costs"], "0001", newest([*first, made("rollout.drafts", "2", {}, "0001")])) != ()


def test_renewed_evidence_alone_does_not_reopen_an_iteration() -> None:
    trials = made("policy.trials", "t", {"context.topic_reviews": "1"}, "0001")
    rows = newest([made("context.topic_reviews", "1"), trials, made("context.topic_reviews", "2")])
    assert changed(trials, rows) == ("context.topic_reviews",)
    assert outdated(["policy.trials"], "0001", rows) == ()


def test_a_table_that_a_run_began_and_did_not_end_is_outdated() -> None:
    cut_off = replace(made("policy.trials", "t", {}, "0001"), was_finished=False)
    assert outdated(["policy.trials"], "0001", newest([cut_off])) == ("policy.trials",)


def test_a_missing_table_counts_only_where_it_should_be_there() -> None:
    assert outdated(["mart.new"], "0001", {}) == ("mart.new",)
    assert outdated(["mart.new"], "0001", {}, missing=False) == ()


def test_a_night_is_named_by_its_beginning_in_utc() -> None:
    moment = datetime(2026, 3, 29, 2, 0, tzinfo=timezone(timedelta(hours=2)))
    assert night_id(moment) == "20260329T000000Z"
    assert tags_of(night_id(datetime.now(UTC)), COMMAND)["pat/refresh"] == "changed"
