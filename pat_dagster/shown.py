"""How assets are shown in Dagster's UI: groups in the order of the flow, words, and where the code lies."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import dagster as dg

from pat_dagster.settings import SQL_ROOT
from pat_dagster.sql_files import SqlFile, load_files

VECTORS_STAGE: Final = 25  # after staging (20), before what reads vectors (30 and up)


@cache
def group_of(schema: str) -> str:
    """Group of a schema's assets, with the number of its stage in front: the UI sorts groups by name."""
    stages = {file.schema: file.stage for file in load_files().values()} | {"vectors": VECTORS_STAGE}
    return f"{stages[schema]}_{schema}"


def of_schemas(*schemas: str) -> dg.AssetSelection:
    """All assets of some schemas."""
    return dg.AssetSelection.groups(*(group_of(schema) for schema in schemas))


def words(file: SqlFile) -> str:
    """Description of a table's asset: what a row is, why it is there, which file says so."""
    return f"{file.grain}\n\n{file.why}\n\n`{in_repository(file.path)}`"


def where(file: SqlFile | None, function: Callable[..., Any] | None = None) -> dict[str, Any]:
    """Metadata: links to the file of the table and to the function that computes it, and the statement.

    file: None for vectors.
    """
    links = [] if file is None else [_reference(file.path, 1)]
    links += [] if function is None else [reference_to(function)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # the pinned version has them, and a test looks
        references = dg.CodeReferencesMetadataValue(code_references=[*links])
    told: dict[str, Any] = {"dagster/code_references": references}
    if file is None:
        return told
    return told | {
        "sql": dg.MetadataValue.md(f"```sql\n{file.sql.strip()}\n```"),
    }


def reference_to(function: Callable[..., Any]) -> dg.LocalFileCodeReference:
    """Link to a function in its file."""
    plain = inspect.unwrap(function)
    return _reference(Path(inspect.getfile(plain)), inspect.getsourcelines(plain)[1])


def _reference(path: Path, line: int) -> dg.LocalFileCodeReference:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.LocalFileCodeReference(file_path=str(path), line_number=line, label=in_repository(path))


def in_repository(path: Path) -> str:
    """Path from the root of the repository."""
    root = SQL_ROOT.parent
    return str(path.relative_to(root)) if path.is_relative_to(root) else path.name
