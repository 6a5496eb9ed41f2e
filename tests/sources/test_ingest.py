"""Sources into the warehouse: one transaction per file, nothing half-written, nothing done twice."""

import json
import subprocess
import sys
from contextlib import nullcontext
from types import SimpleNamespace

import duckdb
import pytest

from models.errors import InputError
from models.sources import SourceSpec
from models.sources.ingest import ingest
from pat_dagster import tables
from pat_dagster.assets.ingest import FILES, REJECTED, REVIEWS, TABLES, WarehouseStore
from pat_dagster.resources.warehouse import SQL_ROOT


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        connection.execute((SQL_ROOT / "macros.sql").read_text(encoding="utf-8"))
        yield connection


def run(con, *specs: SourceSpec) -> list[str]:
    """Ingest and return the status of every source."""
    outcomes = ingest(
        specs, WarehouseStore(con), lambda *_: nullcontext(SimpleNamespace(update=lambda _: None))
    )
    return [outcome.status for outcome in outcomes]


def content(con) -> list[str]:
    return [tables.fingerprint(con, table)[0] for table in TABLES]


def counts(con) -> list[int]:
    return [tables.fingerprint(con, table)[1] for table in TABLES]


@pytest.fixture
def lines(save, amazon):
    """A file of reviews by name; each review is (user, text)."""

    def write(name: str, *reviews: tuple[str, str]) -> SourceSpec:
        text = "\n".join(json.dumps(amazon(user_id=user, text=text)) for user, text in reviews)
        return SourceSpec(str(save(name, text)), "d")

    return write


def test_rows_land_and_add_up(con, lines):
    assert run(con, lines("a.jsonl", ("u1", "x"), ("u1", "x"), ("u2", ""), ("u3", "z"))) == ["read"]
    assert counts(con) == [2, 1, 1]
    row = tables.read(con, FILES).row(0, named=True)
    assert (row["rows_read"], row["rows_accepted"], row["rows_rejected"], row["rows_duplicate"]) == (
        4,
        2,
        1,
        1,
    )
    assert (row["format"], row["ingest_order"], len(row["sha256"])) == ("amazon2023", 1, 64)


def test_the_same_file_twice_changes_nothing(con, lines):
    spec = lines("a.jsonl", ("u1", "x"), ("u2", ""))
    run(con, spec)
    before = content(con)
    assert run(con, spec) == ["unchanged"]
    assert content(con) == before


def test_an_edited_row_replaces_its_old_self(con, lines):
    run(con, lines("a.jsonl", ("u1", "x"), ("u2", "y")), lines("b.jsonl", ("u9", "z")))
    old = tables.read(con, REVIEWS)
    assert run(con, lines("a.jsonl", ("u1", "x"), ("u2", "edited")), lines("b.jsonl", ("u9", "z"))) == [
        "read",
        "unchanged",
    ]
    new = tables.read(con, REVIEWS)
    assert sorted(new["review_id"]) == sorted(old["review_id"])
    assert sorted(new["text"]) == ["edited", "x", "z"]
    orders = dict(tables.read(con, FILES).select("source_file", "ingest_order").iter_rows())
    assert [order for _, order in sorted(orders.items())] == [3, 2]  # read later, so it wins


def test_another_split_or_mapping_reads_the_file_again(con, lines):
    spec = lines("a.jsonl", ("u1", "x"))
    run(con, spec)
    assert run(con, SourceSpec(spec.path, "d", split="test")) == ["read"]
    assert set(tables.read(con, REVIEWS)["split"]) == {"test"}
    columns = {"user": "user_id", "topic": "asin", "text": "text", "rating": "rating"}
    assert run(con, SourceSpec(spec.path, "d", split="test", columns=columns)) == ["read"]
    assert counts(con) == [1, 0, 1]


def test_one_file_under_two_datasets_stays_apart(con, lines):
    spec = lines("a.jsonl", ("u1", "x"))
    assert run(con, spec, SourceSpec(spec.path, "e")) == ["read", "read"]
    assert sorted(tables.read(con, REVIEWS)["user_id"]) == ["d:u1", "e:u1"]


