"""A running `dagster dev` on a home, for tests that need its daemon, its queue or its pages."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from tests import homes

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 300.0  # seconds: definitions load in ten, beside other work in a minute
PAUSE = 0.3


@contextmanager
def dagster_dev(home: Path, log: Path) -> Iterator[str]:
    """`make ui` on a home; yields its address, and leaves no process behind."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = homes.environment({"PAT_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")})
    command = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", "-p", str(port)]
    address = f"http://127.0.0.1:{port}"
    with log.open("w") as stream:
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=stream, stderr=stream, start_new_session=True
        )
        try:
            wait(lambda: process.poll() is not None or _answers(address), f"dagster dev, see {log}")
            assert process.poll() is None, log.read_text()[-2000:]
            yield address
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=PATIENCE)


def wait(until: Callable[[], Any], what: str) -> Any:
    """What `until` returns as soon as it is true; AssertionError after `PATIENCE` seconds."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := until():
            return found
        time.sleep(PAUSE)
    raise AssertionError(f"waited {PATIENCE:.0f} s for {what}")


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5) as reply:
            return bool(reply.status == 200)
    except (URLError, TimeoutError, ConnectionError):
        return False
