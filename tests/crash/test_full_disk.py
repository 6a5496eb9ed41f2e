"""`pat run` on a disk that is too small, again and again with a little more room: it says so, and goes on."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pat_dagster.full_disk import full_disk, says_full
from pat_dagster.leftovers import half_written
from pat_dagster.settings import Settings
from tests import homes
from tests.crash.contents import contents, differences

MIB = 2**20
FIRST = 1 * MIB  # not even Dagster's own databases fit
STEPS = (3 * MIB, 9 * MIB, 18 * MIB)  # inside ingest, training, publishing, as the home grows


def mount(folder: Path, size: int, *, again: bool = False) -> bool:
    """A disk of `size` bytes in memory; False where this user may not mount one."""
    options = f"{'remount,' if again else ''}size={size}"
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    return (
        shutil.which("mount") is not None
        and subprocess.run(command, check=False, capture_output=True).returncode == 0
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mount(folder, FIRST):
        pytest.skip("this user may not mount a tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_is_named_and_nothing_is_lost(
    finished_home: Path, small_disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(small_disk / "home")
    arguments = homes.run_arguments(tmp_path)
    for room in (FIRST, *STEPS):
        assert mount(small_disk, room, again=True)
        done = homes.pat(settings.home, *arguments)
        assert done.returncode == 1, (room, done.stdout[-500:], done.stderr[-500:])
        assert "the disk is full" in done.stderr and "make room" in done.stderr, (room, done.stderr[-500:])
        assert "Traceback" not in done.stderr
        with capsys.disabled():
            print(f"\n{room / MIB:4.0f} MiB  {done.stderr.splitlines()[-2]}", end="", flush=True)
        assert not settings.analytics_path.exists()  # nothing half-published
    assert mount(small_disk, 1024 * MIB, again=True)
    done = homes.pat(settings.home, *arguments)
    assert done.returncode == 0, done.stderr[-2000:]
    assert differences(contents(Settings(finished_home)), contents(settings)) == []
    assert half_written(settings) == []


def test_libraries_say_it_in_their_own_words(tmp_path: Path) -> None:
    assert says_full("[Errno 28] No space left on device: 'x'", tmp_path)
    assert says_full("(sqlite3.OperationalError) database or disk is full", tmp_path)
    assert says_full("IO Error: Could not write file: No space left on device", tmp_path)
    assert says_full("lance error: LanceError(IO): ... (os error 28)", tmp_path)
    assert not says_full("disk I/O error", tmp_path)  # there is room: it is something else
    assert not says_full("IO Error: Could not set lock on file", tmp_path)


def test_the_message_says_where_and_what_to_do(tmp_path: Path) -> None:
    error = full_disk("vectors.reviews", tmp_path / "not" / "there" / "yet")
    assert error.where == "vectors.reviews" and str(tmp_path) in error.reason and error.remedy


def test_words_of_a_really_full_disk(small_disk: Path) -> None:
    with pytest.raises(OSError, match="space") as caught:
        (small_disk / "large").write_bytes(bytes(2 * FIRST))
    assert says_full(str(caught.value), small_disk)
    with pytest.raises(duckdb.Error) as found:
        fill(small_disk / "a.duckdb")
    assert says_full(str(found.value), small_disk)


def fill(path: Path) -> None:
    with duckdb.connect(str(path)) as con:
        con.execute("create table t as select range::varchar as x from range(1000000)")