def test_a_source_that_is_no_longer_registered_leaves(con, lines):
    a, b = lines("a.jsonl", ("u1", "x")), lines("b.jsonl", ("u2", "y"), ("u3", ""))
    run(con, a, b)
    assert run(con, a) == ["unchanged", "removed"]
    assert counts(con) == [1, 0, 1]


def test_a_file_that_breaks_in_the_middle_keeps_the_rows_it_had(con, save, monkeypatch):
    monkeypatch.setattr("models.sources.reader.BATCH_ROWS", 2)  # several batches are written before it breaks
    profile = [{"id": f"u{i}", "profile": [{"text": f"t{i}", "rating": 1, "pid": "p"}]} for i in range(9)]
    good = save("good.json", profile)
    path = save("a.json", profile[:3])
    specs = SourceSpec(str(good), "d"), SourceSpec(str(path), "e")
    run(con, *specs)
    before = content(con)
    path.write_text(json.dumps(profile)[:-30], encoding="utf-8")
    with pytest.raises(InputError, match="ends too early"):
        run(con, *specs)
    assert content(con) == before


def test_a_name_that_is_wrong_ends_the_run_before_it_writes(con, lines, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        run(con, lines("a.jsonl", ("u1", "x")), SourceSpec(str(tmp_path / "absent"), "d"))
    assert counts(con) == [0, 0, 0]


def test_a_full_store_rolls_back(con, lines, monkeypatch):
    monkeypatch.setattr(WarehouseStore, "add_file", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        run(con, lines("a.jsonl", ("u1", "x"), ("u2", "")))
    assert counts(con) == [0, 0, 0]


def test_nothing_usable_is_an_error_that_says_why_and_keeps_the_records(con, lines):
    with pytest.raises(InputError, match=r"none of 2 rows is usable \(2 times: text is empty\)"):
        run(con, lines("a.jsonl", ("u1", ""), ("u2", " ")))
    assert tables.read(con, REJECTED)["source_row"].to_list() == [1, 2]


def test_no_source_is_an_error(con):
    with pytest.raises(InputError, match="no source is registered"):
        run(con)


def test_texts_survive_the_database(con, lines):
    texts = ["a\r\nb", "e\u0301", " 😀 ", "'; drop table raw.reviews; --", "a\u2028b", "\x01\x7f"]
    run(con, lines("a.jsonl", *((f"u{n}", text) for n, text in enumerate(texts))))
    assert tables.read(con, REVIEWS).sort("source_row")["text"].to_list() == texts


KILLED = """
import sys, time, duckdb
from contextlib import nullcontext
from types import SimpleNamespace
from models.sources import SourceSpec
from models.sources.ingest import ingest
from pat_dagster.assets.ingest import WarehouseStore

class Slow(WarehouseStore):
    def add_file(self, row):
        super().add_file(row)
        print("written", flush=True)
        time.sleep(60)

con = duckdb.connect(sys.argv[1])
bar = lambda *_: nullcontext(SimpleNamespace(update=lambda _: None))
ingest([SourceSpec(sys.argv[2], "d")], Slow(con), bar)
"""


def test_a_killed_ingest_leaves_what_was_there(tmp_path, lines):
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as con:
        run(con, lines("a.jsonl", ("u1", "old")))
    spec = lines("a.jsonl", ("u1", "new"), ("u2", "new"))
    command = [sys.executable, "-c", KILLED, str(warehouse), spec.path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=SQL_ROOT.parent) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"written\n"  # every row is written, nothing is committed
        child.kill()
    with duckdb.connect(str(warehouse)) as con:
        assert tables.read(con, REVIEWS)["text"].to_list() == ["old"]
        assert run(con, spec) == ["read"]
        assert tables.read(con, REVIEWS)["text"].to_list() == ["new", "new"]
