"""Prepares the home folder: the Dagster instance inside it, the recipe in force, the registered sources."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from models.errors import InputError
from models.sample import PIPELINE_SEED
from models.sources.spec import SAMPLE_PREFIX, SourceSpec
from pat_dagster.settings import Settings

# For every process of the job; what the user has set already stays.
PROCESS_ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",  # busy-waiting threads beside any other process: 35x slower
    "GOMP_SPINCOUNT": "0",
    "HF_HUB_OFFLINE": "1",  # the default recipe needs no network, and must not wait for one
    "TOKENIZERS_PARALLELISM": "false",  # the pool warns and deadlocks after a fork
    "DO_NOT_TRACK": "1",
}

DAGSTER_YAML = """\
# Written by pat. No storage section: SQLite below this folder, so that the home can be moved as a whole.
telemetry:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1  # the warehouse has one writer
  pools:
    granularity: op  # a pool of the default granularity does not serialize assets inside a run
"""

REGISTER_AGAIN = "delete the file and give the sources again with --data"


def set_process_environment() -> None:
    """Call before the first import of torch: OpenMP reads its variables once."""
    for name, value in PROCESS_ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def prepare(settings: Settings) -> None:
    """Create the home with a Dagster instance in it and point this process at both."""
    try:
        settings.dagster_home.mkdir(parents=True, exist_ok=True)
        config = settings.dagster_home / "dagster.yaml"
        if not config.exists():
            config.write_text(DAGSTER_YAML, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"the home folder cannot be used: {error.strerror or error}",
            file=settings.home,
            remedy="give another folder with --home, or set PAT_HOME",
        ) from error
    os.environ["PAT_HOME"] = str(settings.home)
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)


def read_sources(settings: Settings) -> list[SourceSpec]:
    """The registered sources, in the order they were first given; empty on a new home."""
    path = settings.sources_path
    if not path.exists():
        return []
    try:
        entries: Any = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"not YAML: {error}", file=path, remedy=REGISTER_AGAIN) from error
    if not isinstance(entries, list):
        raise InputError("not a list of sources", file=path, remedy=REGISTER_AGAIN)
    return [SourceSpec.from_dict(entry, str(path)) for entry in entries]


def register_sources(settings: Settings, new: Sequence[SourceSpec]) -> list[SourceSpec]:
    """Add sources; one that was registered before (same file, same dataset) is replaced in its place.

    A home that has no source at all gets the bundled sample.
    """
    specs = {(spec.path, spec.dataset): spec for spec in read_sources(settings)}
    specs |= {(spec.path, spec.dataset): spec for spec in map(SourceSpec.absolute, new)}
    registered = list(specs.values()) or [sample_source()]
    entries = [spec.to_dict() for spec in registered]
    replace_text(settings.sources_path, yaml.safe_dump(entries, sort_keys=False, allow_unicode=True))
    return registered


def sample_source() -> SourceSpec:
    """The bundled world that the pipeline runs; pat-mini never saw it."""
    return SourceSpec(path=f"{SAMPLE_PREFIX}{PIPELINE_SEED}", dataset="sample", format="sample")


def replace_text(path: Path, text: str) -> None:
    """Write a whole file or nothing."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


if __name__ == "__main__":  # `make ui` asks for the Dagster home
    in_use = Settings.from_env()
    prepare(in_use)
    print(in_use.dagster_home)
