"""What `pat doctor` looks at. Each check returns findings and changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import duckdb
from sqlalchemy.exc import DatabaseError

from models.errors import PatError
from pat_dagster.doctor.databases import can_open, database, published
from pat_dagster.doctor.findings import Finding
from pat_dagster.doctor.forgetting import forgotten
from pat_dagster.doctor.home import home_state, layout
from pat_dagster.doctor.machine import CONSTRAINTS, ROOT, disk_space, packages, python_version
from pat_dagster.doctor.runs import last_run, leftovers, run_lock_state
from pat_dagster.doctor.steps import tables_in_step, vectors_in_step
from pat_dagster.doctor.weights import adapters, checkpoint, learned_weights, sentence_model
from pat_dagster.settings import Settings

__all__ = ["Finding", "findings"]


def findings(settings: Settings) -> Iterator[Finding]:
    """Every check in the order of the report; a check that cannot be made is itself a FAIL."""
    yield python_version(sys.version_info[:2])
    yield from packages(CONSTRAINTS)
    yield from disk_space(settings)
    yield from sentence_model()
    yield from checkpoint(ROOT / "models" / "checkpoints" / "pat-mini")
    yield from home_state(settings)
    if not settings.home.exists():
        return
    for check in (layout, run_lock_state, last_run, leftovers, _databases):
        yield from _made(check, settings)


def _databases(settings: Settings) -> Iterator[Finding]:
    """The two files, and, where the warehouse can be opened, everything that it says about other files."""
    yield from database(settings.warehouse_path)
    yield from database(settings.analytics_path)
    if not settings.warehouse_path.exists() or not can_open(settings.warehouse_path):
        return
    for check in (forgotten, tables_in_step, vectors_in_step, learned_weights, adapters):
        yield from _made(check, settings)
    if can_open(settings.analytics_path):
        yield from _made(published, settings)


def _made(check: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    try:
        yield from check(settings)
    except (PatError, OSError, duckdb.Error, DatabaseError) as error:
        what = check.__name__.strip("_").replace("_", " ")
        remedy = "mend what stands above, then `pat doctor` again"
        yield Finding("FAIL", what, f"cannot be checked: {str(error).splitlines()[0]}", remedy)
