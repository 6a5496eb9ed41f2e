"""SIGKILL at random moments of `pat run`, then the same command: nothing is lost and nothing differs."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import dagster as dg
import pytest

from pat_dagster.doctor.databases import database
from pat_dagster.doctor.findings import Finding
from pat_dagster.leftovers import half_written
from pat_dagster.recovery import cut_off_runs
from pat_dagster.settings import Settings
from tests import homes
from tests.crash.contents import contents, differences
from tests.crash.timeline import Moment, Timeline, named_in

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("PAT_KILLS", "15"))
SEED = 20_261_121
SETTLED = "tables are unchanged"  # said before the tables that are not
PATIENCE = 600.0  # seconds for one process; a kill that is not reached by then never will be


class Run:
    """`pat run` in a process of its own, and the lines it says as it says them."""

    def __init__(self, home: Path, arguments: list[str]) -> None:
        self.process = subprocess.Popen(
            homes.command(home, *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=homes.environment(),
            start_new_session=True,
        )
        self.said: list[str] = []
        self.lines: Queue[str | None] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def wait_for(self, asset: str | None, done: set[str]) -> bool:
        """Until the asset is finished, now or before (`done`); False when the process ended first."""
        if asset is None:
            return True
        while (line := self.lines.get(timeout=PATIENCE)) is not None:
            self.said.append(line)
            if named_in(line) == asset or (asset in done and SETTLED in line):
                return True
        return False

    @property
    def finished(self) -> set[str]:
        """Assets of which it has said so."""
        return {name for line in self.said if (name := named_in(line)) is not None}

    def kill(self, delay: float) -> bool:
        """SIGKILL after some seconds; False when the process ended by itself before."""
        time.sleep(delay)
        struck = self.process.poll() is None
        if struck:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        while True:
            try:
                line = self.lines.get(timeout=1)
            except Empty:
                break
            if line is None:
                break
            self.said.append(line)
        return struck

    def end(self) -> int:
        """The exit code, after the last line."""
        while (line := self.lines.get(timeout=PATIENCE)) is not None:
            self.said.append(line)
        return self.process.wait()


def where(settings: Settings) -> str:
    """What the killed run was at, as Dagster knows it."""
    if not (settings.dagster_home / "history").exists():
        return "before its first run began"
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        found = cut_off_runs(instance, settings)
    return f"at {found[0].step}" if found else "between runs"


def unreadable(settings: Settings) -> list[Finding]:
    """What `pat doctor` says about the two files of a home that was killed; nothing, at any time."""
    paths = (settings.warehouse_path, settings.analytics_path)
    return [finding for path in paths for finding in database(path) if finding.level != "OK"]


def test_killed_at_random_moments_it_ends_with_the_same_bytes(
    finished_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    undisturbed = Settings(finished_home)
    timeline = Timeline.of(undisturbed)
    settings = Settings(tmp_path / "home")
    arguments = list(homes.run_arguments(tmp_path))
    struck: list[str] = []
    done: set[str] = set()
    last: Moment | None = None
    for moment in timeline.moments(KILLS, SEED):
        delay = moment.delay
        if last is not None and last.after == moment.after:
            delay -= last.delay  # finished batches are not written again
        run = Run(settings.home, arguments)
        reached = run.wait_for(moment.after, done)
        if not run.kill(delay if reached else 0.0):
            assert run.process.returncode == 0, "".join(run.said)[-2000:]
            break  # through; the moments left lie behind its end
        struck.append(f"{moment.at:6.1f} s of {timeline.seconds:.1f}: {where(settings)}")
        with capsys.disabled():
            print(f"\nkill {len(struck):2}  {struck[-1]}", end="", flush=True)
        assert unreadable(settings) == []
        done |= run.finished
        last = moment
    report: Any = "\n".join(struck)
    final = Run(settings.home, arguments)
    assert final.end() == 0, "".join(final.said)[-2000:]
    assert len(struck) == KILLS, report
    assert differences(contents(undisturbed), contents(settings)) == [], report
    assert half_written(settings) == []
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        assert {run.status.value for run in instance.get_runs()} <= {"SUCCESS", "FAILURE"}
