"""Texts cut into tokens as PGraphRAG cuts them for BM25: NLTK's word tokenizer on the lower-cased text."""

from __future__ import annotations

from typing import Final

from nltk.tokenize import NLTKWordTokenizer
from nltk.tokenize.punkt import PunktSentenceTokenizer

# PGraphRAG's Punkt knows English abbreviations, from data that NLTK downloads; here "dr." ends a sentence.
SENTENCES: Final = PunktSentenceTokenizer()
WORDS: Final = NLTKWordTokenizer()


def tokens(text: str) -> list[str]:
    """Words and punctuation marks, lower case."""
    return [token for sentence in SENTENCES.tokenize(text.lower()) for token in WORDS.tokenize(sentence)]
