"""What gives somebody away: their ids, and pieces of their texts that nobody else wrote.

A piece is a run of `PIECE` characters, taken every `STEP` characters, so that every copied run of `CAUGHT`
characters holds a whole one: about eight words. White space counts as one blank and the case of ASCII letters
does not matter, because prompts fold lines and models change cases. A text that is shorter is one piece; one
below `SHORTEST` gives nobody away. Pieces that also stand in somebody else's text are no traces: most titles
are none.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import polars as pl

PIECE: Final = 32  # characters; of Amazon reviews .6% of them are also in another text, of 24 1.6%, of 16 10%
STEP: Final = 8  # characters
CAUGHT: Final = PIECE + STEP - 1  # characters; the UI cuts cells at 80, error messages quote 57
BLOCK: Final = 2**26  # bytes read at once
OVERLAP: Final = 2**13  # bytes: the longest id in its longest spelling
SHORTEST: Final = 12  # characters; "Great product" is nobody's


@dataclass(frozen=True)
class Traces:
    """ids: with their dataset in front. pieces: see the module; both as `pieces_of` and tables spell them."""

    ids: tuple[str, ...]
    pieces: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.ids or self.pieces)

    def found(self, cells: pl.Series) -> pl.Series:
        """(n,) whether each text holds a trace, as it is or escaped as in JSON; false for null."""
        cells = cells.cast(pl.String).fill_null("")
        hit = _contains(cells.str.replace_all(r"\s+", " "), self._spelled_pieces, fold=True)
        named = _contains(cells, self.ids, fold=False)
        if named.any():
            rows = named.arg_true().to_list()
            confirmed = [row for row in rows if self._names(cells[row])]
            hit = hit.scatter(confirmed, True) if confirmed else hit
        return hit

    def in_text(self, text: str) -> bool:
        """Whether one text holds a trace."""
        return bool(self.found(pl.Series([text.encode("utf-8", "replace").decode()]))[0])

    def in_bytes(self, content: bytes) -> bool:
        """Whether the bytes of a file hold a trace: as UTF-8, UTF-16, or escaped as JSON and HTML escape.

        Sees nothing that the file's format compresses.
        """
        as_text = pl.Series([content.decode("latin-1")])  # one character per byte
        if _contains(as_text, self._byte_pieces, fold=True).any():
            return True
        return any(
            one in content and re.search(rb"(?<!\w)" + re.escape(one) + rb"(?!\w)", content)
            for one in self._byte_ids
        )

    def in_file(self, path: Path) -> bool:
        """`in_bytes` of a file of any size."""
        before = b""
        with path.open("rb") as stream:
            while chunk := stream.read(BLOCK):
                if self.in_bytes(before + chunk):
                    return True
                before = chunk[-OVERLAP:]
        return False

    def without(self, texts: Iterable[pl.Series]) -> Traces:
        """Without the pieces that stand in `texts`, which other people wrote."""
        left = list(self.pieces)
        for cells in texts:
            flat = cells.drop_nulls().str.replace_all(r"\s+", " ")
            found = _contains_each(flat, left)
            left = [piece for piece in left if piece.lower() not in found]
        return Traces(self.ids, tuple(left))

    def _names(self, text: str) -> bool:
        """Whether an id stands in `text` as a word, and not as the beginning of another id."""
        return any(_is_word(text, one) for one in self.ids)

    @cached_property
    def _spelled_pieces(self) -> list[str]:
        escaped = {form(piece).decode() for piece in self.pieces for form in (_as_json, _as_readable_json)}
        return sorted(escaped.union(self.pieces))

    @cached_property
    def _byte_pieces(self) -> list[str]:
        spelled = {form(piece).decode("latin-1") for piece in self.pieces for form in SPELLINGS}
        return sorted(spelled)

    @cached_property
    def _byte_ids(self) -> list[bytes]:
        return sorted({form(one) for one in self.ids for form in SPELLINGS})


def _as_json(text: str) -> bytes:
    return json.dumps(text)[1:-1].encode()


def _as_readable_json(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass")


def _as_html(text: str) -> bytes:
    from markupsafe import escape

    return str(escape(text)).encode("utf-8", "surrogatepass")


SPELLINGS: Final[tuple[Callable[[str], bytes], ...]] = (
    lambda text: text.encode("utf-8", "surrogatepass"),
    lambda text: codecs.encode(text, "utf-16-le", "surrogatepass"),
    lambda text: codecs.encode(text, "utf-16-be", "surrogatepass"),
    _as_json,
    _as_readable_json,
    _as_html,
)


def pieces_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Sorted pieces of some texts."""
    found: set[str] = set()
    for text in texts:
        flat = " ".join(text.split())
        if len(flat) < SHORTEST:
            continue
        if len(flat) <= CAUGHT:
            found.add(flat)
            continue
        starts = {*range(0, len(flat) - PIECE + 1, STEP), len(flat) - PIECE}
        found.update(flat[start : start + PIECE] for start in starts)
    return tuple(sorted(found))


def _is_word(text: str, one: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(one)}(?!\w)", text) is not None


def _contains(cells: pl.Series, patterns: Sequence[str], *, fold: bool) -> pl.Series:
    if not patterns or not len(cells):
        return pl.Series([False] * len(cells), dtype=pl.Boolean)
    frame = cells.to_frame("cell")
    asked = pl.col("cell").str.contains_any(list(patterns), ascii_case_insensitive=fold)
    return frame.select(asked.alias("hit"))["hit"]


def _contains_each(cells: pl.Series, patterns: Sequence[str]) -> set[str]:
    """Which of `patterns` stand anywhere in `cells`, in lower case."""
    if not patterns or not len(cells):
        return set()
    frame = cells.to_frame("cell")
    asked = pl.col("cell").str.extract_many(list(patterns), ascii_case_insensitive=True, overlapping=True)
    return {text.lower() for text in frame.select(asked.explode().alias("hit"))["hit"].drop_nulls()}
