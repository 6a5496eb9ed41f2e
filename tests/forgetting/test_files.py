"""Databases, vectors, weights and exports: what goes is in no byte, the rest is as it was."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from models.forgetting.traces import Traces, pieces_of
from models.graph.weights import weights_stem
from models.retrieval.store import VectorStore, text_sha256
from models.retrieval.vectors import style_file
from pat_dagster.forgetting import databases, files
from pat_dagster.forgetting.subject import Row, Subject
from pat_dagster.settings import Settings

TEXT = "The kettle boils before I have found a cup, and it whistles like my aunt did."
WHO = Subject(
    users=(("d", "d:u1"),),
    reviews=("d:r1",),
    pieces=pieces_of([TEXT]),
    policies=(("style-0000", "why"),),
    iterations=("0000",),
    learned=("d",),
    sources=(Row("d", "a.json", 1),),
)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A file of 2,000 reviews, of which one in a thousand is theirs; texts are stored as they are."""
    path = tmp_path / "analytics.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("pragma force_compression = 'uncompressed'")
        con.execute("create schema staging")
        con.execute(
            "create table staging.reviews (user_id varchar not null, review_id varchar, text varchar)"
        )
        con.execute("comment on table staging.reviews is 'one row per review'")
        con.execute("comment on column staging.reviews.text is 'as written'")
        con.execute("create view staging.texts as select text from staging.reviews")
        rows = [
            ("d:u1", "d:r1", TEXT) if n % 1_000 == 500 else (f"d:v{n}", f"d:s{n}", f"text number {n}")
            for n in range(2_000)
        ]
        con.executemany("insert into staging.reviews values (?, ?, ?)", rows)
    return path


def test_deleting_alone_leaves_the_text_in_the_file(published: Path) -> None:
    """The control: why a file is written anew, and that the text could be seen in it."""
    with duckdb.connect(str(published)) as con:
        con.execute("delete from staging.reviews where user_id = 'd:u1'")
    assert TEXT.encode() in published.read_bytes()


def test_a_database_written_anew_holds_nothing_deleted(published: Path, tmp_path: Path) -> None:
    snapshots = tmp_path / "snapshots"
    snapshots.mkdir()
    os.link(published, snapshots / "iteration-0000.duckdb")
    (snapshots / "latest.duckdb").symlink_to("../analytics.duckdb")
    published.chmod(0o444)
    os.utime(published, (1_000_000_000, 1_000_000_000))
    found = databases.files(Settings(tmp_path))
    assert [len(file.names) for file in found] == [2], "one file with two names; a link is none"
    databases.clear_published(found[0], WHO)
    assert TEXT.encode() not in published.read_bytes() and b"d:u1" not in published.read_bytes()
    assert published.samefile(snapshots / "iteration-0000.duckdb")
    assert (snapshots / "latest.duckdb").resolve() == published
    assert published.stat().st_mode & 0o777 == 0o444 and published.stat().st_mtime == 1_000_000_000
    with duckdb.connect(str(published), read_only=True) as con:
        assert con.execute("select count(*) from staging.texts").fetchall() == [(1_998,)]
        assert con.execute("select comment from duckdb_tables()").fetchall() == [("one row per review",)]
        comments = con.execute("select comment from duckdb_columns() where table_name = 'reviews'").fetchall()
        assert ("as written",) in comments
        assert con.execute("select free_blocks from pragma_database_size()").fetchall() == [(0,)]
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "analytics.duckdb",
        "iteration-0000.duckdb",
        "latest.duckdb",
        "snapshots",
    ]


def test_readers_keep_the_file_they_opened(published: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(published), read_only=True) as reader:
        databases.clear_published(databases.files(Settings(tmp_path))[0], WHO)
        assert reader.execute("select count(*) from staging.reviews").fetchall() == [(2_000,)]


