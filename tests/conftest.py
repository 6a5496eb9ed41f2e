"""What holds for every test."""

from __future__ import annotations

import atexit
import sys

import absl.logging  # comes with rouge_score
from hypothesis import settings

from pat_dagster.cli import close_stderr

# No deadline: a busy machine is no failure. Derandomized: the same commit gives the same verdict.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")

atexit.register(close_stderr)

# Its handler keeps the stream that stands for stderr while tests are collected, and closes it when Dagster
# configures logging: pytest would lose its own capture.
absl.logging.get_absl_handler().python_handler.setStream(sys.__stderr__)
