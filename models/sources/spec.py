"""What a user says about one source: where it is, which dataset it belongs to, how to read it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, cast, get_args

from models.errors import InputError

Format = Literal["auto", "pgraphrag", "amazon2023", "datafiniti", "table", "sample"]
FORMATS: tuple[str, ...] = get_args(Format)
SPLITS = ("train", "validation", "test")
SPLIT_ALIASES = {"dev": "validation", "val": "validation", "valid": "validation"}  # names used by benchmarks
FIELDS = ("user", "topic", "text", "title", "rating", "posted_at")  # what a column mapping can name
REQUIRED_FIELDS = ("user", "topic", "text", "rating")
DATASET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")  # the prefix of every id: no ":" and no ","
TABLE_SEPARATOR = "::"  # file.duckdb::schema.table
SAMPLE_PREFIX = "sample:"
READER_VERSION = 1  # raise when a reader accepts other rows: registered files are then read again


@dataclass(frozen=True)
class SourceSpec:
    """One registered source.

    path: a file, `file.duckdb::schema.table`, or `sample:SEED`.
    dataset: prefix of every id of this source, so that datasets never mix.
    split: train, validation or test (`dev` is validation); None lets staging divide the users.
    columns: for `table`, which column holds user, topic, text, rating and, if any, title, posted_at.

    Raises InputError for a value that no source can have.
    """

    path: str
    dataset: str
    format: Format = "auto"
    split: str | None = None
    columns: Mapping[str, str] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        if not self.path or "\0" in self.path:
            raise InputError("the path of a source is empty or holds a NUL byte", remedy="give a file name")
        if any("\ud800" <= letter <= "\udfff" for letter in self.path):  # how bytes come that are no UTF-8
            raise InputError(
                "the name of the file is not UTF-8, so no table can hold it",
                file=self.path,
                remedy="rename the file",
            )
        if not DATASET_NAME.fullmatch(self.dataset):
            raise InputError(
                f"dataset {self.dataset!r} cannot be the prefix of ids",
                file=self.path,
                remedy="use 1 to 64 letters, digits, '_', '-' or '.', the first a letter or digit",
            )
        if self.format not in FORMATS:
            raise InputError(
                f"unknown format {self.format!r}", file=self.path, remedy=f"use one of {', '.join(FORMATS)}"
            )
        if self.split is not None:
            split = SPLIT_ALIASES.get(self.split, self.split)
            if split not in SPLITS:
                raise InputError(
                    f"unknown split {self.split!r}", file=self.path, remedy=f"use one of {', '.join(SPLITS)}"
                )
            object.__setattr__(self, "split", split)
        if self.columns is not None:
            self._check_columns(self.columns)

    def _check_columns(self, columns: Mapping[str, str]) -> None:
        if self.format not in ("auto", "table"):
            raise InputError(
                f"a column mapping means nothing to format {self.format}",
                file=self.path,
                remedy="leave the mapping out, or use format table",
            )
        unknown = sorted(set(columns) - set(FIELDS))
        missing = [name for name in REQUIRED_FIELDS if not columns.get(name)]
        if unknown or missing:
            wrong = f"unknown {', '.join(unknown)}" if unknown else f"no column for {', '.join(missing)}"
            raise InputError(
                f"column mapping: {wrong}",
                file=self.path,
                remedy=f"map {', '.join(REQUIRED_FIELDS)} and, if the table has them, title and posted_at",
            )

    @classmethod
    def from_dict(cls, entry: object, file: str | None = None) -> SourceSpec:
        """A spec from one entry of sources.yaml; InputError when a key is unknown or of a wrong type."""
        known = {"path", "dataset", "format", "split", "columns"}
        if not isinstance(entry, dict) or not {"path", "dataset"} <= set(entry) <= known:
            raise InputError(
                f"a source must have path and dataset, and may have format, split, columns; found {entry!r}",
                file=file,
            )
        columns = entry.get("columns")
        texts = [entry[key] for key in known - {"columns"} if entry.get(key) is not None]
        if isinstance(columns, dict):
            texts += [*columns.keys(), *columns.values()]
        if not all(isinstance(text, str) for text in texts) or not isinstance(columns, dict | None):
            raise InputError(f"a source holds text only (quote numbers); found {entry!r}", file=file)
        return cls(
            path=entry["path"],
            dataset=entry["dataset"],
            format=cast(Format, entry.get("format") or "auto"),
            split=entry.get("split"),
            columns=columns,
        )

    def to_dict(self) -> dict[str, object]:
        """Plain values for YAML; keys without a value are left out."""
        entry: dict[str, object] = {"path": self.path, "dataset": self.dataset, "format": self.format}
        if self.split is not None:
            entry["split"] = self.split
        if self.columns is not None:
            entry["columns"] = dict(self.columns)
        return entry

    def absolute(self) -> SourceSpec:
        """The same source with an absolute path, so that it is found from every working folder."""
        if self.path.startswith(SAMPLE_PREFIX):
            return self
        file, separator, table = self.path.partition(TABLE_SEPARATOR)
        return replace(self, path=f"{Path(file).expanduser().absolute()}{separator}{table}")

    def how(self, resolved: Format) -> str:
        """How the file is read, as one line of JSON: when it is unchanged, so are the rows."""
        return json.dumps(
            {
                "columns": dict(sorted(self.columns.items())) if self.columns else None,
                "format": resolved,
                "reader": READER_VERSION,
                "split": self.split,
            },
            ensure_ascii=False,
        )
