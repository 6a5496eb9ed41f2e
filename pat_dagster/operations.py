"""How a home is run: `settings.yaml` beside its tables. What a run computes is the recipe's; when, and from
where, is said here.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from models.errors import InputError
from models.sources import SourceSpec

Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(ge=0, le=3600)]


class Part(BaseModel):
    """Base of every section: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Folder(Part):
    """A landing folder: files that `pattern` matches belong to `dataset`. Relative: below the home."""

    folder: Path
    dataset: str
    pattern: str = "*"


class ReviewFolder(Folder):
    """Reviews: every file is a source, read as the keys say."""

    format: str = "auto"
    split: str | None = None
    columns: dict[str, str] | None = None
    removed: Literal["drop", "keep"] = "drop"  # reviews of a file that somebody took away

    @model_validator(mode="after")
    def _can_be_a_source(self) -> ReviewFolder:
        try:
            self.source(self.folder / "file")
        except InputError as error:
            raise ValueError(error.reason) from error
        return self

    def source(self, file: Path) -> SourceSpec:
        """The source that a file of this folder is; InputError for keys that no source can have."""
        how = self.model_dump(include={"dataset", "format", "split", "columns"}, exclude_none=True)
        return SourceSpec.from_dict({"path": str(file), **how})


class RequestFolder(Folder):
    """Requests, JSONL, CSV or Parquet."""


AnyFolder = TypeVar("AnyFolder", bound=Folder)


class Operations(Part):
    """The nightly run of one home, its landing folders, and how long things are kept."""

    timezone: str = "UTC"  # of the schedule; names of snapshots are UTC
    nightly_at: datetime.time = datetime.time(2, 0)
    reviews: tuple[ReviewFolder, ...] = ()
    requests: tuple[RequestFolder, ...] = ()
    snapshots: Annotated[int, Field(ge=0)] = 7  # published files kept beside the newest: a week of nights
    fresh_within_hours: Count = 26  # a nightly run and two hours of it
    row_count_change: Annotated[float, Field(gt=0)] = 0.5  # of the run before; more is an anomaly
    retries: Annotated[int, Field(ge=0)] = 5  # of one table, for causes that pass: a quarter of an hour
    retry_seconds: Seconds = 30.0  # before the first retry; twice as long before each one after it
    settle_seconds: Seconds = 60.0  # a file that changed more recently may still be written

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name!r} is no timezone; for example Europe/Berlin") from error
        return name

    def below(self, home: Path) -> Operations:
        """The same with absolute landing folders."""

        def absolute(place: AnyFolder) -> AnyFolder:
            return place.model_copy(update={"folder": (home / place.folder.expanduser()).absolute()})

        return self.model_copy(
            update={
                "reviews": tuple(map(absolute, self.reviews)),
                "requests": tuple(map(absolute, self.requests)),
            }
        )


def load_operations(path: Path) -> Operations:
    """`Settings.operations_path`; the defaults where there is no file; InputError names the key at fault."""
    if not path.exists():
        return Operations()
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Operations.model_validate(content or {}).below(path.parent)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(
            f"not YAML: {' '.join(str(error).split())}", file=path, remedy="fix it, or delete it"
        ) from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(step) for step in fault['loc'])}: {fault['msg']}" for fault in error.errors()
        )
        raise InputError(faults, file=path, remedy="the README lists the keys") from error
