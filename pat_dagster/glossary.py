"""mart.glossary: what every word, schema, table and column of the published file means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pat_dagster.settings import SQL_ROOT
from pat_dagster.sql_files import SqlFile, SqlFileError

GLOSSARY = "mart.glossary"


class Meanings(BaseModel):
    """`sql/glossary.yaml`: what the SQL files cannot say, because it belongs to no single table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: dict[str, str]
    schemas: dict[str, str]


@cache
def meanings(root: Path = SQL_ROOT) -> Meanings:
    """Read the file; SqlFileError says what is wrong with it."""
    path = root / "glossary.yaml"
    try:
        return Meanings.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise SqlFileError(f"{path}: {' '.join(str(error).split())}") from error


def glossary(
    files: Sequence[SqlFile], types: Mapping[str, Mapping[str, str]], known: Meanings
) -> list[dict[str, Any]]:
    """Rows of the glossary. files: the published tables in order; types: DuckDB type by table and column.

    Raises SqlFileError for a schema that nobody has described.
    """
    schemas = list(dict.fromkeys(file.schema for file in files))
    if unknown := [schema for schema in schemas if schema not in known.schemas]:
        raise SqlFileError(f"sql/glossary.yaml does not say what {', '.join(unknown)} is for")
    rows = [_row("word", word, meaning) for word, meaning in known.words.items()]
    for schema in schemas:
        rows.append(_row("schema", schema, known.schemas[schema]))
        for file in files:
            if file.schema == schema:
                rows += _of_table(file, types[file.name])
    return [row | {"place": place} for place, row in enumerate(rows, start=1)]


def _of_table(file: SqlFile, types: Mapping[str, str]) -> list[dict[str, Any]]:
    table = _row("table", file.name, file.description, table_name=file.name)
    columns = [
        _row(
            "column",
            f"{file.name}.{name}",
            meaning,
            table_name=file.name,
            column_name=name,
            data_type=types[name],
        )
        for name, meaning in file.columns.items()
    ]
    return [table, *columns]


def _row(kind: str, term: str, meaning: str, **more: str) -> dict[str, Any]:
    address = {"table_name": None, "column_name": None, "data_type": None}
    return {"kind": kind, "term": term, **address, **more, "meaning": meaning}
