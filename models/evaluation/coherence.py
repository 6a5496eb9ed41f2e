"""Coherence of one text: sentences that contradict in polarity, repeat each other, or are no sentences.

Polarity is learned from the ratings of the corpus, so that it needs no word list of any language: a word
counts when reviews of 4 or 5 stars use it at another rate than reviews of 1 or 2, by log odds with an
informative prior (Monroe et al. 2008). Learned on half the users of four dev corpora, the sign of a sentence
agreed with the rating of single-sentence reviews of the others for .75 to .92 of the good ones and .62 to .93
of the bad ones. People contradict themselves too: of the pairs of sentences of one review 9 to 12% did, and
of those of half a good and half a bad review of the same topic 16 to 44%.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log, sqrt
from typing import Final

import numpy as np

from models.evaluation.rouge import Scores
from models.evaluation.words import words

SENTENCE_END: Final = re.compile(r"(?<=[.!?\u2026])[\"')\]\u201d]*\s+|\n+")
GOOD, BAD = 4.0, 2.0  # a rating of at least GOOD praises, one of at most BAD complains
LEAST_REVIEWS: Final = 20  # of each kind; fewer teach no words
PRIOR: Final = 500.0  # words at the rate of the whole corpus, added to both kinds
LEAST_USES: Final = 3
LEAST_Z: Final = 1.645  # one-sided 95%; 1, 2 and 2.6 measured: worse on good or on bad sentences
LEAST_POLARITY: Final = 1.0  # log odds: a sentence is e times as likely in one kind of review
LEAST_WORDS: Final = 4  # fewer are a fragment
ALIKE: Final = 0.8  # share of common distinct words from which a sentence repeats another


@dataclass(frozen=True)
class Polarity:
    """log odds of words: above 0 in praise, below 0 in complaints; other words say neither."""

    weights: Mapping[str, float]

    @classmethod
    def learn(cls, texts: Iterable[str], ratings: Iterable[float | None]) -> Polarity | None:
        """From the reviews of one dataset; None where too few praise or too few complain."""
        uses: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        reviews = [0, 0]
        for text, rating in zip(texts, ratings, strict=True):
            if rating is not None and (rating >= GOOD or rating <= BAD):
                kind = int(rating <= BAD)
                uses[kind].update(set(words(text)))
                reviews[kind] += 1
        if min(reviews) < LEAST_REVIEWS:
            return None
        totals = uses[0].total(), uses[1].total()
        weights = {}
        for word in sorted(uses[0].keys() | uses[1].keys()):
            counts = uses[0][word], uses[1][word]
            if sum(counts) >= LEAST_USES:
                odds, z = _log_odds(counts, totals)
                if abs(z) >= LEAST_Z:
                    weights[word] = odds
        return cls(weights)

    def of(self, distinct_words: Iterable[str]) -> float:
        """Log odds of a sentence, by its distinct words."""
        get = self.weights.get
        return sum([get(word, 0.0) for word in distinct_words])


@dataclass(frozen=True)
class Coherence:
    """Of n texts, each of shape (n,), 0..1; 0 for a text with too few sentences to go wrong.

    contradicting_pairs: share of the pairs of sentences of which one praises and one complains; None without
    a polarity. repeated_sentences: share of the sentences that repeat an earlier one. fragments: share of
    the sentences of fewer than four words.
    """

    contradicting_pairs: Scores | None
    repeated_sentences: Scores
    fragments: Scores

    @classmethod
    def measure(cls, texts: Sequence[str], polarity: Polarity | None) -> Coherence:
        """Each text by itself."""
        cut = [[words(sentence) for sentence in sentences(text)] for text in texts]
        distinct = [[set(sentence) for sentence in text] for text in cut]
        return cls(
            None if polarity is None else np.array([_contradicting(text, polarity) for text in distinct]),
            np.array([_share(_repeats(text), len(text)) for text in distinct], dtype=np.float64),
            np.array([_share(_short(text), len(text)) for text in cut], dtype=np.float64),
        )


def sentences(text: str) -> list[str]:
    """Parts of a text that hold a word, cut after sentence marks and at line breaks."""
    return [part for part in SENTENCE_END.split(text) if words(part)]


def _log_odds(counts: tuple[int, int], totals: tuple[int, int]) -> tuple[float, float]:
    """(log odds ratio, z) of a word that the two kinds use `counts` times among `totals` words."""
    prior = PRIOR * sum(counts) / sum(totals)
    logs = [
        log((count + prior) / (total + PRIOR - count - prior))
        for count, total in zip(counts, totals, strict=True)
    ]
    odds = logs[0] - logs[1]
    return odds, odds / sqrt(sum(1 / (count + prior) for count in counts))


def _contradicting(text: Sequence[set[str]], polarity: Polarity) -> float:
    # sorted: a sum of floats depends on its order, and that of a set on the process
    polarities = [polarity.of(sorted(sentence & polarity.weights.keys())) for sentence in text]
    praise = sum(value >= LEAST_POLARITY for value in polarities)
    complaints = sum(value <= -LEAST_POLARITY for value in polarities)
    return _share(praise * complaints, len(text) * (len(text) - 1) // 2)


def _repeats(text: Sequence[set[str]]) -> int:
    """Sentences that repeat an earlier one."""
    repeated = {
        later for (_, first), (later, second) in combinations(enumerate(text), 2) if _alike(first, second)
    }
    return len(repeated)


def _alike(first: set[str], second: set[str]) -> bool:
    if min(len(first), len(second)) < ALIKE * max(len(first), len(second)):
        return False  # most pairs: too different in length to be alike
    shared = len(first & second)
    return shared >= ALIKE * (len(first) + len(second) - shared)


def _short(text: Sequence[list[str]]) -> int:
    return sum(len(sentence) < LEAST_WORDS for sentence in text)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
