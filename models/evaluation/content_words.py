"""Words that say what a text is about: what is left without frequent function words."""

from __future__ import annotations

import re
from typing import Final

WORD: Final = re.compile(r"[^\W\d_]{3,}")  # letters of any script; shorter words are mostly function words

# Function words of English and Portuguese, the languages of the public corpora: neither a thing nor an
# opinion. Short on purpose: a missing one adds the same to every context compared.
_FUNCTION_WORDS: Final = """
the and for you your was are were been being have has had this that these those with without from they them
their there here our not but very just all any some more most much too than then when while where what
which who how why can could will would should did does doing don didn doesn isn wasn couldn get got out
off over into about also only even after before because its his her him she one other again still ever
each both such que com uma por para não nao dos das mas mais muito como foi ser está esta esse essa este
isso são sao tem seu sua meu minha pelo pela nos nas aos até ate também tambem quando porque pois sem
sobre mesmo ele ela eles
"""
STOP_WORDS: Final = frozenset(_FUNCTION_WORDS.split())


def content_words(text: str) -> frozenset[str]:
    """Distinct content words of a text, lower case."""
    return frozenset(WORD.findall(text.lower())) - STOP_WORDS
