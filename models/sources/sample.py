"""The bundled sample world as a source: path `sample:SEED`, rows from `models.sample`.

`sample:SEED:null` is the same world without any tie between who, what and text; `:small` at the end makes
either one small enough for a test. Row = number of the review in the order the world is written. The world
is drawn from the seed, so there is no file: the sha256 covers the path and the code that draws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import cast

from models import sample
from models.errors import InputError
from models.sources.records import Candidate
from models.sources.spec import SAMPLE_PREFIX

NULL, SMALL = "null", "small"


def world_of(path: str) -> sample.World:
    """The world that `sample:SEED`, `sample:SEED:null` or `sample:SEED:null:small` names."""
    seed, *words = path.removeprefix(SAMPLE_PREFIX).split(":")
    known = words in ([], [NULL], [SMALL], [NULL, SMALL])
    if not (
        path.startswith(SAMPLE_PREFIX) and seed.isdecimal() and seed.isascii() and len(seed) <= 18 and known
    ):
        raise InputError(
            "not a sample",
            file=path,
            remedy="write sample:SEED, for example sample:7, or sample:7:null for a world without signal",
        )
    return sample.build_world(int(seed), sample.SMALL if SMALL in words else None, is_null=NULL in words)


def sha256(path: str) -> str:
    """Hash of the path and of every file of `models.sample`: equal hash, equal world."""
    total = hashlib.sha256(path.encode())
    folder = Path(sample.__file__).parent
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            total.update(file.relative_to(folder).as_posix().encode() + file.read_bytes())
    return total.hexdigest()


def read(path: str) -> Iterator[Candidate]:
    """One candidate per review of the world."""
    world = world_of(path)
    for row, review in enumerate(world.reviews(), start=1):
        yield Candidate(
            row,
            review,
            user=review["user_id"],
            topic=review["topic_id"],
            title=review["title"],
            text=review["text"],
            rating=review["rating"],
            posted_at=cast(datetime | None, review["posted_at"]),
            is_target=cast(bool | None, review["is_target"]),
            split=cast(str | None, review["split"]),
        )
