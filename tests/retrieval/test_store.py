"""The vector store embeds only what changed and never holds an id twice."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import WorkError
from models.retrieval.store import VectorStore, text_sha256

WIDTH = 4


def rows(texts: dict[str, str], encoder_id: str = "e1") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": list(texts),
            "dataset": ["d"] * len(texts),
            "encoder_id": [encoder_id] * len(texts),
            "text": list(texts.values()),
            "text_sha256": [text_sha256(text) for text in texts.values()],
        },
        schema_overrides=dict.fromkeys(("id", "dataset", "encoder_id", "text", "text_sha256"), pl.String),
    )


class Encoder:
    """Remembers which texts it was asked for."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, frame: pl.DataFrame) -> np.ndarray:
        self.seen += frame["text"].to_list()
        return np.array([vector_of(text) for text in frame["text"]], dtype=np.float32)


def vector_of(text: str) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(text_sha256(text))[:WIDTH], dtype=np.uint8).astype(np.float32)


def test_only_new_and_changed_texts_are_embedded(tmp_path: Path) -> None:
    store, first, second = VectorStore(tmp_path), Encoder(), Encoder()
    store.sync("reviews", rows({"a": "one", "b": "two", "c'": "three"}), first, WIDTH)
    result = store.sync("reviews", rows({"a": "one", "c'": "changed", "d": "new"}), second, WIDTH)
    assert sorted(first.seen) == ["one", "three", "two"]
    assert sorted(second.seen) == ["changed", "new"]
    assert (result.kept, result.embedded, result.removed) == (1, 2, 1)
    vectors = store.load("reviews")
    assert vectors.ids.tolist() == ["a", "c'", "d"]
    assert np.array_equal(vectors.matrix, [vector_of("one"), vector_of("changed"), vector_of("new")])


def test_nothing_new_touches_nothing(tmp_path: Path) -> None:
    store = VectorStore(tmp_path)
    store.sync("reviews", rows({"a": "one"}), Encoder(), WIDTH)
    before = sorted(path for path in tmp_path.rglob("*"))
    again = Encoder()
    store.sync("reviews", rows({"a": "one"}), again, WIDTH)
    assert again.seen == []
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_another_encoder_embeds_everything_again(tmp_path: Path) -> None:
    store, again = VectorStore(tmp_path), Encoder()
    store.sync("reviews", rows({"a": "one", "b": "two"}), Encoder(), WIDTH)
    result = store.sync("reviews", rows({"a": "one", "b": "two"}, "e2"), again, WIDTH)
    assert sorted(again.seen) == ["one", "two"]
    assert result.removed == 0
    assert set(store.load("reviews").encoder_ids) == {"e2"}


def test_vectors_of_another_length_replace_the_table(tmp_path: Path) -> None:
    store = VectorStore(tmp_path)
    store.sync("reviews", rows({"a": "one"}), Encoder(), WIDTH)
    store.sync("reviews", rows({"a": "one"}, "e2"), lambda frame: np.ones((frame.height, 2), np.float32), 2)
    assert store.load("reviews").matrix.shape == (1, 2)


def test_all_rows_may_vanish(tmp_path: Path) -> None:
    store = VectorStore(tmp_path)
    store.sync("reviews", rows({"a": "one"}), Encoder(), WIDTH)
    assert store.sync("reviews", rows({}), Encoder(), WIDTH).removed == 1
    assert store.load("reviews").matrix.shape == (0, WIDTH)


def test_a_killed_run_goes_on_after_the_last_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.retrieval.store.CHUNK", 2)
    texts = {f"id{n}": f"text {n}" for n in range(6)}
    calls: list[int] = []

    def dies(frame: pl.DataFrame) -> np.ndarray:
        calls.append(frame.height)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return Encoder()(frame)

    store, rest = VectorStore(tmp_path), Encoder()
    with pytest.raises(KeyboardInterrupt):
        store.sync("reviews", rows(texts), dies, WIDTH)
    store.sync("reviews", rows(texts), rest, WIDTH)
    assert len(rest.seen) == 4
    assert store.load("reviews").ids.tolist() == sorted(texts)


def test_duplicates_left_by_others_are_repaired(tmp_path: Path) -> None:
    store = VectorStore(tmp_path)
    store.sync("reviews", rows({"a": "one", "b": "two"}), Encoder(), WIDTH)
    table = store._connect().open_table("reviews")
    table.add(table.to_arrow())
    with pytest.raises(WorkError, match="more than one vector"):
        store.load("reviews")
    store.sync("reviews", rows({"a": "one", "b": "two"}), Encoder(), WIDTH)
    assert store.load("reviews").ids.tolist() == ["a", "b"]


def _sync_in_child(folder: str, out: multiprocessing.Queue[str]) -> None:
    try:
        VectorStore(Path(folder)).sync("reviews", rows({"b": "two"}), Encoder(), WIDTH)
        out.put("wrote")
    except WorkError as error:
        out.put(str(error))


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    out = context.Queue()
    with VectorStore(tmp_path)._writer():
        child = context.Process(target=_sync_in_child, args=(str(tmp_path), out))
        child.start()
        message = out.get(timeout=60)
        child.join(timeout=60)
    assert "another process is writing" in message


def test_a_missing_table_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WorkError, match="materialize vectors/users first"):
        VectorStore(tmp_path).load("users")


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=6), min_size=1, max_size=4)
)
def test_any_history_of_syncs_ends_like_a_fresh_store(
    tmp_path_factory: pytest.TempPathFactory, states: list[dict[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("history")
    lived, fresh = VectorStore(folder / "lived"), VectorStore(folder / "fresh")
    for state in states:
        lived.sync("reviews", rows(state), Encoder(), WIDTH)
    fresh.sync("reviews", rows(states[-1]), Encoder(), WIDTH)
    assert lived.load("reviews").sha256() == fresh.load("reviews").sha256()
