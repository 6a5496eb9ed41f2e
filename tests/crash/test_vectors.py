"""The vector store after a kill at any moment: the next sync ends with the same vectors."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import lancedb
import numpy as np
import polars as pl
import pytest

from models.errors import WorkError
from models.retrieval import store as stores
from models.retrieval.store import VectorStore, text_sha256

ROWS, DIMENSIONS, CHUNK = 50, 4, 8


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


def rows(n: int = ROWS) -> pl.DataFrame:
    ids = [f"r{number:03}" for number in range(n)]
    return pl.DataFrame(
        {
            "id": ids,
            "dataset": "d",
            "encoder_id": "e",
            "text_sha256": [text_sha256(name) for name in ids],
        }
    )


def encode(chunk: pl.DataFrame) -> np.ndarray:
    """What a model does to a batch: the numbers depend a little on which texts are in it."""
    numbers = np.array([int(name[1:]) for name in chunk["id"]], np.float32)
    return np.stack([numbers + column + 1e-3 * chunk.height for column in range(DIMENSIONS)], axis=1)


def dying(after: int) -> Callable[[pl.DataFrame], np.ndarray]:
    calls = 0

    def one(chunk: pl.DataFrame) -> np.ndarray:
        nonlocal calls
        calls += 1
        if calls > after:
            raise Killed
        return encode(chunk)

    return one


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "CHUNK", CHUNK)


@pytest.fixture
def undisturbed(tmp_path: Path) -> str:
    store = VectorStore(tmp_path / "undisturbed")
    store.sync("reviews", rows(), encode, DIMENSIONS)
    return store.load("reviews").sha256()


@pytest.mark.parametrize("after", [0, 1, 3, 6])
def test_killed_between_chunks(tmp_path: Path, undisturbed: str, after: int) -> None:
    store = VectorStore(tmp_path / "killed")
    with pytest.raises(Killed):
        store.sync("reviews", rows(), dying(after), DIMENSIONS)
    done = store.sync("reviews", rows(), encode, DIMENSIONS)
    assert done.kept == after * CHUNK  # finished chunks are not embedded again
    assert store.load("reviews").sha256() == undisturbed


def test_killed_before_compaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = VectorStore(tmp_path)
    store.sync("reviews", rows(), encode, DIMENSIONS)
    with monkeypatch.context() as patched:
        patched.setattr(stores, "_compact", lambda table: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            store.sync("reviews", rows(ROWS - 1), encode, DIMENSIONS)
    store.sync("reviews", rows(ROWS - 1), encode, DIMENSIONS)  # has nothing else to do
    assert len(lancedb.connect(tmp_path).open_table("reviews").list_versions()) == 1


@pytest.mark.parametrize("damage", ["no version", "empty folder", "no data", "cut data"])
def test_a_damaged_table_is_written_anew(tmp_path: Path, undisturbed: str, damage: str) -> None:
    store = VectorStore(tmp_path / "damaged")
    store.sync("reviews", rows(), encode, DIMENSIONS)
    folder = tmp_path / "damaged" / "reviews.lance"
    if damage == "no version":
        shutil.rmtree(folder / "_versions")
    elif damage == "empty folder":
        shutil.rmtree(folder)
        folder.mkdir()
    else:
        for path in (folder / "data").iterdir():
            path.unlink() if damage == "no data" else path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(WorkError, match="materialize"):
        store.load("reviews")
    assert store.sync("reviews", rows(), encode, DIMENSIONS).embedded == ROWS
    assert store.load("reviews").sha256() == undisturbed
