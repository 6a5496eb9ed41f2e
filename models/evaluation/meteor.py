"""METEOR as NLTK defines it (Lavie and Agarwal 2007: alpha .9, beta 3, gamma .5), and much faster.

Words are matched in three steps: equal, of equal stem (Porter), synonyms where WordNet is installed. In each
step the last free occurrence of a word in the text meets the last free one in the reference, as in NLTK.
Texts are cut by NLTK's wordpunct_tokenize, which needs no data: its word_tokenize, common in published code,
needs a downloaded sentence splitter and cuts "don't" another way.

A text is cut and stemmed once, however many pairs it is part of. Words that are equal have equal stems, so
the first two steps need to look at the stems that both texts have, and at nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

import numpy as np

from models.evaluation.rouge import Scores

ALPHA: Final = 0.9  # recall counts nine times as much as precision
BETA: Final = 3.0
GAMMA: Final = 0.5

Synonyms: TypeAlias = Callable[[str], frozenset[str]]
"""Word -> words that mean the same, one word each."""
Match: TypeAlias = tuple[int, int]  # place in the text, place in the reference


def meteor_scores(
    predictions: Sequence[str], references: Sequence[str], synonyms: Synonyms | None = None
) -> Scores:
    """METEOR of n texts against n references, shape (n,), 0..1; 0 for a pair without a common word.

    synonyms: `wordnet_synonyms()`, or None for equal words and stems alone. ValueError when lengths differ.
    """
    if len(predictions) != len(references):
        raise ValueError(f"{len(predictions)} predictions for {len(references)} references")
    reader = _Reader()
    cut = {text: reader.read(text) for text in dict.fromkeys([*predictions, *references])}
    pairs = zip(predictions, references, strict=True)
    values = [_score(cut[text], cut[reference], synonyms) for text, reference in pairs]
    return np.array(values, dtype=np.float64)


@cache
def wordnet_synonyms() -> Synonyms | None:
    """Synonyms by WordNet as NLTK's METEOR takes them; None where its data is not installed."""
    from nltk.corpus import wordnet  # seconds to import, and needed nowhere else

    try:
        wordnet.ensure_loaded()
    except LookupError:
        return None
    return synonyms_of(wordnet)


def synonyms_of(wordnet: object) -> Synonyms:
    """Synonyms by anything with `synsets(word)`, as NLTK collects them: lemmas of one word."""

    @cache
    def synonyms(word: str) -> frozenset[str]:
        synsets = wordnet.synsets(word)  # type: ignore[attr-defined]
        names = (lemma.name() for synset in synsets for lemma in synset.lemmas())
        return frozenset(name for name in names if "_" not in name)

    return synonyms


@dataclass(frozen=True)
class _Text:
    """Words and stems of a text, the places of each stem, ascending, and the stems of several words."""

    words: list[str]
    stems: list[str]
    places: Mapping[str, list[int]]
    mixed: frozenset[str]


class _Reader:
    """Cuts texts into words and stems each word once, both by NLTK."""

    def __init__(self) -> None:
        from nltk.stem.porter import PorterStemmer  # seconds to import, and needed nowhere else
        from nltk.tokenize import WordPunctTokenizer

        self._tokenize = WordPunctTokenizer().tokenize
        self._lower = cache(str.lower)  # one object a word, however many texts hold it
        self._stem = cache(PorterStemmer().stem)

    def read(self, text: str) -> _Text:
        words = [self._lower(word) for word in self._tokenize(text)]
        stems = [self._stem(word) for word in words]
        places: dict[str, list[int]] = {}
        for place, stem in enumerate(stems):
            places.setdefault(stem, []).append(place)
        once: set[str] = set()
        mixed: set[str] = set()
        for stem in map(self._stem, set(words)):
            (mixed if stem in once else once).add(stem)
        return _Text(words, stems, places, frozenset(mixed))


def _score(text: _Text, reference: _Text, synonyms: Synonyms | None) -> float:
    matches: list[Match] = []
    for stem in text.places.keys() & reference.places.keys():
        here, there = text.places[stem], reference.places[stem]
        if len(here) == len(there) == 1:
            matches.append((here[0], there[0]))
        elif stem in text.mixed or stem in reference.mixed:
            matches += _stem_matches(here, text.words, there, reference.words)
        else:  # one word here and one there, equal or not: every occurrence will do
            matches += zip(reversed(here), reversed(there), strict=False)
    if synonyms is not None:
        matches += _synonym_matches(text.stems, reference.stems, matches, synonyms)
    if not matches:
        return 0.0
    precision, recall = len(matches) / len(text.words), len(matches) / len(reference.words)
    mean = (precision * recall) / (ALPHA * precision + (1 - ALPHA) * recall)
    return float((1 - GAMMA * (_chunks(matches) / len(matches)) ** BETA) * mean)


def _stem_matches(
    here: list[int], words: list[str], there: list[int], reference_words: list[str]
) -> list[Match]:
    """Matches among the places of one stem: equal words first, then what is left; from the end."""
    free: dict[str, list[int]] = {}
    for place in there:
        free.setdefault(reference_words[place], []).append(place)
    matches, left = [], []
    for place in reversed(here):
        same = free.get(words[place])
        if same:
            matches.append((place, same.pop()))
        else:
            left.append(place)
    others = sorted((place for places in free.values() for place in places), reverse=True)
    return matches + list(zip(left, others, strict=False))


def _synonym_matches(
    stems: list[str], reference_stems: list[str], matches: list[Match], synonyms: Synonyms
) -> list[Match]:
    """Matches of words that neither step before has used, from the end: the last free synonym.

    NLTK hands the stems of these words on, not the words, and looks the stems up. So do we.
    """
    used_here, used_there = {here for here, _ in matches}, {there for _, there in matches}
    free: dict[str, list[int]] = {}
    for place, stem in enumerate(reference_stems):
        if place not in used_there:
            free.setdefault(stem, []).append(place)
    found: list[Match] = []
    for place in reversed(range(len(stems))):
        if place in used_here:
            continue
        meant = [stem for stem in synonyms(stems[place]) if free.get(stem)]
        if meant:
            found.append((place, free[max(meant, key=lambda stem: free[stem][-1])].pop()))
    return found


def _chunks(matches: list[Match]) -> int:
    """Runs of matches that follow each other in both texts."""
    matches.sort()
    shifts = [here - there for here, there in matches]
    return 1 + sum(
        first[0] + 1 != second[0] or shift != next_shift
        for first, second, shift, next_shift in zip(matches, matches[1:], shifts, shifts[1:], strict=False)
    )
