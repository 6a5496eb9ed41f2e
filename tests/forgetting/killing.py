"""Kills `pat forget` at the n-th change of the disk: `python -m tests.forgetting.killing N forget ...`.

A change is a file that appears, vanishes or is replaced, a table that is written, a log that is cleaned.
With N = 0 it is never killed, and says on the last line how many changes there were.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import sys
from collections.abc import Callable
from typing import Any

changes = 0


def counted(change: Callable[..., Any], last: int) -> Callable[..., Any]:
    """`change`, killed in its place when it is the `last`."""

    def step(*arguments: Any, **options: Any) -> Any:
        global changes
        changes += 1
        if changes == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return change(*arguments, **options)

    return step


def main(last: int, *arguments: str) -> None:
    """Run `pat` with `arguments`."""
    from models.retrieval.store import VectorStore
    from pat_dagster import cli, tables
    from pat_dagster.forgetting import instance

    for owner, name in (
        (pathlib.Path, "replace"),
        (pathlib.Path, "unlink"),
        (os, "link"),
        (shutil, "rmtree"),
        (shutil, "copyfile"),
        (VectorStore, "rewrite"),
        (tables, "append"),
        (instance, "_clear_database"),
    ):
        setattr(owner, name, counted(getattr(owner, name), last))
    sys.argv = ["pat", *arguments]
    try:
        cli.main()
    finally:
        print(f"changes: {changes}")


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
