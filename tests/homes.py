"""A finished home of a small planted world: what end-to-end tests start from, made once, copied by each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from models.recipes import Recipe, load_recipe

SOURCE = ["--data", "sample:7:small", "--format", "sample", "--dataset", "small"]
ARMS = ["none", "neighbor_review", "random_topic_review", "pat_untrained", "pat", "pat_random_donors"]


def small_recipe() -> Recipe:
    """A minute from reviews to a published warehouse, training and promotion of both agents included."""
    recipe = load_recipe("mini").model_dump()
    recipe["name"] = "small"
    recipe["examples"] = {
        "long": {"train": 16, "validation": 8, "test": 8},
        "short": {"test": 4},
        "rating": {"test": 4},
    }
    recipe["pairs"]["minimum"] = 4
    recipe["generation"]["candidates"] = 2
    recipe["promotion"]["min_gain"] = -1.0  # what is promoted is not the question here
    recipe["evaluation"] |= {"bootstrap_samples": 100, "arms": ARMS}
    recipe["propagation"]["epochs"] = 2
    return Recipe.model_validate(recipe)


def pat(home: Path, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`pat ARGUMENTS --home HOME` in a process of its own: Dagster keeps the first home of a process."""
    return subprocess.run(
        command(home, *arguments), capture_output=True, text=True, check=False, env=environment(env)
    )


def command(home: Path, *arguments: str) -> list[str]:
    """The command line of `pat`, for tests that start and kill it themselves."""
    return [sys.executable, "-c", "from pat_dagster.cli import main; main()", *arguments, "--home", str(home)]


def environment(more: dict[str, str] | None = None) -> dict[str, str]:
    """This process's, without the home that somebody may have set."""
    kept = {name: value for name, value in os.environ.items() if name not in {"PAT_HOME", "DAGSTER_HOME"}}
    return kept | (more or {})


def run_arguments(folder: Path, *more: str) -> Sequence[str]:
    """`run` on the small world with the small recipe, which is written into `folder`."""
    recipe = folder / "small.yaml"
    small_recipe().save(recipe)
    return ["run", *SOURCE, "--recipe", str(recipe), *more]


def build(folder: Path) -> Path:
    """A home made by `pat run`; about a minute."""
    home = folder / "home"
    done = pat(home, *run_arguments(folder))
    assert done.returncode == 0, done.stderr[-2000:]
    return home


def copy(home: Path, to: Path) -> Path:
    """A copy to change: nothing in a home holds an absolute path to itself."""
    shutil.copytree(home, to, symlinks=True)
    return to
