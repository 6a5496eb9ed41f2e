"""What gives somebody away is found wherever it was copied to, and nobody else is."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.forgetting.traces import CAUGHT, PIECE, SHORTEST, Traces, pieces_of

TEXT = "The kettle boils before I have found a cup, and it whistles like my aunt did.\nÉ isso aí, gostei!"
WHO = Traces(("d:u1",), pieces_of([TEXT, "Short but mine alone"]))


def found(*cells: str | None) -> list[bool]:
    return WHO.found(pl.Series(cells, dtype=pl.String)).to_list()


@given(st.text(min_size=CAUGHT, max_size=300), st.data())
def test_every_long_quote_holds_a_piece(text: str, data: st.DataObject) -> None:
    flat = " ".join(text.split())
    if len(flat) <= CAUGHT:
        return
    start = data.draw(st.integers(0, len(flat) - CAUGHT))
    quote = flat[start : start + CAUGHT]
    assert any(piece in quote for piece in pieces_of([text]))
    assert all(len(piece) == PIECE for piece in pieces_of([text]))


def test_lines_and_cases_do_not_hide_a_quote() -> None:
    assert found(
        "they say: THE KETTLE  boils\nbefore i have found a cup, and it", None, "", "The kettle boils."
    ) == [True, False, False, False]


def test_a_short_text_is_found_whole() -> None:
    assert found("x Short but mine alone y", "Short but mine") == [True, False]
    assert pieces_of(["a" * (SHORTEST - 1)]) == ()


def test_an_id_is_a_word() -> None:
    assert found("d:u1", "see d:u1, twice", "d:u1:long", "d:u12", "add:u1", "d:u1x") == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_what_others_wrote_too_gives_nobody_away() -> None:
    left = WHO.without([pl.Series(["one", "I say: short BUT mine alone!"]), pl.Series([TEXT[:60]])])
    assert "Short but mine alone" not in left.pieces
    assert not left.in_text(TEXT[:60])
    assert left.in_text(TEXT)


@pytest.mark.parametrize("code", ["utf-8", "utf-16-le", "utf-16-be"])
def test_bytes_in_other_encodings(code: str) -> None:
    content = b"\x00\x01" + TEXT.encode(code) + b"\xff"
    assert WHO.in_bytes(content)
    assert WHO.in_bytes(json.dumps({"text": TEXT}).encode())
    assert not WHO.in_bytes("Somebody else wrote a text of about the same length as that one".encode(code))


def test_a_quote_across_the_border_of_two_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.forgetting.traces.BLOCK", 100)
    monkeypatch.setattr("models.forgetting.traces.OVERLAP", 90)
    path = tmp_path / "file"
    path.write_bytes(b"-" * 80 + b"Short but mine alone" + b"-" * 80)
    assert WHO.in_file(path)
    path.write_bytes(b"-" * 250)
    assert not WHO.in_file(path)
