"""What holds for every test."""

from __future__ import annotations

import atexit

from hypothesis import settings

from pat_dagster.cli import close_stderr

# No deadline: a busy machine is no failure. Derandomized: the same commit gives the same verdict.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")

atexit.register(close_stderr)
