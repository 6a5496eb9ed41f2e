"""What holds for every test."""

from __future__ import annotations

import atexit
import sys
from pathlib import Path

import absl.logging  # comes with rouge_score
import pytest
from filelock import FileLock
from hypothesis import settings

from pat_dagster.cli import close_stderr
from tests import homes

# No deadline: a busy machine is no failure. Derandomized: the same commit gives the same verdict.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")

atexit.register(close_stderr)

# Its handler keeps the stream that stands for stderr while tests are collected, and closes it when Dagster
# configures logging: pytest would lose its own capture.
absl.logging.get_absl_handler().python_handler.setStream(sys.__stderr__)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: the last minutes of parallel workers are then short ones."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def finished_home(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """One small home after one iteration, for all tests of a session; read it, or copy it (`homes.copy`)."""
    if worker_id == "master":  # no parallel workers
        return homes.build(tmp_path_factory.mktemp("finished"))
    shared = tmp_path_factory.getbasetemp().parent / "finished"
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            made = homes.build(tmp_path_factory.mktemp("making"))
            made.parent.replace(shared)
    return shared / "home"
