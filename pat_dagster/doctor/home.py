"""The home folder: its recipe, its sources, its version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from models.errors import InputError
from models.recipes import load_recipe
from models.sources import registry
from pat_dagster import layout as layouts
from pat_dagster.doctor.findings import Finding, expected
from pat_dagster.operations import load_operations
from pat_dagster.settings import Settings

INSTALL = "pip install -c constraints.txt -e ."
UPGRADE = "`pat run` upgrades it"


def home_state(settings: Settings) -> Iterator[Finding]:
    """The home folder, its recipe, its settings and its sources."""
    if not settings.home.exists():
        yield Finding("OK", "home", f"{settings.home} is not there yet; `pat run` makes it")
        return
    yield Finding("OK", "home", str(settings.home))
    if settings.recipe_path.exists():
        yield expected("recipe", lambda: load_recipe(settings.recipe_path).name)
    if settings.operations_path.exists():
        yield expected("settings", lambda: _nightly(settings))
    if settings.sources_path.exists():
        yield expected("sources", lambda: _sources(settings))


def layout(settings: Settings) -> Iterator[Finding]:
    """The Dagster home inside: made by this version of pat and of Dagster, or by which other one."""
    what = "dagster home"
    config = settings.dagster_home / "dagster.yaml"
    if not config.exists():
        yield Finding("WARN", what, f"no dagster.yaml in {settings.dagster_home}", "`pat run` writes it")
        return
    try:
        layouts.refuse_newer(settings)
        known, revisions = layouts.recorded(settings), layouts.revisions(settings)
        sections = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
    except InputError as error:
        yield Finding("FAIL", what, f"{error.where}: {error.reason}", error.remedy or "")
        return
    except yaml.YAMLError as error:
        detail = f"{config}: not YAML: {' '.join(str(error).split())}"
        yield Finding("FAIL", what, detail, "fix it, or delete it; `pat run` writes it")
        return
    if newer := [name for name, revision in revisions.items() if revision == "newer"]:
        detail = f"{newer[0]} was made by a newer Dagster than {layouts.installed_dagster()}"
        yield Finding("FAIL", what, detail, INSTALL)
    elif older := [name for name, revision in revisions.items() if revision == "older"]:
        detail = f"{older[0]} was made by an older Dagster than {layouts.installed_dagster()}"
        yield Finding("WARN", what, detail, UPGRADE)
    elif known["layout"] < layouts.LAYOUT:
        yield Finding("WARN", what, f"layout {known['layout']}, now it is {layouts.LAYOUT}", UPGRADE)
    elif known["dagster"] != layouts.installed_dagster():
        detail = f"last used by Dagster {known['dagster']}, installed is {layouts.installed_dagster()}"
        yield Finding("WARN", what, detail, f"{INSTALL}, or go on: `pat run` notes the version")
    elif layouts.RECOVERY not in sections:
        detail = f"{config} has no section {layouts.RECOVERY}"
        yield Finding("WARN", what, detail, "delete it; `pat run` writes it")
    else:
        yield Finding("OK", what, f"layout {known['layout']}, Dagster {known['dagster']}")


def _nightly(settings: Settings) -> str:
    operations = load_operations(settings.operations_path)
    return f"nightly at {operations.nightly_at:%H:%M} {operations.timezone}"


def _sources(settings: Settings) -> str:
    specs = registry.load(settings.sources_path)
    missing = [
        spec.path for spec in specs if spec.format != "sample" and not Path(spec.path.split("::")[0]).exists()
    ]
    if missing:
        raise InputError(
            f"registered, but not there: {', '.join(missing)}",
            remedy=f"put them back, or take them out of {settings.sources_path}",
        )
    return f"{len(specs)} registered"
