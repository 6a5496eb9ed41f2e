"""A block of texts as arrays of characters: what the counts of habits are made from.

All texts of a block become one array with a separator around each text, which belongs to no class, so that no
condition on neighboring characters needs to ask whether they are of the same text.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final

import numpy as np

MARKS: Final = ".,!?;:'\"()-/&*+=%$#@_~"  # each mark is a habit of its own
TYPOGRAPHIC: Final = {  # what phones and word processors write for a mark
    "curly_apostrophe": "\u2018\u2019",
    "curly_quote": "\u201c\u201d\u201e\u00ab\u00bb",
    "long_dash": "\u2013\u2014",
    "ellipsis_character": "\u2026",
}
CLASSES: Final = (
    *MARKS,
    *TYPOGRAPHIC,
    "upper",
    "lower",
    "accented",
    "uncased_letter",
    "digit",
    "space",
    "newline",
    "emoji",
    "other",
)
ID: Final = {name: number for number, name in enumerate(CLASSES)}
SEPARATOR: Final = len(CLASSES)  # the class of what stands between two texts
EMOJI_BLOCKS: Final = ((0x2600, 0x27BF), (0x1F000, 0x1FAFF))  # Unicode blocks of symbols and pictographs
TABLE_SIZE: Final = 0x20000  # everything above is a rare script: "other"

_TYPOGRAPHIC: Final = {letter: ID[name] for name, letters in TYPOGRAPHIC.items() for letter in letters}
_LOWER_BITS: Final = 18  # of an entry of the table: the code of the lower-case letter, below TABLE_SIZE
_WORD: Final = 1 << 18  # letters and combining marks make words
_VOWEL: Final = 1 << 19  # anything but a Latin consonant
_CLASS_SHIFT: Final = 24


@cache
def _table() -> np.ndarray:
    """Code point -> class, flags and lower-case code point, in one number; 0 where nobody asked yet."""
    return np.zeros(TABLE_SIZE, dtype=np.uint32)  # all of them at once would cost a second


def _entries(codes: np.ndarray) -> np.ndarray:
    """Entry of each code point: one look-up per character."""
    table = _table()
    found = table.take(codes, mode="clip")
    missing = np.unique(codes[found == 0]).clip(max=TABLE_SIZE - 1)
    if not len(missing):
        return found
    for code in missing.tolist():
        table[code] = _entry(code)
    return table.take(codes, mode="clip")


def _entry(code: int) -> int:
    letter = chr(code)
    small = letter.lower()
    entry = ord(small) if len(small) == 1 else code
    if unicodedata.category(letter)[0] in "LM":
        entry |= _WORD
    base = unicodedata.normalize("NFD", small)[0]
    if not ("a" <= base <= "z") or base in "aeiouy":
        entry |= _VOWEL
    number = ID[letter] if letter in MARKS else _TYPOGRAPHIC.get(letter)
    return entry | ((_class(code, letter) if number is None else number) << _CLASS_SHIFT)


def _class(code: int, letter: str) -> int:
    if any(first <= code <= last for first, last in EMOJI_BLOCKS):
        return ID["emoji"]
    if letter.isupper():
        return ID["upper"]
    if letter.islower():
        return ID["lower"] if code < 128 else ID["accented"]
    if letter.isalpha():
        return ID["uncased_letter"]
    if letter.isdigit():
        return ID["digit"]
    if letter in "\n\r":
        return ID["newline"]
    return ID["space"] if letter.isspace() else ID["other"]


class Block:
    """The characters of `texts`, one after the other, with a separator before each text and two at the end.

    lengths: (n,) characters; starts: (n + 1,) place of each text's first character, and of the end.
    Per character: codes (uint32 code points), kind (uint8 class), lower (uint32 code points of the lower
    case), in_word and vowel (bool).
    """

    def __init__(self, texts: list[str]) -> None:
        self.n = len(texts)
        self.lengths = np.fromiter(map(len, texts), dtype=np.int64, count=self.n)
        self.starts = np.concatenate([[0], np.cumsum(self.lengths + 1)]) + 1
        joined = "\0".join(["", *texts, "", ""])
        self.codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        entry = _entries(self.codes)
        separators = np.append(self.starts - 1, self.starts[-1])
        entry[separators] = SEPARATOR << _CLASS_SHIFT
        self.kind = (entry >> _CLASS_SHIFT).astype(np.uint8)
        self.lower = entry & ((1 << _LOWER_BITS) - 1)
        self.in_word = (entry & _WORD) != 0
        self.vowel = (entry & _VOWEL) != 0

    def per_text(self, places: np.ndarray) -> np.ndarray:
        """(n,) how many of the ascending `places` lie in each text."""
        return np.diff(np.searchsorted(places, self.starts))

    def texts_of(self, places: np.ndarray) -> np.ndarray:
        """The text that each of the ascending `places` lies in."""
        return np.repeat(np.arange(self.n), self.per_text(places))
