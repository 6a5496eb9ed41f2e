"""How much of a text is copied: the longest run of words that stands verbatim in a text that was shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from models.evaluation.words import Codes, words

BORDER: Final = "\n"  # never part of a word: no run crosses from one shown text into the next


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
    for texts, places in groups.items():
        codes = Codes()
        evidence = codes.encode([BORDER]).join(codes.encode(words(text)) for text in texts)
        lengths = {drafts[place]: 0 for place in places}
        for draft in lengths:
            lengths[draft] = longest_run(codes.encode(words(draft)), evidence)
        runs[places] = [lengths[drafts[place]] for place in places]
    return runs


def longest_run(draft: str, evidence: str) -> int:
    """Length of the longest common substring.

    Only runs longer than the longest so far are looked for, each by Python's own substring search: per draft
    that is one search per word and one more per word of the result.
    """
    longest = 0
    for start in range(len(draft)):
        while start + longest < len(draft) and draft[start : start + longest + 1] in evidence:
            longest += 1
    return longest
