"""Clauses end where they always did, though blanks are read once (benchmarks/hostile_texts.py: the times)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.arms.sentences import clauses
from tests.hostile.attacks import BY_NAME


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nice room - bad food", ["Nice room", "bad food"]),
        ("a\n - b", ["a", "b"]),
        ("a\n- b", ["a", "- b"]),
        ("a \n \n-- b", ["a", "b"]),
        ("Good.Bad... ugly; fine, ok", ["Good", "Bad", "ugly;", "fine,", "ok"]),
        ("well-known", ["well-known"]),
    ],
)
def test_a_dash_between_blanks_ends_a_clause(text: str, expected: list[str]) -> None:
    assert clauses(text) == expected


@given(st.text(st.sampled_from("aB. -\n\t,"), max_size=14))
def test_nothing_but_marks_is_lost(text: str) -> None:
    assert [one for one in "".join(clauses(text)) if one.isalnum()] == [one for one in text if one.isalnum()]


@pytest.mark.parametrize("name", ["long_blank", "blank_lines"])
def test_a_text_of_blanks_alone_ends(name: str) -> None:
    assert clauses(BY_NAME[name].value) == ["x"]
