"""What can be run as a whole. Every run is one process: the warehouse has one writer."""

from typing import Any

import dagster as dg

from pat_dagster.reuse import ONLY_CHANGED
from pat_dagster.shown import of_schemas
from pat_dagster.table_assets import asset_key

FULL_JOB = "pat"
INGEST_JOB = "ingest"
ROLLOUT_JOB = "rollout"
RETRAIN_JOB = "retrain"
CONTROLS_JOB = "controls"
PROBES_JOB = "probes"
EVALUATE_JOB = "evaluate"
GENERATE_JOB = "generate"
# The stages of a night, beside `rollout` and `retrain`; `nights.next_step` chooses.
REFRESH_JOB = "refresh"
ASSESS_JOB = "assess"
RESULTS_JOB = "results"
ANSWER_JOB = "answer"
PUBLISH_JOB = "publish"
WATCH_JOB = "watch"

PUBLISHED_ASSET = asset_key("published")
FRESH = dg.AssetCheckKey(PUBLISHED_ASSET, "it_is_of_the_last_night")
_FRESH = dg.AssetSelection.checks(FRESH)  # asked in the morning: right after the work it is always so
PUBLISHED = dg.AssetSelection.assets(PUBLISHED_ASSET) - _FRESH
CONTROLS = asset_key("policy.controls")
PROBES = asset_key("evaluation.probes")
NIGHT = asset_key("night")
# Not part of the jobs that run everything: minutes of training or writing that no reader waits for, and the
# look of a night at what comes next.
ON_DEMAND = {CONTROLS, PROBES, NIGHT}
EVALUATED = [  # what `pat evaluate` renews; everything before it stays
    asset_key(name)
    for name in (
        "context.variant_reviews",
        "evaluation.predictions",
        "evaluation.evidence",
        "evaluation.calls",
        "evaluation.grades",
        "evaluation.judge_quality",
        "evaluation.scores",
        "evaluation.planted_traits",
        "mart.arms",
        "mart.metrics",
        "mart.leaderboard",
        "mart.verdict_tests",
        "mart.verdicts",
        "mart.personalized_texts",
        "mart.explain",
        "mart.costs",
    )
]
ANSWERED = [  # what asks and what is answered; the evidence is as the last refresh left it
    asset_key(name)
    for name in (
        "raw.requests",
        "raw.rejected_requests",
        "raw.request_files",
        "staging.requests",
        "request.answers",
        "request.calls",
        "context.request_reviews",
        "mart.personalized_texts",
        "mart.explain",
    )
]
READINESS = asset_key("preference.readiness")
REFRESHED = ("raw", "staging", "vectors", "feature", "context")  # schemas without iterations, in order

_ON_DEMAND = dg.AssetSelection.assets(*ON_DEMAND) | _FRESH
_LOOK = dg.AssetSelection.assets(NIGHT)
_SHOWN = dg.AssetSelection.assets(asset_key("context.request_reviews"))  # written with the answers
_ANSWERS = of_schemas("request") | _SHOWN
_RESULTS = ((of_schemas("evaluation", "mart") | _ANSWERS) - _ON_DEMAND) | _LOOK
_AFTER_PAIRS = (of_schemas("policy") - _ON_DEMAND) | _RESULTS


def _job(name: str, selection: dg.AssetSelection, description: str) -> Any:
    return dg.define_asset_job(
        name,
        selection=selection,
        executor_def=dg.in_process_executor,
        description=description,
        tags=dict(ONLY_CHANGED),
    )


JOBS: list[Any] = [
    _job(
        FULL_JOB,
        dg.AssetSelection.all() - _ON_DEMAND,
        "One iteration of everything: reviews in, a published warehouse out.",
    ),
    _job(INGEST_JOB, of_schemas("raw", "staging"), "Registered sources into raw and staging."),
    _job(
        ROLLOUT_JOB,
        of_schemas("rollout", "preference") | _LOOK,
        "One iteration up to its preference pairs, and whether they are worth training on.",
    ),
    _job(
        RETRAIN_JOB,
        _AFTER_PAIRS,
        "An iteration from its preference pairs on: training, promotion, evaluation, a published warehouse.",
    ),
    _job(
        EVALUATE_JOB,
        dg.AssetSelection.assets(*EVALUATED) | PUBLISHED,
        "Chosen arms of one iteration on its test examples, and what follows from their texts.",
    ),
    _job(
        GENERATE_JOB,
        dg.AssetSelection.assets(*ANSWERED) | PUBLISHED,
        "Chosen requests, answered with the policies in use and published: what `pat generate` runs.",
    ),
    _job(
        CONTROLS_JOB,
        dg.AssetSelection.assets(CONTROLS) | PUBLISHED,
        "Evidence of learning: trainings on true and on shuffled labels. Minutes; not part of the others.",
    ),
    _job(
        PROBES_JOB,
        dg.AssetSelection.assets(PROBES) | PUBLISHED,
        "What the trained agents rely on. Minutes; not part of the others.",
    ),
    _job(
        REFRESH_JOB,
        (of_schemas(*REFRESHED) - _SHOWN) | _LOOK,
        "The start of a night: new and changed files read, all up to the evidence of each example renewed.",
    ),
    _job(
        ASSESS_JOB,
        _AFTER_PAIRS,
        "An iteration whose pairs are not worth training on: that is written down, the policies in use are "
        "evaluated on the evidence of today, and the warehouse is published.",
    ),
    _job(
        RESULTS_JOB,
        _RESULTS,
        "The evaluation of an iteration that is trained: what a run that was cut off left undone.",
    ),
    _job(
        ANSWER_JOB,
        dg.AssetSelection.assets(*ANSWERED) | PUBLISHED | _LOOK,
        "New requests, answered with the policies in use and published with what stands behind them.",
    ),
    _job(WATCH_JOB, _FRESH, "Whether readers see what the last night made: asked in the morning."),
    _job(PUBLISH_JOB, PUBLISHED | _LOOK, "A published warehouse, where readers do not see all of it yet."),
]
