"""A corpus whose reviews, titles, users, topics and file names are the attacks."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.hostile.attacks import ATTACKS, BY_NAME, of

DATASET = "hostile"
TOPICS, REVIEWS = 24, 3  # topics in all, reviews of each user
NAMES = {  # kind of file -> the attack that is its name
    "amazon2023": BY_NAME["ansi_clear"].value + ".jsonl",
    "table": BY_NAME["sql_drop"].value + ".csv",
    "pgraphrag": BY_NAME["log_forging"].value + ".json",
}
ADJECTIVES = ("quiet", "bright", "slow", "friendly", "clean", "crowded", "cheap")
THINGS = (
    "room",
    "staff",
    "lift",
    "breakfast",
    "battery",
    "screen",
    "garden",
    "street",
    "handle",
    "price",
    "seat",
)


@dataclass(frozen=True)
class Written:
    """One review as its author wrote it."""

    user: str
    topic: str
    title: str
    text: str
    rating: int


def ordinary(number: int) -> str:
    """Words that no other review has in this order, so that no text is shared."""
    kind, thing = ADJECTIVES[number % len(ADJECTIVES)], THINGS[number % len(THINGS)]
    return f"The {kind} {thing} was fine, number {number}."


def reviews() -> list[Written]:
    """Three reviews by everybody; users and topics are the attacks that can be ids."""
    users, texts, titles = of("id"), of("text"), of("title")
    topics = users[::4][:TOPICS]
    found = []
    for place, user in enumerate(users):
        for nth, shift in enumerate((0, 1, 5)):
            number = place * REVIEWS + nth
            attack = texts[number % len(texts)]
            found.append(
                Written(
                    user.value,
                    topics[(place + shift) % TOPICS].value,
                    titles[(number + 7) % len(titles)].value,
                    attack.value if number < len(texts) else f"{attack.value} {ordinary(number)}",
                    1 + number % 5,
                )
            )
    return found


def refused() -> list[str]:
    """Lines of JSON whose text no table can hold."""
    texts = [attack.value for attack in ATTACKS if attack.rejected]
    return [json.dumps({"user_id": "u", "asin": "t", "rating": 3, "text": text}) for text in texts]


def write(folder: Path) -> list[tuple[Path, str]]:
    """The corpus as three files; returns (path, format) of each."""
    folder.mkdir()
    parts = [list(part) for part in _by_user(reviews())]
    files = [(folder / name, kind) for kind, name in NAMES.items()]
    lines = [
        json.dumps(
            {"user_id": r.user, "asin": r.topic, "title": r.title, "text": r.text, "rating": r.rating},
            ensure_ascii=False,
        )
        for r in parts[0]
    ]
    files[0][0].write_text("\n".join([*lines, *refused()]), encoding="utf-8")
    with files[1][0].open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerow(["user", "topic", "title", "text", "rating"])
        writer.writerows([r.user, r.topic, r.title, r.text, r.rating] for r in parts[1])
    profiles: dict[str, list[dict[str, object]]] = {}
    for r in parts[2]:
        profiles.setdefault(r.user, []).append(
            {"pid": r.topic, "title": r.title, "text": r.text, "rating": r.rating}
        )
    entries = [{"id": user, "profile": profile} for user, profile in profiles.items()]
    files[2][0].write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")
    return files


def _by_user(rows: Sequence[Written]) -> Iterator[Sequence[Written]]:
    """Three parts of about the same number of users, nobody in two of them."""
    n_users = len(rows) // REVIEWS
    borders = [REVIEWS * (n_users * part // 3) for part in range(4)]
    return (rows[start:end] for start, end in pairwise(borders))
