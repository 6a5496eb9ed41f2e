"""Who is forgotten, and all that follows from it: what is written down before anything is removed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import polars as pl

from models.forgetting.traces import Traces

DISTINCTIVE: Final = re.compile(r"(?=.*[a-zA-Z])(?=.*[0-9])\S{6,}")  # an id, and no name or number


@dataclass(frozen=True, order=True)
class Row:
    """Where a source, which is the user's own file, still holds a record."""

    dataset: str
    file: str
    row: int


@dataclass(frozen=True)
class Subject:
    """The users and everything that is theirs or was made of it; ids have their dataset in front.

    users: (dataset, id). asked: examples and requests of their own. touched: those of others to whom their
    texts were shown, in any iteration. policies: (id, why) of those trained on pairs that go; iterations: of
    the pairs. learned: datasets whose learned weights saw their texts. averaged: topics they wrote about;
    topics: of these, those that nobody else did.
    """

    users: tuple[tuple[str, str], ...]
    reviews: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    pieces: tuple[str, ...] = ()
    policies: tuple[tuple[str, str], ...] = ()
    iterations: tuple[str, ...] = ()
    learned: tuple[str, ...] = ()
    averaged: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    sources: tuple[Row, ...] = field(default=())

    @property
    def user_ids(self) -> tuple[str, ...]:
        """Ids without what they are of."""
        return tuple(user for _, user in self.users)

    @property
    def traces(self) -> Traces:
        """What no file may hold afterwards; ids without their dataset too, where they cannot be a word."""
        bare = (user.removeprefix(f"{dataset}:") for dataset, user in self.users)
        distinctive = tuple(sorted({name for name in bare if DISTINCTIVE.fullmatch(name)}))
        return Traces((*self.user_ids, *distinctive, *self.reviews), self.pieces)

    @property
    def frame(self) -> pl.DataFrame:
        """All ids in one column, each with what it is of: user, review, asked, touched."""
        kinds = {
            "user": self.user_ids,
            "review": self.reviews,
            "asked": self.asked,
            "touched": self.touched,
        }
        rows = [(one, kind) for kind, ids in kinds.items() for one in ids]
        return pl.DataFrame(rows, schema={"id": pl.String, "kind": pl.String}, orient="row")

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Subject:
        """What `to_json` wrote."""
        plain = {name: _tuples(value) for name, value in content.items() if name != "sources"}
        return cls(**plain, sources=tuple(Row(**row) for row in content["sources"]))


def _tuples(value: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(tuple(one) if isinstance(one, list) else one for one in value)
