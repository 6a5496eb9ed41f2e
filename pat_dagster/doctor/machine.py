"""The machine: Python, packages, disk."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from pat_dagster.doctor.findings import Finding, Level
from pat_dagster.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
DISTRIBUTION = "pat-warehouse"
PYTHON = (3, 11)
GIB = 2**30
DISK_FAIL = 0.5  # GiB beyond what the home's own files need; a run of the sample writes about 0.1
DISK_WARN = 5.0  # GiB; room for a corpus of a million reviews


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


def disk_space(settings: Settings) -> Iterator[Finding]:
    """Free space where the home lies, or will lie, against what the next run writes beside what is there."""
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free, needed = shutil.disk_usage(folder).free / GIB, room_needed(settings) / GIB
    least = DISK_FAIL + needed
    level: Level = "FAIL" if free < least else "WARN" if free < DISK_WARN + needed else "OK"
    remedy = "" if level == "OK" else "free some space, or choose another folder with --home"
    copies = f", {needed:.1f} of it for copies during a run" if needed >= 0.1 else ""
    detail = f"{free:.1f} GiB free at {folder}"
    if level != "OK":
        detail += f"; a run wants {least if level == 'FAIL' else DISK_WARN + needed:.1f} GiB{copies}"
    yield Finding(level, "disk space", detail, remedy)


def room_needed(settings: Settings) -> int:
    """Bytes that a run writes beside their old version: the published copy, the largest vector table."""
    warehouse = settings.warehouse_path.stat().st_size if settings.warehouse_path.exists() else 0
    vectors = [
        sum(file.stat().st_size for file in table.rglob("*") if file.is_file())
        for table in settings.vectors_path.glob("*.lance")
    ]
    return warehouse + max(vectors, default=0)


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
