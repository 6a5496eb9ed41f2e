"""Walls of the house that import contracts cannot see: who reads sql/, and where SQL may stand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
READS_SQL = re.compile(r"(^|/)sql(/|$)|\.sql$")
STATEMENT = re.compile(r"^\s*(select|insert|delete|update|create|with|from|attach|copy)\s", re.IGNORECASE)
LONGEST = 350  # lines; past that a file is two files


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every string that is not a docstring; an f-string gives its constant parts."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", modules("models"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_method_does_not_read_the_sql_folder(path: Path) -> None:
    found = [(line, text) for line, text in strings(path) if READS_SQL.search(text)]
    assert not found, f"only pat_dagster reads sql/: {path.relative_to(ROOT)} {found}"


@pytest.mark.parametrize("folder", ["models", "pat_dagster"])
def test_sql_in_python_is_a_read_of_one_line(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text.strip()[:60]}"
        for path in modules(folder)
        for line, text in strings(path)
        if STATEMENT.match(text) and "\n" in text.strip()
    ]
    assert not found, "SQL of more than a line belongs into sql/:\n" + "\n".join(found)


def test_no_file_is_two_files() -> None:
    files = [*modules("models"), *modules("pat_dagster"), *modules("tests"), *(ROOT / "sql").rglob("*.sql")]
    sizes = {path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert not {path: size for path, size in sizes.items() if size > LONGEST}
