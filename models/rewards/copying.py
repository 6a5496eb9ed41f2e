"""How much of a text is copied: the longest run of words that stands verbatim in a text that was shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from models.evaluation.words import Codes, words

BORDER: Final = "\n"  # never part of a word: no run crosses from one shown text into the next
MOST_WORDS: Final = 500_000  # distinct words before codes start again; there are 1,114,112 codes


def copied_runs(drafts: Sequence[str], shown: Sequence[Sequence[str]]) -> npt.NDArray[np.int64]:
    """Words in the longest run that each of n drafts shares with one of the texts shown for it: shape (n,).

    Words are compared in lower case, without the punctuation between them. `shown` has one list of texts per
    draft, which may be empty; drafts with the same list share the work on it. ValueError when lengths differ.
    """
    if len(drafts) != len(shown):
        raise ValueError(f"{len(drafts)} drafts, but shown texts for {len(shown)}")
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, texts in enumerate(shown):
        groups.setdefault(tuple(texts), []).append(place)
    runs = np.zeros(len(drafts), dtype=np.int64)
    reader = _Reader()
    for texts, places in groups.items():
        if len(reader.codes) > MOST_WORDS:
            reader = _Reader()
        evidence = reader.codes[BORDER].join(reader.read(text) for text in texts)
        neighbors = {evidence[place : place + 2] for place in range(len(evidence) - 1)}
        known: dict[str, int] = {}
        for place in places:
            draft = reader.read(drafts[place])
            if draft not in known:
                known[draft] = longest_run(draft, evidence, neighbors)
            runs[place] = known[draft]
    return runs


@dataclass
class _Reader:
    """Codes of texts, each cut into words once."""

    codes: Codes = field(default_factory=Codes)
    known: dict[str, str] = field(default_factory=dict)

    def read(self, text: str) -> str:
        if text not in self.known:
            self.known[text] = self.codes.encode(words(text))
        return self.known[text]


def longest_run(draft: str, evidence: str, neighbors: set[str]) -> int:
    """Length of the longest common substring of `draft` and `evidence`.

    `neighbors` are the substrings of length 2 of `evidence`: a common one lies within a stretch of the draft
    whose neighbors all occur there, and only stretches longer than the longest so far are looked into.
    """
    longest = 0 if set(draft).isdisjoint(evidence) else 1
    start = 0
    for place in range(len(draft)):
        if draft[place : place + 2] not in neighbors:  # the last one has no neighbor
            longest = _longer_run(draft[start : place + 1], evidence, longest)
            start = place + 1
    return longest


def _longer_run(stretch: str, evidence: str, longest: int) -> int:
    """Length of the longest common substring if longer than `longest`, else `longest`."""
    for start in range(len(stretch) - longest):
        while start + longest < len(stretch) and stretch[start : start + longest + 1] in evidence:
            longest += 1
    return longest
