"""--data and its companions: groups in the order given."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError
from models.sources.spec import DATASET_NAME
from pat_dagster.commands.options import default_dataset, source_specs


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    paths = [tmp_path / name for name in ("one.json", "two.jsonl.gz", "three.csv")]
    for path in paths:
        path.write_text("[]", encoding="utf-8")
    return [str(path) for path in paths]


def test_options_are_zipped_in_order(files: list[str]) -> None:
    specs = source_specs(
        files, ["pgraphrag", "amazon2023", "table"], ["a", "b", "c"], ["train", "test", "validation"]
    )
    assert [(s.path, s.format, s.dataset, s.split) for s in specs] == [
        (files[0], "pgraphrag", "a", "train"),
        (files[1], "amazon2023", "b", "test"),
        (files[2], "table", "c", "validation"),
    ]


def test_one_value_serves_all_files(files: list[str]) -> None:
    specs = source_specs(files, ["auto"], ["shop"], ["test"])
    assert {(s.format, s.dataset, s.split) for s in specs} == {("auto", "shop", "test")}


def test_left_out_options_have_their_defaults(files: list[str]) -> None:
    specs = source_specs(files)
    assert [s.dataset for s in specs] == ["one", "two", "three"]
    assert {(s.format, s.split, s.columns) for s in specs} == {("auto", None, None)}


def test_a_count_that_does_not_match_says_both_counts(files: list[str]) -> None:
    with pytest.raises(InputError, match="2 values of --dataset for 3 files"):
        source_specs(files, datasets=["a", "b"])


def test_an_option_without_data_is_refused() -> None:
    with pytest.raises(InputError, match="--split without --data"):
        source_specs([], splits=["test"])


def test_no_data_means_no_new_source() -> None:
    assert source_specs(None) == []


def test_columns_become_a_mapping(files: list[str]) -> None:
    text = "user=author, topic=sku,text=body,rating=stars"
    (spec,) = source_specs(files[2:], ["table"], columns=[text])
    assert spec.columns == {"user": "author", "topic": "sku", "text": "body", "rating": "stars"}


@pytest.mark.parametrize("text", ["user", "user=", "=author", "user=a,user=b", ","])
def test_a_broken_mapping_is_refused(files: list[str], text: str) -> None:
    with pytest.raises(InputError, match="--columns"):
        source_specs(files[2:], ["table"], columns=[text])


def test_the_same_file_twice_is_refused(files: list[str]) -> None:
    with pytest.raises(InputError, match="given twice"):
        source_specs([files[0], files[0]])


@given(st.text(min_size=1).filter(lambda text: "/" not in text and "\0" not in text))
def test_a_default_dataset_can_always_prefix_an_id_or_is_asked_for(name: str) -> None:
    try:
        dataset = default_dataset(name)
    except InputError as error:
        outcome = str(error)
    else:
        outcome = "usable" if DATASET_NAME.fullmatch(dataset) else f"unusable {dataset!r}"
    assert outcome == "usable" or "--dataset" in outcome
