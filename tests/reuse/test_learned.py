"""What was learned stays while few of its rows change."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from models.learned import COLUMNS, Keeping, LearnedFrom, row_hashes


def rows(*numbers: int, text: str = "text") -> pl.DataFrame:
    return pl.DataFrame(
        [{name: f"{name} {number}" for name in COLUMNS} | {"text": f"{text} {number}"} for number in numbers],
        schema=dict.fromkeys(COLUMNS, pl.String),
    )


HUNDRED = rows(*range(100))


def test_little_changed_stays_and_much_does_not(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path, 0.1)
    assert keeping.changed_share("style:d", "key", HUNDRED, "result") is None
    keeping.note("style:d", "key", HUNDRED, "result")

    def share(now: pl.DataFrame) -> float | None:
        return keeping.changed_share("style:d", "key", now, "result")

    assert share(HUNDRED) == 0.0
    assert share(HUNDRED.reverse()) == 0.0
    assert share(rows(*range(105))) == 0.05
    assert share(rows(*range(5, 100))) == 0.05
    assert share(pl.concat([rows(*range(5), text="edited"), rows(*range(5, 100))])) == 0.05
    assert share(rows(*range(110))) == 0.1
    assert share(rows(*range(111))) is None


def test_other_settings_other_results_and_other_names_do_not_stay(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path, 1.0)
    keeping.note("style:d", "key", HUNDRED, "result")
    assert keeping.changed_share("style:d", "key", HUNDRED, "result") == 0.0
    assert keeping.changed_share("style:d", "other key", HUNDRED, "result") is None
    assert keeping.changed_share("style:d", "key", HUNDRED, "somebody wrote over it") is None
    assert keeping.changed_share("style:../d", "key", HUNDRED, "result") is None
    assert Keeping(tmp_path, 1.0, anew=True).changed_share("style:d", "key", HUNDRED, "result") is None


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path, 1.0)
    keeping.note("style:d", "key", HUNDRED, "result")
    keeping.path("style:d").write_bytes(b"no tensors")
    assert keeping.changed_share("style:d", "key", HUNDRED, "result") is None


def test_nothing_can_be_read_in_what_is_kept(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path, 1.0)
    keeping.note("style:d", "key", rows(7, text="a secret"), "result")
    [path] = tmp_path.iterdir()
    assert b"secret" not in path.read_bytes()
    found = LearnedFrom.load(path)
    assert found is not None
    assert found.rows.tolist() == row_hashes(rows(7, text="a secret")).tolist()


def test_something_learned_from_nothing_is_learned_anew_when_there_is_something(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path, 0.5)
    keeping.note("style:d", "key", rows(), "result")
    assert keeping.changed_share("style:d", "key", rows(), "result") == 0.0
    assert keeping.changed_share("style:d", "key", rows(1), "result") is None
