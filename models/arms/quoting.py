"""The arms that need no language model, by the name in `how`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from models.arms.ceilings import oracle_review, own_review
from models.arms.floors import (
    bm25_review,
    first_words,
    random_review,
    random_topic_review,
    title_bm25_review,
)
from models.arms.mbr import mbr_review, mbr_sentences
from models.arms.pool import Quotes
from models.arms.ratings import majority_rating, neighbor_mean_rating

QUOTES: Final[Mapping[str, Quotes]] = {
    "random_review": random_review,
    "random_topic_review": random_topic_review,
    "bm25_review": bm25_review,
    "title_bm25_review": title_bm25_review,
    "first_words": first_words,
    "majority_rating": majority_rating,
    "neighbor_mean_rating": neighbor_mean_rating,
    "mbr_review": mbr_review,
    "mbr_sentences": mbr_sentences,
    "oracle_review": oracle_review,
    "own_review": own_review,
}
