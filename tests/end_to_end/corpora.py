"""Corpora that no method can do much with, a few rows each: what must end in a finished run all the same."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

Row = dict[str, Any]
TEXT: Final = (
    "the a it this works fine broke after week battery screen price good bad quick slow lid box came with "
    "very not love hate would buy again never sturdy cheap loud quiet and but my for bought as gift"
)
WORDS: Final = TEXT.split()
LONG: Final = 5_000  # words of a long review
MANY: Final = 1_000  # reviews of the busy user


def sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words)).capitalize() + "."


def review(rng: random.Random, user: str, topic: str, **changed: Any) -> Row:
    row: Row = {"user_id": user, "topic_id": topic, "rating": rng.randint(1, 5)}
    return row | {"title": sentence(rng, 3), "text": sentence(rng, 12)} | changed


def one_user(rng: random.Random) -> Iterator[Row]:
    for topic in range(6):
        yield review(rng, "u1", f"t{topic}")


def one_topic(rng: random.Random) -> Iterator[Row]:
    for user in range(12):
        yield review(rng, f"u{user}", "t1")


def one_review(rng: random.Random) -> Iterator[Row]:
    yield review(rng, "u1", "t1")


def same_text(rng: random.Random) -> Iterator[Row]:
    for user in range(12):
        yield review(rng, f"u{user}", f"t{user % 3}", title="Same", text="All of us write these words.")


def no_titles(rng: random.Random) -> Iterator[Row]:
    for user in range(12):
        yield review(rng, f"u{user}", f"t{user % 3}", title="" if user % 2 else None)


def long_texts(rng: random.Random) -> Iterator[Row]:
    for user in range(12):
        yield review(rng, f"u{user}", f"t{user % 3}", text=sentence(rng, LONG))


def thin_topics(rng: random.Random) -> Iterator[Row]:
    for user in range(12):
        yield review(rng, f"u{user}", f"t{user}")


def busy_user(rng: random.Random) -> Iterator[Row]:
    for topic in range(MANY):
        yield review(rng, "u0", f"t{topic % 100}")
    for user in range(1, 12):
        yield review(rng, f"u{user}", f"t{user}")


def shared_name(rng: random.Random) -> Iterator[Row]:
    for topic in range(20):
        yield review(rng, "A verified traveler", f"t{topic % 5}")
    for user in range(12):
        yield review(rng, f"traveler of the {user}th floor", f"t{user % 5}")


def no_ratings(rng: random.Random) -> Iterator[Row]:
    for user in range(12):
        yield review(rng, f"u{user}", f"t{user % 3}", rating=None)


CORPORA: Final[dict[str, Callable[[random.Random], Iterator[Row]]]] = {
    made.__name__: made
    for made in (
        one_user,
        one_topic,
        one_review,
        same_text,
        no_titles,
        long_texts,
        thin_topics,
        busy_user,
        shared_name,
    )
}


def write(folder: Path, name: str, rows: Iterator[Row]) -> Path:
    """JSON lines named after the corpus, so that the dataset has its name."""
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
