"""Version of a home's layout: which Dagster and which of our layouts it was last used with, and the upgrade.

Layout 1 is every home without `layout.json`. Layout 2 frees what a run that was killed or cancelled held:
its row in the queue, its pool slots.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import sqlite3
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from models.errors import InputError
from models.files import write_whole
from pat_dagster.settings import Settings

LAYOUT: Final = 2
NAME: Final = "layout.json"
DATABASES: Final = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")

# run_monitoring: a run is STARTING while its process imports torch, and a busy machine takes its time.
# free_slots: without it a run that was cancelled keeps its pool slots for good.
DAGSTER_YAML: Final = """\
# Written by pat. No storage section: SQLite below this folder, so that the home can be moved as a whole.
telemetry:
  enabled: false
nux:
  enabled: false  # the UI opens on the graph, not on a dialog about newsletters
concurrency:
  runs:
    max_concurrent_runs: 1  # the warehouse has one writer
  pools:
    granularity: op  # a pool of the default granularity does not serialize assets inside a run
run_monitoring:
  enabled: true
  start_timeout_seconds: 600
  cancel_timeout_seconds: 180
  free_slots_after_run_end_seconds: 30
"""

RECOVERY: Final = "run_monitoring"  # the section that layout 2 brought

Revision = Literal["same", "older", "newer", "none"]


def bring_up_to_date(settings: Settings) -> list[str]:
    """Make the Dagster home, or upgrade it; returns what was done, in words.

    InputError for a home of a newer pat, or of a Dagster whose database this one cannot read.
    """
    refuse_newer(settings)
    known, installed = recorded(settings), installed_dagster()
    done = []
    config = settings.dagster_home / "dagster.yaml"
    if not config.exists():
        write_whole(config, DAGSTER_YAML)
    elif known["layout"] < LAYOUT and _add_recovery(config):
        done.append(f"{config}: section {RECOVERY} added")
    if known["dagster"] != installed and "older" in revisions(settings).values():
        import dagster as dg  # a second that `pat --help` should not take

        with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
            instance.upgrade()
        done.append(f"the database of Dagster was brought to version {installed}")
    now = {"layout": LAYOUT, "dagster": installed}
    if known != now:
        write_whole(settings.home / NAME, json.dumps(now, indent=1) + "\n")
    return done


def refuse_newer(settings: Settings) -> None:
    """InputError where this version would misread the home."""
    known = recorded(settings)
    if known["layout"] > LAYOUT:
        raise InputError(
            f"made by a newer pat: layout {known['layout']}, this one knows up to {LAYOUT}",
            file=settings.home,
            remedy="update pat, or give another folder with --home",
        )
    if known["dagster"] == installed_dagster():
        return
    newer = [name for name, revision in revisions(settings).items() if revision == "newer"]
    if newer:
        raise InputError(
            f"its database was made by a newer Dagster ({known['dagster'] or 'unknown'}; "
            f"installed is {installed_dagster()})",
            file=settings.dagster_home / newer[0],
            remedy="pip install -c constraints.txt -e ., or give another folder with --home",
        )


def recorded(settings: Settings) -> dict[str, Any]:
    """`layout` and the version of `dagster` that used the home last; None where nobody wrote it down."""
    path = settings.home / NAME
    if not path.exists():
        return {"layout": 1, "dagster": None}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {"layout": int(content["layout"]), "dagster": str(content["dagster"])}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            "not what pat writes there", file=path, remedy="delete it; `pat run` writes it again"
        ) from error


def installed_dagster() -> str:
    """Version of the installed Dagster."""
    return importlib.metadata.version("dagster")


def revisions(settings: Settings) -> Mapping[str, Revision]:
    """Each SQLite file of the Dagster home against the schema of the installed Dagster."""
    return dict(_revisions(settings.dagster_home))


def _revisions(folder: Path) -> Iterator[tuple[str, Revision]]:
    known, head = _schema()
    for name in DATABASES:
        found = _revision(folder / name)
        if found is None:
            yield name, "none"
        else:
            yield name, "same" if found == head else "older" if found in known else "newer"


def _revision(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        con = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise InputError(f"cannot be opened: {error}", file=path) from error
    try:
        if not con.execute("select 1 from sqlite_master where name = 'alembic_version'").fetchall():
            return None  # nothing was ever stored
        rows = con.execute("select version_num from alembic_version").fetchall()
    except sqlite3.DatabaseError as error:
        raise InputError(
            f"damaged: {error}",
            file=path,
            remedy="move the folder dagster away: runs and sensors start anew, tables stay",
        ) from error
    finally:
        con.close()
    return str(rows[0][0]) if rows else None


@lru_cache(maxsize=1)
def _schema() -> tuple[frozenset[str], str]:
    """(revisions that the installed Dagster knows, its newest)."""
    from alembic.script import ScriptDirectory

    package = importlib.util.find_spec("dagster")
    assert package is not None and package.origin is not None  # it is a dependency
    scripts = ScriptDirectory(str(Path(package.origin).parent / "_core" / "storage" / "alembic"))
    return frozenset(step.revision for step in scripts.walk_revisions()), scripts.get_heads()[0]


def _add_recovery(config: Path) -> bool:
    """Add it below what stands there, which a user may have edited; whether it was missing."""
    present = config.read_text(encoding="utf-8")
    if RECOVERY in (yaml.safe_load(present) or {}):
        return False
    added = yaml.safe_dump({RECOVERY: yaml.safe_load(DAGSTER_YAML)[RECOVERY]}, sort_keys=False)
    write_whole(config, present.rstrip("\n") + "\n" + added)
    return True
