"""Prepares the home folder: the Dagster instance inside it, the recipe in force, the registered sources."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from models.errors import InputError
from models.sample import PIPELINE_SEED
from models.sources import SourceSpec, read_source, registry
from models.sources.spec import SAMPLE_PREFIX
from pat_dagster import layout, leftovers, run_lock
from pat_dagster.forgetting import journal
from pat_dagster.operations import load_operations
from pat_dagster.settings import Settings

# For every process of the job; what the user has set already stays.
PROCESS_ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",  # busy-waiting threads beside any other process: 35x slower
    "GOMP_SPINCOUNT": "0",
    "HF_HUB_OFFLINE": "1",  # the default recipe needs no network, and must not wait for one
    "TOKENIZERS_PARALLELISM": "false",  # the pool warns and deadlocks after a fork
    "DO_NOT_TRACK": "1",
}


def set_process_environment() -> None:
    """Call before the first import of torch: OpenMP reads its variables once."""
    for name, value in PROCESS_ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def prepare(settings: Settings, *, alone: bool = True) -> None:
    """Create the home with a Dagster instance in it, or upgrade it, and point this process at both.

    alone: hold the home until this process ends, as everything that writes tables must. WorkError says who
    holds it already, InputError that the home is of a newer version.
    """
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        layout.refuse_newer(settings)
        if alone:
            run_lock.take(settings, run_lock.command_name())
            journal.refuse_unfinished(settings)
            leftovers.remove_half_written(settings)
        for done in layout.bring_up_to_date(settings):
            sys.stderr.write(f"{done}\n")
    except OSError as error:
        raise InputError(
            f"the home folder cannot be used: {error.strerror or error}",
            file=settings.home,
            remedy="give another folder with --home, or set PAT_HOME",
        ) from error
    os.environ["PAT_HOME"] = str(settings.home)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)


def register_sources(settings: Settings, new: Sequence[SourceSpec]) -> list[SourceSpec]:
    """Add sources to the home's list, after a look at the first bytes of each; returns the whole list.

    A home that has no source and no landing folder at all gets the bundled sample.
    """
    for spec in new:
        read_source(spec)
    lands = load_operations(settings.operations_path).reviews
    if not new and not lands and not registry.load(settings.sources_path):
        new = [sample_source()]
    return registry.add(settings.sources_path, new)


@contextmanager
def registered(settings: Settings, new: Sequence[SourceSpec]) -> Iterator[list[SourceSpec]]:
    """Register `new` for what happens inside; if rows cannot be read, the list is what it was before."""
    path = settings.sources_path
    before = path.read_bytes() if path.exists() else None
    try:
        yield register_sources(settings, new)
    except InputError as error:
        if new and error.where.startswith("raw"):  # later stages fail for reasons of their own
            if before is None:
                path.unlink()
            else:
                path.write_bytes(before)
        raise


def sample_source() -> SourceSpec:
    """The bundled world that the pipeline runs; pat-mini never saw it."""
    return SourceSpec(path=f"{SAMPLE_PREFIX}{PIPELINE_SEED}", dataset="sample", format="sample")


if __name__ == "__main__":  # `make ui` asks for the Dagster home
    in_use = Settings.from_env()
    prepare(in_use, alone=False)
    print(in_use.dagster_home)
