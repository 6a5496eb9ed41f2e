"""The arms that need no language model, by the name in `how`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from models.arms.floors import random_topic_review
from models.arms.pool import Quotes

QUOTES: Final[Mapping[str, Quotes]] = {
    "random_topic_review": random_topic_review,
}
