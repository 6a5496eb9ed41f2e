"""The marts as Parquet files, for those who do not use DuckDB: a folder that is swapped in whole.

The folder that readers open is a symbolic link to a hidden one beside it, named after its content: a swap
replaces the link, and what has not changed is not written again.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from sqlglot import exp

from models.errors import InputError
from models.files import write_whole
from models.progress import track
from pat_dagster import tables
from pat_dagster.publish import sync
from pat_dagster.published_file import tables_of
from pat_dagster.settings import SQL_ROOT
from pat_dagster.sql_files import DIALECT, load_files

DEFAULT = ("mart.*",)
CONTENTS = "tables.json"
BATCH = 50_000  # rows in memory at a time, and in a row group of a file
LAYOUT = f"1 zstd {BATCH} pyarrow {pa.__version__}"  # with the rows, all that decides the bytes
ID = 12  # hexadecimal digits of a folder's name: 48 bits tell the exports of one place apart


@dataclass(frozen=True)
class Exported:
    """What lies in `folder` now: rows by table; whether it had to be written."""

    folder: Path
    rows: Mapping[str, int]
    changed: bool


def export(con: duckdb.DuckDBPyConnection, folder: Path, wanted: Sequence[str] = DEFAULT) -> Exported:
    """Write tables of a published file to `folder`, one `schema.table.parquet` each, sorted by their columns.

    wanted: names or patterns. Comments of tables and columns become metadata of the files; `tables.json`
    lists them. Raises InputError for a name that matches nothing, and for a folder that no export made.
    """
    names = choose(tables_of(con), wanted)
    con.execute((SQL_ROOT / "macros.sql").read_text(encoding="utf-8"))
    contents = {name: _described(con, name) for name in names}
    version = hashlib.sha256(json.dumps([LAYOUT, contents], sort_keys=True).encode()).hexdigest()[:ID]
    _refuse(folder)
    target = folder.with_name(f".{folder.name}-{version}")
    rows = {name: int(described["rows"]) for name, described in contents.items()}
    if folder.is_symlink() and str(folder.readlink()) == target.name and target.is_dir():
        return Exported(folder, rows, changed=False)
    if not target.is_dir():
        _write(con, target, contents)
    _swap(folder, target)
    for old in folder.parent.glob(f".{folder.name}-*"):
        if old != target and _is_ours(old, folder):
            shutil.rmtree(old)
    return Exported(folder, rows, changed=True)


def choose(there: set[str], wanted: Sequence[str]) -> list[str]:
    """Tables that the patterns name, in the order of the flow."""
    known = [name for name in load_files() if name in there]
    strangers = [pattern for pattern in wanted if not any(fnmatchcase(name, pattern) for name in known)]
    if strangers:
        raise InputError(
            f"no published table is called {', '.join(strangers)}",
            remedy="`pat sql` lists them; * stands for any",
        )
    return [name for name in known if any(fnmatchcase(name, pattern) for pattern in wanted)]


def _refuse(folder: Path) -> None:
    """A folder that somebody else made may hold anything: it is not replaced."""
    if folder.is_symlink():
        if not _is_ours(folder.parent / folder.readlink(), folder, missing=True):
            raise InputError(
                "is a link to something else", file=folder, remedy="name a folder that is not there"
            )
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            "is there already and no export made it", file=folder, remedy="name a folder that is not there"
        )


def _is_ours(path: Path, folder: Path, *, missing: bool = False) -> bool:
    """Whether a path has the name and the list of an export to `folder`; `missing` ones may lack the list."""
    named = re.fullmatch(rf"\.{re.escape(folder.name)}-[0-9a-f]{{{ID}}}", path.name)
    return (
        path.parent == folder.parent
        and named is not None
        and ((path / CONTENTS).is_file() or (missing and not path.exists()))
    )


def _described(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, Any]:
    """File, rows, fingerprint and comments of one table."""
    sha256, rows = tables.fingerprint(con, table)
    file = load_files()[table]
    columns = {name: file.columns.get(name, "") for name in tables.column_types(con, table)}
    return {
        "file": f"{table}.parquet",
        "rows": rows,
        "content_sha256": sha256,
        "description": file.description,
        "columns": columns,
    }


def _write(con: duckdb.DuckDBPyConnection, target: Path, contents: Mapping[str, Mapping[str, Any]]) -> None:
    draft = target.with_name(f"{target.name}.draft")
    if draft.exists():  # of an export that was killed
        shutil.rmtree(draft)
    draft.mkdir(parents=True)
    for name, described in track(contents.items(), "exporting", unit="tables"):
        _write_table(con, name, draft / described["file"], described)
    write_whole(draft / CONTENTS, json.dumps(contents, indent=2, ensure_ascii=False) + "\n")
    sync(draft)
    draft.rename(target)


def _write_table(
    con: duckdb.DuckDBPyConnection, table: str, path: Path, described: Mapping[str, Any]
) -> None:
    """One file; rows sorted by all columns, so that equal tables are equal files."""
    columns = described["columns"]
    query = (
        exp.select("*").from_(exp.to_table(table)).order_by(*(exp.column(c, quoted=True) for c in columns))
    )
    reader = con.sql(query.sql(dialect=DIALECT)).to_arrow_reader(BATCH)
    fields = [field.with_metadata({"description": columns[field.name]}) for field in reader.schema]
    schema = pa.schema(fields, metadata={"description": described["description"]})
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch.cast(schema))
    sync(path)


def _swap(folder: Path, target: Path) -> None:
    """Make `folder` a link to `target` in one step."""
    if folder.is_dir() and not folder.is_symlink():
        folder.rmdir()  # empty, or it would have been refused
    draft = folder.with_name(f".{folder.name}.draft")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target.name)
    draft.replace(folder)
    sync(folder.parent)
