"""Nothing that a terminal obeys gets to it; everything that can be read stays as it is."""

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError, WorkError
from models.printable import json_line, printable, printable_line
from tests.hostile.attacks import ATTACKS, BY_NAME, Attack

KEPT = {"\u200c", "\u200d"}  # joiners: Persian and emoji are misspelled without
# format characters that are drawn: signs around numbers and verses, hieroglyphs joined in blocks
DRAWN = {chr(code) for code in (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD)}
DRAWN |= {chr(code) for code in range(0x13430, 0x13440)}


def obeyed(text: str) -> list[str]:
    """Characters that a terminal acts on, or that nobody sees, by Unicode's own categories."""
    unseen = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return [
        one for one in text if unicodedata.category(one) in unseen and one not in KEPT | DRAWN | {"\n", "\t"}
    ]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attacks_are_shown_and_not_obeyed(attack: Attack) -> None:
    assert obeyed(printable(attack.value)) == []
    line = printable_line(attack.value)
    assert obeyed(line) == [] and len(line.splitlines()) <= 1
    line.encode()


def test_every_code_point() -> None:
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    shown = printable(every)
    assert obeyed(shown) == []
    gone = set(every) - set(shown)
    blank = {"\u115f", "\u1160", "\u3164", "\uffa0"}  # letters without a shape
    selectors = {chr(code) for code in range(0xE0100, 0xE01F0)}  # choose a variant of the letter before them
    named = {one for one in gone if unicodedata.category(one)[0] != "C"}
    assert named == blank | selectors | {"\u2028", "\u2029"}


@given(st.text(st.characters(), max_size=40))
def test_what_is_shown_is_shown_alike_again(text: str) -> None:
    assert printable(printable(text)) == printable(text)


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "a\nb\tc",
        "\u05e9\u05dc\u05d5\u05dd",  # Hebrew
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a joiner
        "e\u0301 \ufb01",
        "\u6f22\u5b57",
        "\U0001f469\u200d\U0001f467",
    ],
)
def test_what_people_write_stays(text: str) -> None:
    assert printable(text) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_json_says_the_same(text: str) -> None:
    line = json_line({"text": text})
    assert obeyed(line) == [] and len(line.splitlines()) == 1
    assert json.loads(line) == {"text": text}


def test_errors_show_what_they_quote() -> None:
    bad = BY_NAME["ansi_clear"].value + BY_NAME["lone_surrogate"].value
    for error in (
        InputError(bad, file=f"{bad}.csv", row=1, remedy=bad),
        WorkError(bad, step=bad, remedy=bad),
    ):
        assert obeyed(str(error)) == []
        assert "\\x1b[2J" in str(error) and "\\ud800" in str(error)
