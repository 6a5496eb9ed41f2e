"""Character habits of texts: punctuation, casing, runs, spacing.

A habit is a condition on neighboring characters, counted per text. Most conditions concern a mark, so they
are looked up around the marks alone. No loop over texts or characters runs in Python.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from models.encoders.blocks import CLASSES, ID, SEPARATOR, Block

SENTENCE_ENDS: Final = tuple(ID[name] for name in (".", "!", "?", "ellipsis_character"))

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


def _member(classes: tuple[int, ...]) -> np.ndarray:
    """Class -> whether it is one of `classes`."""
    table = np.zeros(SEPARATOR + 1, dtype=bool)
    table[list(classes)] = True
    return table


_IS_LETTER: Final = _member(tuple(ID[name] for name in ("upper", "lower", "accented", "uncased_letter")))
_IS_END: Final = _member(SENTENCE_ENDS)
_IS_LOUD: Final = _member((ID["!"], ID["?"]))
_IS_DASH: Final = _member((ID["-"], ID["long_dash"]))
_CLOSES: Final = _member((*SENTENCE_ENDS, ID[","]))
_IS_EYES: Final = _member((ID[":"], ID[";"]))
_IS_MOUTH: Final = _member((ID[")"], ID["("]))


class CharacterCounts:
    """Counts per text of one block.

    classes: (n, len(CLASSES)) characters per class; runs: (n, len(RUNS)) occurrences; edges:
    (n, len(EDGES)) 0 or 1; sentences: (n,) runs of sentence ends, at least 1.
    """

    def __init__(self, block: Block) -> None:
        self._block = block
        self.classes = self._class_counts()
        self.runs = np.column_stack(self._run_counts())
        self.edges = np.column_stack(self._edge_flags())

    def _class_counts(self) -> np.ndarray:
        """Lower-case letters are what is left of the length: most characters need no counting."""
        block, width = self._block, SEPARATOR + 1
        self._rest = np.flatnonzero(block.kind != ID["lower"])
        inside = self._rest[1:-2]  # without the separators at both ends
        kinds = block.kind[inside]
        keys = block.texts_of(inside) * width + kinds
        counts = np.bincount(keys, minlength=block.n * width).reshape(block.n, width)[:, :SEPARATOR]
        counts[:, ID["lower"]] = block.lengths - counts.sum(axis=1)
        return counts

    def _run_counts(self) -> list[np.ndarray]:
        block, kind = self._block, self._block.kind
        rest_kind = kind[self._rest]
        count = block.per_text

        def places(of: np.ndarray) -> np.ndarray:
            return self._rest[of[rest_kind]]

        ends = places(_IS_END)
        here, after, after2 = kind[ends], kind[ends + 1], kind[ends + 2]
        self.sentences = np.maximum(count(ends[~_IS_END[after]]), 1)
        same = here == after
        dots = (here == ID["."]) & same
        spaced = after == ID["space"]

        loud = _IS_LOUD[here] & _IS_LOUD[after] & ~same
        commas, dashes = places(_member((ID[","],))), places(_IS_DASH)
        closing = places(_CLOSES)
        plain = dashes[kind[dashes] == ID["-"]]
        eyes = places(_IS_EYES)
        face, nose = kind[eyes + 1], kind[eyes + 2]
        smiles = _IS_MOUTH[face] | (block.codes[eyes + 1] == ord("D"))
        smiles = smiles & (face != SEPARATOR)
        smiles_with_nose = (face == ID["-"]) & (nose == ID[")"])
        spaces, newlines = places(_member((ID["space"],))), places(_member((ID["newline"],)))
        upper, digits = places(_member((ID["upper"],))), places(_member((ID["digit"],)))
        twice = np.flatnonzero(block.codes[1:] == block.codes[:-1])
        thrice = twice[:-1][np.diff(twice) == 1]
        return [
            count(ends[(here == ID["!"]) & same]),
            count(ends[(here == ID["?"]) & same]),
            count(ends[dots]),
            count(ends[dots & (after2 == ID["."])]),
            count(plain[kind[plain + 1] == ID["-"]]),
            count(ends[loud]),
            count(closing[kind[closing - 1] == ID["space"]]),
            count(commas[_IS_LETTER[kind[commas + 1]]]),
            count(ends[_IS_LETTER[after]]),
            count(dashes[(kind[dashes - 1] == ID["space"]) & (kind[dashes + 1] == ID["space"])]),
            count(spaces[kind[spaces + 1] == ID["space"]]),
            count(newlines[kind[newlines + 1] == ID["newline"]]),
            count(thrice[_IS_LETTER[kind[thrice]]]),
            count(upper[kind[upper + 1] == ID["upper"]]),
            count(ends[spaced & (after2 == ID["upper"])]),
            count(ends[spaced & (after2 == ID["lower"])]),
            count(eyes[smiles]) + count(eyes[smiles_with_nose]),
            count(digits[_IS_LETTER[kind[digits + 1]]]),
        ]

    def _edge_flags(self) -> list[np.ndarray]:
        block = self._block
        first = block.kind[block.starts[:-1]]  # the separator, for an empty text
        last = block.kind[block.starts[1:] - 2]
        letter = _IS_LETTER[last]
        named = np.isin(last, (ID["."], ID["!"], ID["?"]))
        return [
            first == ID["upper"],
            np.isin(first, (ID["lower"], ID["accented"])),
            last == ID["."],
            last == ID["!"],
            last == ID["?"],
            letter,
            (block.lengths > 0) & ~letter & ~named,
        ]


__all__ = ["CLASSES", "EDGES", "RUNS", "CharacterCounts"]