def test_vectors_written_anew_leave_no_id(tmp_path: Path) -> None:
    store = VectorStore(tmp_path)
    ids = [f"d:r{n}" for n in range(300)]
    rows = pl.DataFrame({"id": ids}).with_columns(
        dataset=pl.lit("d"),
        encoder_id=pl.lit("e"),
        text_sha256=pl.col("id").map_elements(text_sha256, return_dtype=pl.String),
    )
    store.sync("reviews", rows, lambda chunk: np.ones((chunk.height, 4), np.float32), 4)
    store.sync("reviews", rows[1:], lambda chunk: np.ones((chunk.height, 4), np.float32), 4)
    assert _holding(tmp_path, b"d:r0"), "the control: taking a row out leaves it in the files"
    assert store.count("reviews", ["d:r1", "d:r7", "d:r999"]) == 2
    assert store.rewrite("reviews", ["d:r1", "d:r7"]) == 2
    assert store.rewrite("reviews", ["d:r1"]) == 0
    assert not any(
        _holding(tmp_path, one + end) for one in (b"d:r0", b"d:r1", b"d:r7") for end in (b"d:", b"'")
    )
    assert len(store.load("reviews").ids) == 297
    assert store.tables() == ["reviews"]


def _holding(folder: Path, needle: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]


def test_weights_that_learned_from_them_go(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    kept = [settings.policies_path / "topic-0000" / "adapter_model.safetensors", style_file(tmp_path, "e")]
    gone = [
        settings.policies_path / "style-0000" / "adapter_model.safetensors",
        settings.policies_path / "controls" / "0000" / "style-0-true" / "adapter_model.safetensors",
        style_file(tmp_path, "d"),
        weights_stem(tmp_path, "d").with_suffix(".safetensors"),
    ]
    for path in (*kept, *gone):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"weights")
    files.clear(files.weights(settings, WHO))
    assert all(path.exists() for path in kept) and not any(path.exists() for path in gone)
    files.clear(files.weights(settings, WHO))


def test_reports_and_exports_that_quote_them_go(tmp_path: Path) -> None:
    settings, traces = Settings(tmp_path), WHO.traces
    for name, text in (("quoting", TEXT), ("other", "nothing of theirs is in here, whatever it says")):
        folder = tmp_path / f".export-{name}"
        folder.mkdir()
        noise = [hashlib.sha256(bytes([n])).hexdigest() for n in range(200)]
        cells = [f"{one} {text} {one}" for one in noise]
        pl.DataFrame({"text": cells}).write_parquet(folder / "mart.texts.parquet", statistics=False)
        (tmp_path / "reports").mkdir(exist_ok=True)
        (tmp_path / "reports" / f"{name}.html").write_text(f"<p>{text}</p>")
    (tmp_path / "export").symlink_to(".export-quoting")
    hidden = (tmp_path / ".export-quoting" / "mart.texts.parquet").read_bytes()
    assert not traces.in_bytes(hidden), "the control: it is compressed, so bytes do not tell"
    files.clear(files.made(settings, traces))
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert left == [".export-other", ".export-other/mart.texts.parquet", "reports", "reports/other.html"]


def test_exports_elsewhere_are_told(tmp_path: Path) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    home.mkdir()
    outside.mkdir()
    pl.DataFrame({"text": [TEXT]}).write_parquet(outside / "a.parquet")
    (home / "exports.yaml").write_text(f"- {outside}\n- {tmp_path / 'gone'}\n")
    assert files.exported_elsewhere(Settings(home), WHO.traces) == [outside]
    assert files.exported_elsewhere(Settings(home), Traces(("d:u9",), ())) == []


def test_what_somebody_else_put_into_the_home_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(f"copied: {TEXT}")
    (tmp_path / "ok.txt").write_text("nothing")
    assert files.remaining(Settings(tmp_path), WHO.traces, []) == [tmp_path / "notes.txt"]


def test_a_subject_survives_its_journal() -> None:
    assert Subject.from_json(WHO.to_json()) == WHO
