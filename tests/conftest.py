"""What holds for every test."""

from __future__ import annotations

import atexit
import sys
from pathlib import Path

import absl.logging  # comes with rouge_score
import pytest
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


@pytest.fixture(scope="session")
def finished_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small home after one iteration, for all tests of a session; read it, or copy it (`homes.copy`)."""
    return homes.build(tmp_path_factory.mktemp("finished"))
