"""Previews in Dagster's UI: cells stay cells, nothing in them becomes a link, an image, HTML or an entity."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from models.sources.ingest import FileRow, Outcome
from pat_dagster.ledger import PREVIEW_CHARACTERS, markdown
from tests.hostile.attacks import ACCEPTED, Attack
from tests.hostile.test_printable import obeyed

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
COLUMNS = ["review_id", "text", "n"]


def tokens(text: str) -> list[Token]:
    """Blocks and what stands in them, as a reader of Markdown sees it."""
    return [token for block in PARSER.parse(text) for token in [block, *(block.children or [])]]


def read_back(said: str) -> tuple[list[str], set[str]]:
    """(cells of the one row, kinds of everything in the document)."""
    parsed = tokens(markdown(pl.DataFrame({"review_id": ["a"], "text": [said], "n": [7]})))
    cells = ["".join(c.content for c in t.children or []) for t in parsed if t.type == "inline"]
    return cells, {token.type for token in parsed}


TABLE = {
    "inline",
    "text",
    "text_special",
    *(f"{part}_{end}" for part in ("table", "thead", "tbody", "tr", "th", "td") for end in ("open", "close")),
}


@pytest.mark.parametrize("attack", ACCEPTED, ids=lambda attack: attack.name)
def test_an_attack_is_a_cell(attack: Attack) -> None:
    cells, kinds = read_back(attack.value)
    assert kinds <= TABLE
    assert cells[:3] == COLUMNS and cells[3] == "a" and cells[5] == "7" and len(cells) == 6
    assert obeyed(cells[4]) == [] and len(cells[4]) <= PREVIEW_CHARACTERS


@given(st.text(st.sampled_from("ab<>[]()!|\\`*_~&#;:/\"' -+=.$\n"), max_size=30))
def test_any_markup_is_shown_as_it_was_written(text: str) -> None:
    cells, kinds = read_back(text)
    assert kinds <= TABLE
    assert cells[4] == " ".join(text.split())


@pytest.mark.parametrize("attack", ACCEPTED, ids=lambda attack: attack.name)
def test_a_line_of_the_log_is_one_line(attack: Attack) -> None:
    row = FileRow("d", f"/in/{attack.value}", "table", "", "", 1, 1, 1, 0, 0)
    for status in ("read", "failed", "removed"):
        line = str(Outcome(status, row, problem=attack.value))
        assert obeyed(line) == [] and len(line.splitlines()) == 1
