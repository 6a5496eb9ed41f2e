"""What a night costs beside a full refresh of the same corpus, stage by stage: seconds, processor, memory.

    python benchmarks/refresh.py [FILE]         default: the Amazon dev corpus of PGraphRAG, 2,496 users
    python benchmarks/refresh.py --users 50000  sample worlds side by side, each with texts of its own

Three runs of the jobs `refresh` and `publish`, each in a process of its own: of all reviews but a hundredth,
drawn by hash, into an empty home; of that hundredth as a new file; and of nothing new. Looks in $PAT_CORPORA
for corpora, else in ../shared/data/pgraphrag. Goal: the second costs less than a tenth of the first. Seconds
of the processor are the measure: on a busy machine they say more than those of the clock.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import duckdb
import psutil

from models.sample import build_world
from models.sources import read_source
from pat_dagster.commands.options import source_specs
from pat_dagster.home import prepare, register_sources, set_process_environment
from pat_dagster.settings import Settings

GOAL = 0.10
NEW = 100  # one review of so many is new
PERIOD = 0.1  # seconds between two readings
SHOWN = 0.2  # processor seconds; what costs less is summed up in one line
FIELDS = ("user", "topic", "title", "text", "rating")
JOBS = "import sys; from benchmarks.refresh import refresh; refresh(sys.argv[1:])"


@dataclass(frozen=True)
class Reading:
    """Processor seconds since the start and resident memory in bytes, at one time."""

    at: datetime
    processor: float
    memory: int


@dataclass(frozen=True)
class Measured:
    """One run: per table its processor seconds, then all of it."""

    tables: dict[str, float]
    seconds: float
    processor: float
    memory: int


def refresh(files: Sequence[str]) -> None:
    """The start of a night that brings some files, and what readers get of it, on the home of PAT_HOME."""
    settings = Settings.from_env()
    prepare(settings)
    if files:
        register_sources(settings, source_specs(list(files), ["table"], ["corpus"]))
    import dagster as dg

    from pat_dagster.definitions import defs
    from pat_dagster.jobs import PUBLISH_JOB, REFRESH_JOB
    from pat_dagster.runner import execute

    with dg.DagsterInstance.get() as instance:
        for job in (REFRESH_JOB, PUBLISH_JOB):
            execute(defs, instance, job)


def measure(home: Path, *files: Path) -> Measured:
    """Run `refresh` in a process of its own and sort its readings into the tables of the ledger."""
    begun, started = datetime.now(UTC).replace(tzinfo=None), time.monotonic()
    command = [sys.executable, "-W", "ignore", "-c", JOBS, *map(str, files)]
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"PAT_HOME": str(home)})
    readings = []
    while process.poll() is None:
        try:
            used = process.cpu_times()
            readings.append(
                Reading(
                    datetime.now(UTC).replace(tzinfo=None), used.user + used.system, process.memory_info().rss
                )
            )
        except psutil.NoSuchProcess:
            break
        time.sleep(PERIOD)
    if process.wait():
        raise SystemExit(f"the refresh of {home} ended with {process.returncode}")
    seconds = time.monotonic() - started
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        made = con.execute(
            "select table_name, started_at, seconds from ops.materializations where started_at >= ? "
            "order by started_at",
            [begun],
        ).fetchall()
    tables = {
        table: spent(readings, started_at, started_at + timedelta(seconds=took))
        for table, started_at, took in made
    }
    highest = max(reading.memory for reading in readings)
    return Measured(tables, seconds, readings[-1].processor, highest)


def spent(readings: Sequence[Reading], begun: datetime, ended: datetime) -> float:
    """Processor seconds between two times."""
    inside = [reading.processor for reading in readings if begun <= reading.at <= ended]
    return inside[-1] - inside[0] if inside else 0.0


def worlds(users: int) -> Iterator[dict[str, object]]:
    """Reviews of sample worlds until there are so many users."""
    seen: set[str] = set()
    for seed in count(1_000):
        for review in build_world(seed).reviews():
            user, topic = f"{seed}-{review['user_id']}", f"{seed}-{review['topic_id']}"
            if user not in seen and len(seen) == users:
                return
            seen.add(user)
            yield {**{name: review[name] for name in FIELDS[2:]}, "user": user, "topic": topic}


def corpus(file: Path) -> Iterator[dict[str, object]]:
    """Reviews of a PGraphRAG file."""
    [spec] = source_specs([str(file)], ["pgraphrag"])
    for batch in read_source(spec):
        for row in batch.accepted.to_pylist():
            rest = {name: row[name] for name in FIELDS[2:]}
            yield {"user": row["user_id"], "topic": row["topic_id"], **rest}


def divided(rows: Iterator[dict[str, object]], folder: Path) -> tuple[Path, Path, int, int]:
    """(old file, new file, reviews, new ones): whether a review is new is decided by its hash."""
    old, new = folder / "old.jsonl", folder / "new.jsonl"
    n_rows = n_new = 0
    with old.open("w", encoding="utf-8") as kept, new.open("w", encoding="utf-8") as landed:
        for row in rows:
            line = json.dumps(row, ensure_ascii=False)
            is_new = int(hashlib.sha256(line.encode()).hexdigest(), 16) % NEW == 0
            (landed if is_new else kept).write(line + "\n")
            n_rows, n_new = n_rows + 1, n_new + is_new
    return old, new, n_rows, n_new


def show(full: Measured, night: Measured, idle: Measured) -> None:
    """One line per table that costs something, the rest in one, then all of it."""
    print(f"{'':36}{'full':>10}{'night':>10}{'ratio':>8}{'nothing new':>13}")
    names = [name for name, took in full.tables.items() if took >= SHOWN]
    rest = [
        sum(took for name, took in one.tables.items() if name not in names) for one in (full, night, idle)
    ]
    lines = [(name, *(one.tables.get(name, 0.0) for one in (full, night, idle))) for name in names]
    lines.append(("other tables", *rest))
    lines.append(("tables", *(sum(one.tables.values()) for one in (full, night, idle))))
    lines.append(("all, with start and checks", full.processor, night.processor, idle.processor))
    for name, *values in lines:
        ratio = f"{values[1] / values[0]:>8.1%}" if values[0] else f"{'':>8}"
        print(f"{name:36}{values[0]:>9.1f}s{values[1]:>9.1f}s{ratio}{values[2]:>12.1f}s")
    for name, of in (("by the clock", "seconds"), ("highest memory, MiB", "memory")):
        unit = 1 if of == "seconds" else 2**20
        values = [getattr(one, of) / unit for one in (full, night, idle)]
        print(f"{name:36}{values[0]:>9.0f} {values[1]:>9.0f} {values[1] / values[0]:>8.1%}{values[2]:>12.0f}")


def main() -> int:
    """Print the table; 1 when the night misses the goal."""
    set_process_environment()
    corpora = Path(os.environ.get("PAT_CORPORA") or Path(__file__).parents[2] / "shared/data/pgraphrag")
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("file", nargs="?", type=Path, default=corpora / "amazon_dev.json")
    options.add_argument("--users", type=int, help="sample worlds instead of a file")
    options.add_argument("--homes", type=Path, help="where homes are made and left; else they are removed")
    chosen = options.parse_args()
    if not chosen.users and not chosen.file.exists():
        print(f"{chosen.file.name}: not here; set PAT_CORPORA to the folder of the PGraphRAG files")
        return 0
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    with tempfile.TemporaryDirectory() as removed:
        folder = chosen.homes or Path(removed)
        folder.mkdir(parents=True, exist_ok=True)
        rows = worlds(chosen.users) if chosen.users else corpus(chosen.file)
        old, new, n_rows, n_new = divided(rows, folder)
        print(f"{n_rows:,} reviews, {n_new:,} of them new")
        full = measure(folder / "home", old)
        night = measure(folder / "home", new)
        idle = measure(folder / "home")
    show(full, night, idle)
    ratio = night.processor / full.processor
    print(f"a night costs {ratio:.1%} of a full refresh, {'within' if ratio < GOAL else 'MISSES'} {GOAL:.0%}")
    return int(ratio >= GOAL)


if __name__ == "__main__":
    sys.exit(main())
