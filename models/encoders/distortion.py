"""Style by text distortion (Stamatatos 2017), for evaluation alone: retrieval chooses by stylometry.py.

Letters of all but the most frequent words become asterisks and digits become #, which hides what a text is
about and keeps how it is put together. Rates of the most frequent runs of three characters are compared as in
Cosine Delta (Smith and Aldridge 2011): standardized by the corpus, then by their angle.

It shares no feature with the encoder that retrieval uses, and tells authors apart on the same topic about as
well: .72 / .78 / .60 / .54 against .73 / .77 / .63 / .52 on Amazon, B2W, Stylized and Hotel, dev splits
(benchmarks/style_likeness.py; chance is .5, and user names of the last two are not always one person).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
WORDS: Final = re.compile(f"({WORD.pattern})")
DIGIT: Final = re.compile(r"\d")
KEPT_WORDS: Final = 150  # 50, 150 and 400 measured: 150 is good in English and in Portuguese
FEATURES: Final = 1_500  # 600 were .02 worse, 2,000 no better
PRIOR: Final = 200  # characters added to the length, so that one odd mark in a short text is no habit
CLIP: Final = 5.0  # standard deviations, as in the stylometric encoder
LEAST_TEXTS: Final = 50  # fewer give no spread to standardize by
NO_SPREAD: Final = 1e-9  # of a rate: less is the rounding of equal rates
BLOCK_TEXTS: Final = 1_024  # encoded at once
EDGE: Final = "\n"  # before and after a text, so that its first and last characters are seen as such
BITS: Final = 21  # of a Unicode character: three make one number


@dataclass(frozen=True)
class DistortionEncoder:
    """Texts -> unit vectors.

    kept: words left as they are. grams (d,): runs of three characters, ascending. mean, deviation (d,): of
    their rates in the corpus; infinite where all texts are alike.
    """

    kept: frozenset[str]
    grams: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(cls, texts: Sequence[str]) -> DistortionEncoder | None:
        """Words, runs and their spread in the texts of one corpus; None for fewer than `LEAST_TEXTS`."""
        if len(texts) < LEAST_TEXTS:
            return None
        kept = frequent_words(texts)
        blocks = list(_blocks(texts, kept))
        grams = np.concatenate([np.zeros(0, dtype=np.int64), *(block.gram for block in blocks)])
        found, counts = np.unique(grams, return_counts=True)
        chosen = np.sort(found[np.argsort(-counts, kind="stable")[:FEATURES]])
        rates = np.concatenate([block.rates(chosen) for block in blocks])
        deviation = rates.std(axis=0)
        return cls(kept, chosen, rates.mean(axis=0), np.where(deviation > NO_SPREAD, deviation, np.inf))

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(n, d) float32 unit rows; zeros for a text without words or marks."""
        vectors = np.zeros((len(texts), len(self.grams)), dtype=np.float32)
        start = 0
        for block in _blocks(texts, self.kept):
            stop = start + block.n
            habits = np.clip((block.rates(self.grams) - self.mean) / self.deviation, -CLIP, CLIP)
            habits[[not text.strip() for text in texts[start:stop]]] = 0.0
            length = np.linalg.norm(habits, axis=1, keepdims=True)
            vectors[start:stop] = habits / np.where(length > 0, length, 1.0)
            start = stop
        return vectors


def frequent_words(texts: Sequence[str]) -> frozenset[str]:
    """The words that most texts hold, lower case; the alphabet decides between equals."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update({word.lower() for word in WORD.findall(text)})
    ordered = sorted(counts, key=lambda word: (-counts[word], word))
    return frozenset(ordered[:KEPT_WORDS])


def distort(texts: Sequence[str], kept: Collection[str]) -> list[str]:
    """The texts with other words as asterisks, as many as they have letters, and digits as #."""
    hidden = _Hidden(kept)
    found = []
    for text in texts:
        parts = WORDS.split(text)  # what is no word, word, what is no word, ...
        parts[1::2] = map(hidden.__getitem__, parts[1::2])
        found.append(DIGIT.sub("#", "".join(parts)))
    return found


class _Hidden(dict[str, str]):
    """Word -> itself or asterisks."""

    def __init__(self, kept: Collection[str]) -> None:
        super().__init__()
        self._kept = kept

    def __missing__(self, word: str) -> str:
        self[word] = shown = word if word.lower() in self._kept else "*" * len(word)
        return shown


@dataclass(frozen=True)
class _Block:
    """n texts, and their runs of three characters: the number of the text and the run, both (m,)."""

    n: int
    text: np.ndarray
    gram: np.ndarray

    def rates(self, chosen: np.ndarray) -> np.ndarray:
        """(n, d) occurrences of the chosen runs (ascending) per run of the text."""
        place = np.minimum(np.searchsorted(chosen, self.gram), max(len(chosen) - 1, 0))
        known = chosen[place] == self.gram if len(chosen) else np.zeros(len(place), dtype=bool)
        keys = self.text[known] * len(chosen) + place[known]
        counts = np.bincount(keys, minlength=self.n * len(chosen)).reshape(self.n, len(chosen))
        return counts / (np.bincount(self.text, minlength=self.n) + PRIOR)[:, None]


def _blocks(texts: Sequence[str], kept: Collection[str]) -> Iterator[_Block]:
    for start in range(0, len(texts), BLOCK_TEXTS):
        distorted = distort(texts[start : start + BLOCK_TEXTS], kept)
        block = [EDGE + text + EDGE for text in distorted]
        joined = "".join(block).encode("utf-32-le", "surrogatepass")
        codes = np.frombuffer(joined, dtype="<u4").astype(np.int64)
        text = np.repeat(np.arange(len(block)), [len(one) for one in block])
        inside = text[:-2] == text[2:]
        grams = (codes[:-2] << 2 * BITS) | (codes[1:-1] << BITS) | codes[2:]
        yield _Block(len(block), text[:-2][inside], grams[inside])
