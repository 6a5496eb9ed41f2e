"""What `pat doctor` looks at. Each check returns findings and changes nothing."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
import psutil

from models.errors import InputError, PatError
from models.recipes import load_recipe
from models.sources import registry
from pat_dagster.settings import Settings

Level = Literal["OK", "WARN", "FAIL"]

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
DISTRIBUTION = "pat-warehouse"
PYTHON = (3, 11)
DISK_FAIL = 0.5  # GiB; a run of the sample writes about 0.1, LanceDB rewrites tables whole
DISK_WARN = 5.0  # GiB; room for a corpus of a million reviews


@dataclass(frozen=True)
class Finding:
    """One line of the report; a remedy is given with everything that is not OK."""

    level: Level
    what: str
    detail: str
    remedy: str = ""


def findings(settings: Settings) -> Iterator[Finding]:
    """Every check in the order of the report; a check that cannot be made is itself a FAIL."""
    yield python_version(sys.version_info[:2])
    yield from packages(CONSTRAINTS)
    yield from disk_space(settings.home)
    yield from sentence_model()
    yield from checkpoint(ROOT / "models" / "checkpoints" / "pat-mini")
    yield from home_state(settings)
    for path in (settings.warehouse_path, settings.analytics_path):
        yield from database(path)
    yield from last_run(settings)


def python_version(version: tuple[int, int]) -> Finding:
    """Python itself."""
    text = ".".join(map(str, version))
    if version < PYTHON:
        return Finding("FAIL", "python", text, "install Python 3.11 or newer, then `make run PYTHON=...`")
    return Finding("OK", "python", text)


def packages(constraints: Path) -> Iterator[Finding]:
    """Installed versions against constraints.txt."""
    if not constraints.exists():
        yield Finding(
            "WARN", "packages", f"{constraints} is missing", "restore it: git checkout constraints.txt"
        )
        return
    pinned = dict(
        re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)$", constraints.read_text(encoding="utf-8"), re.MULTILINE)
    )
    installed = {name: _installed(name) for name in pinned}
    needed = {name for name in pinned if _plain(name) in _direct_dependencies()}
    missing = sorted(name for name in needed if installed[name] is None)
    other = sorted(
        f"{name} {version} instead of {pinned[name]}"
        for name, version in installed.items()
        if version is not None and version.split("+")[0] != pinned[name]  # +cpu names a build, not a version
    )
    if missing:
        yield Finding(
            "FAIL",
            "packages",
            f"missing: {', '.join(missing)}",
            "make test, or pip install -c constraints.txt -e .",
        )
    if other:
        yield Finding(
            "WARN",
            "packages",
            f"not as tested: {'; '.join(other)}",
            "pip install -c constraints.txt -e '.[dev]'",
        )
    if not missing and not other:
        yield Finding(
            "OK", "packages", f"{sum(v is not None for v in installed.values())} as pinned in constraints.txt"
        )


def disk_space(home: Path) -> Iterator[Finding]:
    """Free space where the home lies, or will lie."""
    folder = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(folder).free / 2**30
    level: Level = "FAIL" if free < DISK_FAIL else "WARN" if free < DISK_WARN else "OK"
    remedy = "" if level == "OK" else "free some space, or choose another folder with --home"
    yield Finding(level, "disk space", f"{free:.1f} GiB free at {folder}", remedy)


def sentence_model() -> Iterator[Finding]:
    """The packaged sentence encoder, by the sha256 of its weights."""
    from models.encoders.semantic import PACKAGE_SHA256, verified_model_folder

    yield _expected(
        "sentence model", lambda: f"sha256 {PACKAGE_SHA256[:12]} in {verified_model_folder().name}/"
    )


def checkpoint(folder: Path) -> Iterator[Finding]:
    """pat-mini: each file of the manifest is there and unchanged."""
    remedy = f"git checkout models/checkpoints/{folder.name}, or `pat build-mini`"
    manifest = folder / "manifest.json"
    if not manifest.exists():
        yield Finding("FAIL", "pat-mini", f"{manifest} is missing", remedy)
        return
    digests: Mapping[str, str] = json.loads(manifest.read_text(encoding="utf-8"))["sha256"]
    for name, expected in digests.items():
        path = folder / name
        if not path.exists():
            yield Finding("FAIL", "pat-mini", f"{name} is missing", remedy)
        elif (found := hashlib.sha256(path.read_bytes()).hexdigest()) != expected:
            yield Finding(
                "FAIL",
                "pat-mini",
                f"{name} has sha256 {found[:12]}, its manifest says {expected[:12]}",
                remedy,
            )
        else:
            yield Finding("OK", "pat-mini", f"{name} sha256 {found[:12]}")


def home_state(settings: Settings) -> Iterator[Finding]:
    """The home folder, its recipe, its sources and its Dagster instance."""
    if not settings.home.exists():
        yield Finding("OK", "home", f"{settings.home} is not there yet; `pat run` makes it")
        return
    yield Finding("OK", "home", str(settings.home))
    if settings.recipe_path.exists():
        yield _expected("recipe", lambda: load_recipe(settings.recipe_path).name)
    if settings.sources_path.exists():
        yield _expected("sources", lambda: _sources(settings))
    if (settings.dagster_home / "dagster.yaml").exists():
        yield Finding("OK", "dagster home", str(settings.dagster_home))
    else:
        yield Finding(
            "WARN", "dagster home", f"no dagster.yaml in {settings.dagster_home}", "`pat run` writes it"
        )


def database(path: Path) -> Iterator[Finding]:
    """A DuckDB file: whole, and held by nobody who writes."""
    if not path.exists():
        yield Finding("OK", path.name, "not there yet; `pat run` makes it")
        return
    try:
        with duckdb.connect(str(path), read_only=True) as con:
            tables = con.sql("select count(*) from duckdb_tables() where not internal").fetchall()[0][0]
    except duckdb.Error as error:
        yield _unopened(path, str(error))
        return
    yield Finding("OK", path.name, f"{tables} tables, {path.stat().st_size / 2**20:.1f} MiB")


def last_run(settings: Settings) -> Iterator[Finding]:
    """The newest Dagster run: finished, failed, or cut off."""
    if not (settings.dagster_home / "history").exists():
        yield Finding("OK", "last run", "none yet")
        return
    import dagster as dg

    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        records = instance.get_run_records(limit=1)
    if not records:
        yield Finding("OK", "last run", "none yet")
        return
    run, when = records[0].dagster_run, f"{records[0].create_timestamp:%Y-%m-%d %H:%M} UTC"
    what = f"{run.job_name}, {when}, {run.status.value.lower()}"
    if run.status is dg.DagsterRunStatus.SUCCESS:
        yield Finding("OK", "last run", what)
    elif run.is_finished:
        yield Finding("WARN", "last run", what, "`pat run` again; `make ui` shows the step that failed")
    else:
        yield Finding("WARN", "last run", what, "still at work, or cut off: `pat run` takes up where it was")


def _unopened(path: Path, message: str) -> Finding:
    held = re.search(r"\(PID (\d+)", message)
    if held is None:
        remedy = "move it away and run `pat run` again: everything in it is made from the sources"
        return Finding("FAIL", path.name, f"cannot be opened: {message.splitlines()[0]}", remedy)
    pid = int(held.group(1))
    command = " ".join(psutil.Process(pid).cmdline()[:4]) if psutil.pid_exists(pid) else "gone by now"
    return Finding(
        "WARN",
        path.name,
        f"held by process {pid} ({command})",
        "wait for it to end; analytics.duckdb can be read meanwhile",
    )


def _expected(what: str, check: Callable[[], str]) -> Finding:
    """OK with what the check says, or FAIL with the message and remedy of its error."""
    try:
        return Finding("OK", what, check())
    except PatError as error:
        place = f"{error.where}: " if isinstance(error, InputError) and error.where else ""
        return Finding("FAIL", what, f"{place}{error.reason}", error.remedy or "")


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


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _direct_dependencies() -> set[str]:
    try:
        lines = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        lines = []
    return {
        _plain(re.split(r"[^A-Za-z0-9_.-]", line, maxsplit=1)[0]) for line in lines if "extra ==" not in line
    }


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()  # the spelling that package names are compared by
