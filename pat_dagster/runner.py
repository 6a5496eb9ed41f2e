"""Runs assets through Dagster inside this process, on the instance of the home folder."""

from __future__ import annotations

import os
import sys
import uuid
import warnings
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import Any

import dagster as dg

from models.errors import InputError, PatError, WorkError
from models.printable import printable
from pat_dagster.console import Reporter, say
from pat_dagster.full_disk import full_disk, says_full
from pat_dagster.jobs import FULL_JOB, ON_DEMAND
from pat_dagster.partitions import ITERATIONS, iteration_key
from pat_dagster.recovery import clean_up
from pat_dagster.resources.warehouse import open_database, prepare, recipe_in_force
from pat_dagster.reuse import CHANGED, TAG, only_changed
from pat_dagster.settings import Settings
from pat_dagster.shown import of_schemas
from pat_dagster.table_assets import asset_key
from pat_dagster.untouched import KEEPS_ITSELF, untouched

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}  # the reporter speaks instead


@dataclass(frozen=True)
class Failure:
    """The first thing that went wrong in a run."""

    place: str  # asset or check, as schema.table
    reason: str
    exit_code: int

    def error(self) -> PatError:
        """As an error for the command line; the reason carries its own remedy where it is an expected one."""
        if self.exit_code == InputError.exit_code:
            return InputError(self.reason, file=self.place)
        return WorkError(self.reason, step=self.place)


def execute(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    *,
    partition: str | None = None,
    assets: Sequence[dg.AssetKey] | None = None,
    config: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
) -> str:
    """Run a job, or only `assets` of it, to its end; returns the id of its last run, raises what failed.

    `config` is Dagster run config, `tags` are added to those of the job. Where these ask for what changed
    alone, the files are looked at in a run of their own, and the next one leaves out what is settled then.
    """
    if partition is not None and ITERATIONS.name is not None:
        instance.add_dynamic_partitions(ITERATIONS.name, [partition])
    for cut_off in clean_up(instance, Settings.from_env()):
        say(f"{cut_off}; this run takes up where it was")
    run = partial(_run, definitions, instance, job, partition, tags=dict(tags or {}))
    target = definitions.resolve_job_def(job)
    wanted = set(target.asset_layer.selected_asset_keys if assets is None else assets)
    looking = {key for key in wanted if key.path[0] == KEEPS_ITSELF}
    if config or looking == wanted or not only_changed({**target.tags, **(tags or {})}):
        return run(assets, config)
    looked = run(sorted(looking), None) if looking else None
    rest = wanted - looking - _settled(definitions, wanted - looking, partition)
    return run(sorted(rest), None) if rest or looked is None else looked


def _settled(
    definitions: dg.Definitions, wanted: Set[dg.AssetKey], partition: str | None
) -> set[dg.AssetKey]:
    """What need not be run, and one line that says how much that is."""
    graph, settings = definitions.resolve_asset_graph(), Settings.from_env()
    upstream = {_name(key): {_name(parent) for parent in graph.get(key).parent_keys} for key in wanted}
    recipe = recipe_in_force(settings)
    with open_database(settings.warehouse_path) as con:
        prepare(con, recipe)
        found = untouched(con, recipe, partition, upstream)
    if found:
        say(f"\n{len(found)} tables are unchanged: they are what their inputs make of them")
    return {asset_key(name) for name in found}


def _run(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    partition: str | None,
    assets: Sequence[dg.AssetKey] | None,
    config: Mapping[str, Any] | None,
    tags: dict[str, str],
) -> str:
    run_id = str(uuid.uuid4())
    instance.add_event_listener(run_id, Reporter())
    with warnings.catch_warnings():
        if not os.environ.get("PAT_DEBUG"):
            warnings.simplefilter("ignore")  # notices for developers; `pat --debug` shows them
        target = definitions.resolve_job_def(job)
        if assets is not None:
            # by itself Dagster takes every check of these assets, also those that the job leaves out
            target = target.get_subset(
                asset_selection=set(assets), asset_check_selection=_checks(target, assets)
            )
        result = target.execute_in_process(
            run_config=QUIET | dict(config or {}),
            instance=instance,
            partition_key=partition,
            tags=tags,
            run_id=run_id,
            raise_on_error=False,
        )
    if not result.success:
        raise first_failure(result.all_events).error()
    return run_id


