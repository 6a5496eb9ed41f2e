"""One `.sql` file = one table. Reads the front matter and the address of each file."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

import sqlglot
import yaml
from sqlglot import exp
from sqlglot.errors import SqlglotError

from models.errors import WorkError
from pat_dagster.settings import SQL_ROOT

DIALECT = "duckdb"
FRONT_MATTER = re.compile(r"\A\s*/\*(.*?)\*/", re.DOTALL)
KEYS = {"grain", "why", "kind", "partition", "in_metadata", "published_only", "columns"}
CHECKS_FOLDER = "checks"


class SqlFileError(WorkError):
    """A `.sql` file breaks the file format; the message names the file and the remedy."""


@dataclass(frozen=True)
class SqlFile:
    """One table of the warehouse, as its file describes it."""

    path: Path
    schema: str
    table: str
    kind: Literal["query", "table"]
    grain: str
    why: str
    partition: str | None
    in_metadata: bool  # few rows, copied into Dagster so that a sensor need not open the warehouse
    published_only: bool  # made while publishing, from what is published: no asset, not in the warehouse
    columns: Mapping[str, str] = field(hash=False)
    sql: str  # the single statement below the front matter

    @property
    def stage(self) -> int:
        """Number in front of the folder's name."""
        return int(self.path.parent.name.partition("_")[0])

    @property
    def name(self) -> str:
        """`schema.table`."""
        return f"{self.schema}.{self.table}"

    @property
    def description(self) -> str:
        """The grain first: what one row is, then why the table exists."""
        return f"{self.grain}; {self.why}"

    @property
    def tree(self) -> exp.Expr:
        """The parsed statement; a fresh copy."""
        return parse_statement(self.path, self.sql)

    @property
    def query(self) -> exp.Query:
        """The parsed select of a `kind: query` file; a fresh copy."""
        return parse_query(self.path, self.sql)

    @property
    def column_types(self) -> dict[str, str]:
        """Declared types by column, for `kind: table` files; empty for queries."""
        return {
            column.name: column.args["kind"].sql(dialect=DIALECT).lower()
            for column in self.tree.find_all(exp.ColumnDef)
        }

    @property
    def code_version(self) -> str:
        """Hash of the statement without comments, layout and keyword case."""
        normal = self.tree.sql(dialect=DIALECT, comments=False, normalize=True)
        return hashlib.sha256(normal.encode()).hexdigest()[:16]  # 64 bits tell any two edits apart


def parse_statement(path: Path, sql: str) -> exp.Expr:
    """Parse exactly one statement, or say which file is wrong and where."""
    try:
        statements = [tree for tree in sqlglot.parse(sql, dialect=DIALECT) if tree is not None]
    except SqlglotError as error:
        raise SqlFileError(f"{path}: not valid DuckDB SQL: {error}") from error
    if len(statements) != 1:
        raise SqlFileError(f"{path}: {len(statements)} statements; one file is one statement, split the file")
    return statements[0]


def parse_query(path: Path, sql: str) -> exp.Query:
    """Parse exactly one `select`."""
    tree = parse_statement(path, sql)
    if not isinstance(tree, exp.Query):
        raise SqlFileError(f"{path}: must be one select (or `kind: table` with one create table)")
    return tree


def split_front_matter(path: Path, known_keys: set[str]) -> tuple[dict[str, object], str]:
    """Front matter (first block comment, YAML) and the SQL below it."""
    text = path.read_text(encoding="utf-8")
    match = FRONT_MATTER.match(text)
    if match is None:
        raise SqlFileError(f"{path}: no front matter; start the file with a /* ... */ block of YAML")
    try:
        header = yaml.safe_load(match.group(1))
    except yaml.YAMLError as error:
        raise SqlFileError(
            f"{path}: the front matter is not YAML; quote texts that hold a colon: {error}"
        ) from error
    if not isinstance(header, dict):
        raise SqlFileError(f"{path}: the front matter must be `key: value` lines")
    unknown = set(header) - known_keys
    if unknown:
        raise SqlFileError(f"{path}: unknown front matter {sorted(unknown)}; known: {sorted(known_keys)}")
    return header, text[match.end() :].strip().rstrip(";")


def load_file(path: Path) -> SqlFile:
    """Read one table file. Schema = folder name without its number, table = file name."""
    header, sql = split_front_matter(path, KEYS)
    missing = {"grain", "why", "columns"} - set(header)
    if missing:
        raise SqlFileError(f"{path}: the front matter lacks {sorted(missing)}")
    kind = header.get("kind", "query")
    if kind not in ("query", "table"):
        raise SqlFileError(f"{path}: kind is {kind!r}; use query or table")
    columns = header["columns"]
    if not isinstance(columns, dict) or not all(isinstance(text, str) and text for text in columns.values()):
        raise SqlFileError(f"{path}: columns must map every column to one comment")
    partition = header.get("partition")
    if partition is not None and partition not in columns:
        raise SqlFileError(f"{path}: partition {partition!r} is not one of its columns {list(columns)}")
    return SqlFile(
        path=path,
        schema=re.sub(r"^\d+_", "", path.parent.name),
        table=path.stem,
        kind="query" if kind == "query" else "table",
        grain=str(header["grain"]).strip(),
        why=str(header["why"]).strip(),
        partition=None if partition is None else str(partition),
        in_metadata=header.get("in_metadata") is True,
        published_only=header.get("published_only") is True,
        columns={str(name): text.strip() for name, text in columns.items()},
        sql=sql,
    )


@cache
def load_files(root: Path = SQL_ROOT) -> dict[str, SqlFile]:
    """All table files below `root` by `schema.table`, in folder order (= stage order)."""
    files: dict[str, SqlFile] = {}
    for path in sorted(root.glob("[0-9]*_*/*.sql")):
        file = load_file(path)
        if file.name in files:
            raise SqlFileError(f"{path}: {file.name} is already defined by {files[file.name].path}")
        files[file.name] = file
    if not files:
        raise SqlFileError(f"{root}: no table files; the sql/ folder of the repository must be there")
    return files


def table_file(table: str) -> SqlFile:
    """The file that defines `schema.table`."""
    files = load_files()
    if table not in files:
        raise SqlFileError(f"no file under {SQL_ROOT} defines {table}; known tables: {', '.join(files)}")
    return files[table]
