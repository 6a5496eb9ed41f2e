"""Character habits of texts, counted on one array of code points: punctuation, casing, runs, spacing.

All texts of a block become one array; a habit is a condition on neighboring characters, counted per text
with `bincount`. No loop over texts or characters runs in Python.
"""

from __future__ import annotations

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
LETTERS: Final = tuple(ID[name] for name in ("upper", "lower", "accented", "uncased_letter"))
SENTENCE_ENDS: Final = tuple(ID[name] for name in (".", "!", "?", "ellipsis_character"))
EMOJI_BLOCKS: Final = ((0x2600, 0x27BF), (0x1F000, 0x1FAFF))  # Unicode blocks of symbols and pictographs
TABLE_SIZE: Final = 0x20000  # everything above is a rare script: "other"

RUNS: Final = (
    "double_exclamation",
    "double_question",
    "double_dot",
    "triple_dot",
    "double_dash",
    "mixed_ends",
    "space_before_mark",
    "no_space_after_comma",
    "no_space_after_end",
    "spaced_dash",
    "double_space",
    "double_newline",
    "tripled_letter",
    "caps_pair",
    "end_then_upper",
    "end_then_lower",
    "smiley",
    "digit_letter",
)
EDGES: Final = (
    "starts_upper",
    "starts_lower",
    "ends_dot",
    "ends_exclamation",
    "ends_question",
    "ends_letter",
    "ends_other",
)


@cache
def _table() -> np.ndarray:
    """Code point -> class number."""
    table = np.full(TABLE_SIZE, ID["other"], dtype=np.uint8)
    for code in range(0x10000):
        letter = chr(code)
        if letter.isupper():
            table[code] = ID["upper"]
        elif letter.islower():
            table[code] = ID["lower"] if code < 128 else ID["accented"]
        elif letter.isalpha():
            table[code] = ID["uncased_letter"]
        elif letter.isdigit():
            table[code] = ID["digit"]
        elif letter in "\n\r":
            table[code] = ID["newline"]
        elif letter.isspace():
            table[code] = ID["space"]
    for first, last in EMOJI_BLOCKS:
        table[first : last + 1] = ID["emoji"]
    for mark in MARKS:
        table[ord(mark)] = ID[mark]
    for name, letters in TYPOGRAPHIC.items():
        for letter in letters:
            table[ord(letter)] = ID[name]
    return table


class CharacterCounts:
    """Counts per text of one block of `texts`.

    classes: (n, len(CLASSES)) characters per class; runs: (n, len(RUNS)) occurrences; edges:
    (n, len(EDGES)) 0 or 1; lengths: (n,) characters; sentences: (n,) runs of sentence ends, at least 1.
    """

    def __init__(self, texts: list[str]) -> None:
        self.lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        self._codes = codes
        self._owner = np.repeat(np.arange(len(texts)), self.lengths)
        self._kind = _table()[np.minimum(codes, TABLE_SIZE - 1)]
        self._n = len(texts)
        width = len(CLASSES)
        self.classes = np.bincount(self._owner * width + self._kind, minlength=self._n * width).reshape(
            self._n, width
        )
        self.runs = np.column_stack(self._run_counts())
        self.edges = np.column_stack(self._edge_flags())

    def _per_text(self, hits: np.ndarray) -> np.ndarray:
        """How many of the positions in the mask `hits` (shorter than the text array) each text has."""
        return np.bincount(self._owner[: len(hits)][hits], minlength=self._n)

    def _run_counts(self) -> list[np.ndarray]:
        kind, codes = self._kind, self._codes
        same_text = self._owner[1:] == self._owner[:-1]
        first, second = kind[:-1], kind[1:]
        same_text3 = self._owner[2:] == self._owner[:-2]
        one, two, three = kind[:-2], kind[1:-1], kind[2:]

        def pair(left: np.ndarray, right: np.ndarray) -> np.ndarray:
            return self._per_text(left & right & same_text)

        def triple(left: np.ndarray, middle: np.ndarray, right: np.ndarray) -> np.ndarray:
            return self._per_text(left & middle & right & same_text3)

        letter, end = np.isin(kind, LETTERS), np.isin(kind, SENTENCE_ENDS)
        ends_here = end & ~np.append(end[1:] & same_text, False)[: len(end)]
        self.sentences = np.maximum(self._per_text(ends_here), 1)
        dot, dash, space = ID["."], ID["-"], ID["space"]
        eyes = (first == ID[":"]) | (first == ID[";"])
        mouth = (second == ID[")"]) | (second == ID["("]) | (codes[1:] == ord("D"))
        ends = (ID["!"], ID["?"])
        return [
            pair(first == ID["!"], second == ID["!"]),
            pair(first == ID["?"], second == ID["?"]),
            pair(first == dot, second == dot),
            triple(one == dot, two == dot, three == dot),
            pair(first == dash, second == dash),
            pair(np.isin(first, ends) & np.isin(second, ends), first != second),
            pair(first == space, np.isin(second, [*SENTENCE_ENDS, ID[","]])),
            pair(first == ID[","], letter[1:]),
            pair(end[:-1], letter[1:]),
            triple(one == space, two == dash, three == space)
            + triple(one == space, two == ID["long_dash"], three == space),
            pair(first == space, second == space),
            pair(first == ID["newline"], second == ID["newline"]),
            triple(letter[:-2], codes[1:-1] == codes[:-2], codes[2:] == codes[1:-1]),
            pair(first == ID["upper"], second == ID["upper"]),
            triple(end[:-2], two == space, three == ID["upper"]),
            triple(end[:-2], two == space, three == ID["lower"]),
            pair(eyes, mouth) + triple((one == ID[":"]) | (one == ID[";"]), two == dash, three == ID[")"]),
            pair(kind[:-1] == ID["digit"], letter[1:]),
        ]

    def _edge_flags(self) -> list[np.ndarray]:
        filled = self.lengths > 0
        starts = np.cumsum(self.lengths) - self.lengths
        none = len(CLASSES)  # a class that no character has, for empty texts
        first = np.full(self._n, none)
        last = np.full(self._n, none)
        first[filled] = self._kind[starts[filled]]
        last[filled] = self._kind[(starts + self.lengths)[filled] - 1]
        letter_last = np.isin(last, LETTERS)
        named = np.isin(last, (ID["."], ID["!"], ID["?"]))
        return [
            first == ID["upper"],
            np.isin(first, (ID["lower"], ID["accented"])),
            last == ID["."],
            last == ID["!"],
            last == ID["?"],
            letter_last,
            filled & ~letter_last & ~named,
        ]