def _checks(job: dg.JobDefinition, assets: Collection[dg.AssetKey]) -> set[dg.AssetCheckKey]:
    """Checks that a job makes of some of its assets."""
    found = {check for node in job.asset_layer.data for check in node.assets_def.check_keys}
    return {check for check in found if check.asset_key in assets}


def run_iteration(number: int, how: str = CHANGED) -> None:
    """Materialize everything for iteration 0, and for later ones what depends on the iteration.

    how: value of the run's tag `reuse.TAG`.
    """
    from pat_dagster.definitions import defs

    key = iteration_key(number)
    with dg.DagsterInstance.get() as instance:
        assets = None if number == 0 else _partitioned(defs)
        execute(defs, instance, FULL_JOB, partition=key, assets=assets, tags={TAG: how})


def run_job(job: str, partition: str | None, config: Mapping[str, Any] | None = None) -> None:
    """Run a job of this project for one iteration, or what has none, on the instance of the home."""
    from pat_dagster.definitions import defs

    with dg.DagsterInstance.get() as instance:
        execute(defs, instance, job, partition=partition, config=config)


def run_stages(*schemas: str) -> None:
    """Materialize the tables of some schemas that have no partitions."""
    from pat_dagster.definitions import defs

    keys = sorted(of_schemas(*schemas).resolve(defs.resolve_asset_graph()))
    with dg.DagsterInstance.get() as instance:
        execute(defs, instance, FULL_JOB, assets=keys)


def run_up_to(*names: str) -> None:
    """Materialize some tables that have no partitions, and everything they are computed from."""
    from pat_dagster.definitions import defs

    graph = defs.resolve_asset_graph()
    wanted = dg.AssetSelection.assets(*(asset_key(name) for name in names)).upstream()
    keys = sorted(wanted.required_multi_asset_neighbors().resolve(graph) & graph.executable_asset_keys)
    with dg.DagsterInstance.get() as instance:
        execute(defs, instance, FULL_JOB, assets=keys)


def _name(key: dg.AssetKey) -> str:
    return ".".join(key.path)


def _partitioned(definitions: dg.Definitions) -> list[dg.AssetKey]:
    """Assets with a partition for each iteration, and all that is computed from them; none on demand."""
    graph = definitions.resolve_asset_graph()
    roots = [key for key in graph.executable_asset_keys if graph.get(key).partitions_def is not None]
    found = dg.AssetSelection.assets(*roots).downstream().resolve(graph)
    return sorted((found & graph.executable_asset_keys) - ON_DEMAND)


def first_failure(events: Sequence[dg.DagsterEvent]) -> Failure:
    for event in events:
        if event.event_type_value == "ASSET_CHECK_EVALUATION":
            evaluation = event.asset_check_evaluation_data
            if evaluation.blocking and not evaluation.passed and evaluation.severity.value == "ERROR":
                table, check = ".".join(evaluation.asset_key.path), evaluation.check_name
                where = f"sql/checks/{table}/{check}.sql returns the rows at fault"
                reason = f"check failed: {check.replace('_', ' ')}\n  remedy: {where}"
                return Failure(table, reason, WorkError.exit_code)
        if event.event_type_value == "STEP_FAILURE":
            return _describe(event)
        if event.event_type_value in {"PIPELINE_FAILURE", "RUN_FAILURE"}:
            return Failure("run", event.message or "the run failed", 1)
    return Failure("run", "the run ended without success and without saying why", 1)


def _describe(event: dg.DagsterEvent) -> Failure:
    place = (event.step_key or "run").replace("__", ".")
    failed = event.step_failure_data.error
    expected = {kind.__name__: kind for kind in _kinds(PatError)}
    error = failed
    home = Settings.from_env().home
    while error is not None:
        if says_full(error.message, home):
            full = full_disk(place, home)
            return Failure(place, f"{full.reason}\n  remedy: {full.remedy}", full.exit_code)
        if error.cls_name in expected:
            message = error.message.split(": ", 1)[-1].strip()  # Dagster puts "module.Class: " in front
            return Failure(place, message, expected[error.cls_name].exit_code)
        failed, error = error, error.cause
    if failed is None:
        return Failure(place, event.message or "no reason given", 1)
    if os.environ.get("PAT_DEBUG"):
        sys.stderr.write(printable(failed.to_string()))
    message = failed.message.strip()
    return Failure(place, f"{message}\n  remedy: unexpected; `pat --debug` or the Dagster UI show where", 1)


def _kinds(base: type[PatError]) -> list[type[PatError]]:
    return [base, *(kind for child in base.__subclasses__() for kind in _kinds(child))]
