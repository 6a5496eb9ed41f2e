"""Landing folders: whole files are read, half-written ones wait, and nothing is lost with a folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from models.errors import InputError
from models.sources import SourceSpec
from models.sources.ingest import FileRow, Outcome
from pat_dagster import landing
from pat_dagster.landing import Landed, Plan
from pat_dagster.operations import ReviewFolder, load_operations

NOW = 1_800_000_000.0
SETTLE = 60.0


@pytest.fixture
def place(tmp_path: Path) -> ReviewFolder:
    (tmp_path / "in").mkdir()
    return ReviewFolder(folder=tmp_path / "in", dataset="shop")


def put(place: ReviewFolder, name: str, age: float = 3600, text: str = "x") -> Path:
    path = place.folder / name
    path.write_text(text, encoding="utf-8")
    os.utime(path, (NOW - age, NOW - age))
    return path


def look(place: ReviewFolder, wait: object = None) -> dict[str, str]:
    found = landing.look(place, SETTLE, wait=wait, clock=lambda: NOW)  # type: ignore[arg-type]
    return {one.path.name: one.problem for one in found}


def test_files_in_order_of_their_names_hidden_ones_left_out(place: ReviewFolder) -> None:
    for name in ("b.jsonl", "a.csv", ".c.csv"):
        put(place, name)
    (place.folder / "folder").mkdir()
    assert look(place) == {"a.csv": "", "b.jsonl": ""}


def test_a_pattern_chooses(place: ReviewFolder) -> None:
    put(place, "a.csv")
    put(place, "readme.txt")
    assert look(place.model_copy(update={"pattern": "*.csv"})) == {"a.csv": ""}


@pytest.mark.parametrize("name", ["a.csv.part", "a.jsonl.TMP", "a.csv~", "a.crdownload"])
def test_a_name_says_that_a_file_is_unfinished(place: ReviewFolder, name: str) -> None:
    put(place, name)
    assert "still being written" in look(place)[name]


def test_a_young_file_is_waited_for_and_read_when_it_stayed_the_same(place: ReviewFolder) -> None:
    put(place, "young.csv", age=10)
    put(place, "younger.csv", age=4)
    waited: list[float] = []
    assert look(place, waited.append) == {"young.csv": "", "younger.csv": ""}
    assert waited == [56.0]


def test_nobody_waits_for_old_files(place: ReviewFolder) -> None:
    put(place, "old.csv", age=61)
    waited: list[float] = []
    look(place, waited.append)
    assert not waited


def test_a_file_that_grows_is_left_for_the_next_night(place: ReviewFolder) -> None:
    grows, put_by = put(place, "grows.csv", age=1), put(place, "whole.csv", age=1)

    def writer(_: float) -> None:
        grows.write_text("more", encoding="utf-8")

    assert look(place, writer) == {"grows.csv": "it is being written", "whole.csv": ""}
    assert put_by.exists()


def test_a_file_that_disappears_meanwhile_is_not_read(place: ReviewFolder) -> None:
    gone = put(place, "gone.csv", age=1)
    assert look(place, lambda _: gone.unlink()) == {"gone.csv": "it is being written"}


def test_a_clock_that_is_ahead_does_not_keep_a_file_out_for_ever(place: ReviewFolder) -> None:
    put(place, "future.csv", age=-86_400)
    waited: list[float] = []
    assert look(place, waited.append) == {"future.csv": ""}
    assert waited == [SETTLE]


def test_without_waiting_a_young_file_is_reported(place: ReviewFolder) -> None:
    put(place, "young.csv", age=1)
    assert look(place, None) == {"young.csv": "it is being written"}


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take UTF-8 alone")
def test_a_name_that_is_no_text_is_refused(place: ReviewFolder) -> None:
    (place.folder / os.fsdecode(b"caf\xe9.csv")).write_text("x")
    (found,) = landing.look(place, 0)
    assert found.problem == "its name is not UTF-8"
    assert landing.printable(found.path).endswith("caf\\udce9.csv")


# What is planned


def spec(place: ReviewFolder, name: str) -> SourceSpec:
    return place.source(place.folder / name)


def key(place: ReviewFolder, name: str) -> tuple[str, str]:
    return str(place.folder / name), place.dataset


def plan(place: ReviewFolder, known: set[tuple[str, str]], landed: list[Landed] | None) -> Plan:
    def look_into(_: ReviewFolder) -> list[Landed]:
        if landed is None:
            raise InputError("the landing folder is not there", file=place.folder)
        return landed

    return landing.plan([place], [], known, look_into)


def whole(place: ReviewFolder, *names: str) -> list[Landed]:
    return [Landed(place.folder / name) for name in names]


def test_whole_files_are_sources_read_as_the_settings_say(place: ReviewFolder) -> None:
    place = place.model_copy(update={"format": "table", "split": "train"})
    made = plan(place, set(), whole(place, "a.csv"))
    expected = SourceSpec(str(place.folder / "a.csv"), "shop", "table", "train")
    assert (made.specs, made.keep, made.states) == ([expected], set(), [])


def test_a_file_that_was_taken_away_is_dropped(place: ReviewFolder) -> None:
    made = plan(place, {key(place, "a.csv"), key(place, "b.csv")}, whole(place, "b.csv"))
    assert made.keep == set()
    assert [one.path for one in made.specs] == [str(place.folder / "b.csv")]


def test_or_kept_where_the_settings_say_so(place: ReviewFolder) -> None:
    place = place.model_copy(update={"removed": "keep"})
    made = plan(place, {key(place, "a.csv")}, whole(place, "b.csv"))
    assert made.keep == {key(place, "a.csv")}
    assert [(state.status, Path(state.source_file).name) for state in made.states] == [("kept", "a.csv")]


def test_an_unmounted_folder_drops_nothing(place: ReviewFolder) -> None:
    made = plan(place, {key(place, "a.csv")}, None)
    assert made.keep == {key(place, "a.csv")}
    assert [(state.status, state.problem) for state in made.states] == [
        ("refused", "the landing folder is not there")
    ]


def test_a_folder_that_is_suddenly_empty_drops_nothing(place: ReviewFolder) -> None:
    made = plan(place, {key(place, "a.csv")}, [])
    assert made.keep == {key(place, "a.csv")}
    assert {state.status for state in made.states} == {"refused", "kept"}


def test_a_folder_that_never_had_a_file_is_fine(place: ReviewFolder) -> None:
    assert plan(place, set(), []).states == []


def test_a_file_that_is_written_anew_keeps_the_reviews_it_had(place: ReviewFolder) -> None:
    made = plan(place, {key(place, "a.csv")}, [Landed(place.folder / "a.csv", "it is being written")])
    assert (made.specs, made.keep) == ([], {key(place, "a.csv")})
    assert made.states[0].status == "waiting"


def test_another_dataset_in_the_same_folder_is_another_matter(place: ReviewFolder) -> None:
    other = (str(place.folder / "a.csv"), "other")
    assert plan(place, {other}, whole(place, "b.csv")).keep == set()


def test_a_registered_file_is_read_as_it_was_registered_and_once(place: ReviewFolder) -> None:
    registered = SourceSpec(str(place.folder / "a.csv"), "shop", split="test")
    made = landing.plan([place, place], [registered], [], lambda _: whole(place, "a.csv", "b.csv"))
    assert [(one.path, one.split) for one in made.specs] == [
        (registered.path, "test"),
        (str(place.folder / "b.csv"), None),
    ]


def test_every_source_has_one_state(place: ReviewFolder) -> None:
    made = plan(place, {key(place, "w.csv")}, [Landed(place.folder / "w.csv", "it is being written")])

    def outcome(name: str, status: str, problem: str = "") -> Outcome:
        row = FileRow("shop", str(place.folder / name), "table", "", "", 0, 0, 0, 0, 0)
        return Outcome(status, row, problem)  # type: ignore[arg-type]

    outcomes = [
        outcome("r.csv", "read"),
        outcome("f.csv", "failed", "not a table"),
        outcome("w.csv", "kept"),
        outcome("gone.csv", "removed"),
    ]
    states = landing.states(made, outcomes, [spec(place, "r.csv")])
    assert [(Path(one.source_file).name, one.origin, one.status, one.problem) for one in states] == [
        ("f.csv", "landing folder", "refused", "not a table"),
        ("r.csv", "registered", "in use", None),
        ("w.csv", "landing folder", "waiting", "it is being written"),
    ]


# What settings.yaml says


def test_folders_lie_below_the_home_unless_they_are_absolute(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("reviews:\n- {folder: in, dataset: shop}\nrequests:\n- {folder: /in, dataset: shop}\n")
    read = load_operations(path)
    assert read.reviews[0].folder == tmp_path / "in"
    assert read.requests[0].folder == Path("/in")


@pytest.mark.parametrize(
    "entry",
    [
        "{folder: in, dataset: 'a:b'}",
        "{folder: in, dataset: a, format: xml}",
        "{folder: in, dataset: a, split: half}",
        "{folder: in, dataset: a, removed: maybe}",
    ],
)
def test_a_folder_that_no_source_could_come_from_is_refused_when_the_settings_are_read(
    tmp_path: Path, entry: str
) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(f"reviews:\n- {entry}\n")
    with pytest.raises(InputError, match=r"reviews\.0"):
        load_operations(path)
