"""A night in the foreground: refresh, then what each look at the home names, one run after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import dagster as dg

from models.errors import WorkError
from pat_dagster.assets.night import step_of
from pat_dagster.jobs import NIGHT, REFRESH_JOB
from pat_dagster.night_tags import COMMAND, tags_of
from pat_dagster.nights import MOST_STEPS, Step
from pat_dagster.runner import execute

FIRST = Step(REFRESH_JOB, None, "a night begins with what is new")


@dataclass(frozen=True)
class Done:
    """A run of a night: what was asked for, and its id."""

    step: Step
    run_id: str


def run_night(night: str, announce: Callable[[Step], None]) -> list[Done]:
    """Every run of the night until nothing is left to do; raises what ended it early.

    announce: told of each run before it starts.
    """
    from pat_dagster.definitions import defs

    done: list[Done] = []
    step = FIRST
    with dg.DagsterInstance.get() as instance:
        while step.job is not None:
            if len(done) == MOST_STEPS:
                raise WorkError(
                    f"{len(done)} runs, and still something to do: {step.job}, because {step.reason}",
                    step="night",
                    remedy="`pat sql --warehouse 'from ops.nights'` shows what each run led to",
                )
            announce(step)
            tags = tags_of(night, COMMAND)
            run_id = execute(defs, instance, step.job, partition=step.iteration, tags=tags)
            done.append(Done(step, run_id))
            step = step_after(instance, run_id)
    return done


def step_after(instance: dg.DagsterInstance, run_id: str) -> Step:
    """What the look at the end of a run named."""
    event = instance.get_latest_materialization_event(NIGHT)
    if event is None or event.run_id != run_id or event.asset_materialization is None:
        raise WorkError("it ended without a look at what comes next", step=f"run {run_id[:8]}")
    return step_of(event.asset_materialization)
