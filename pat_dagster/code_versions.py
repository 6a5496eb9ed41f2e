"""Code version of a Python table: a hash of every module of ours that its function needs, by its imports.

Wider than the function, so that a fix in a module far below it is never missed; narrower than the repository,
so that an edit of a report renews nothing.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
OURS: Final = ("models", "pat_dagster")
DATA: Final = {".yaml", ".json", ".jinja2"}  # files beside a module that its functions read
# Recipes and weights are inputs of their own: values count one by one, weights by their hash.
NOT_CODE: Final = {"models/recipes", "models/checkpoints"}
# They move, time and describe rows; what a row says is decided elsewhere.
PLUMBING: Final = frozenset(
    f"pat_dagster.{name}"
    for name in (
        "code_versions",
        "console",
        "home",
        "jobs",
        "ledger",
        "lineage",
        "partitions",
        "plots",
        "recipe_parts",
        "recorded",
        "resources.warehouse",
        "reuse",
        "run_lock",
        "settings",
        "shown",
        "sql_assets",
        "sql_checks",
        "sql_files",
        "table_assets",
        "untouched",
        "vector_assets",
    )
) | {"models.errors", "models.progress"}
# Libraries whose arithmetic or tokenization decides what a table says.
LIBRARIES: Final = (
    "duckdb",
    "lancedb",
    "nltk",
    "numpy",
    "peft",
    "polars",
    "rapidfuzz",
    "rouge-score",
    "scikit-learn",
    "scipy",
    "sentence-transformers",
    "tokenizers",
    "torch",
    "transformers",
    "trl",
)
DIGITS: Final = 16  # 64 bits tell any two edits apart


def code_version(definition: str, module: str) -> str:
    """Hash of a table's definition and of all that its function's `module` is made of.

    A module that is not ours, such as a test, counts alone, by its name.
    """
    digest = hashlib.sha256(definition.encode())
    for name in sorted(needed(module)):
        digest.update(f"\n{name}:{_content(name)}".encode())
    return digest.hexdigest()[:DIGITS]


@cache
def needed(module: str) -> frozenset[str]:
    """The module and every module of ours that it imports, wherever in the file, transitively."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found or name in PLUMBING:
            continue
        found.add(name)
        waiting += _imports(name)
    return frozenset(found)


@cache
def library_versions() -> str:
    """Name and version of the libraries that compute, on one line."""
    return " ".join(f"{name}={importlib.metadata.version(name)}" for name in LIBRARIES)


@cache
def _imports(module: str) -> tuple[str, ...]:
    path = _file(module)
    if path is None:
        return ()
    found: set[str] = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            found.update(name for alias in node.names for name in _with_packages(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.update(_with_packages(node.module))
            # what is imported may be a module itself
            found.update(
                name for alias in node.names if _file(name := f"{node.module}.{alias.name}") is not None
            )
    return tuple(sorted(name for name in found if name.split(".")[0] in OURS))


def _with_packages(name: str) -> Iterable[str]:
    """The module and the packages around it, whose `__init__` runs as well."""
    parts = name.split(".")
    return (".".join(parts[: end + 1]) for end in range(len(parts)))


@cache
def _file(module: str) -> Path | None:
    """The source of a module of ours; None for others."""
    if module.split(".")[0] not in OURS:
        return None
    path = ROOT.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in candidates if file.is_file()), None)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _content(module: str) -> str:
    """Hash of the source, without comments and layout, and of the data files beside it."""
    path = _file(module)
    if path is None:
        return ""
    digest = hashlib.sha256(ast.dump(_tree(path)).encode())
    folder = path.parent
    if folder.relative_to(ROOT).as_posix() not in NOT_CODE:
        for data in sorted(file for file in folder.iterdir() if file.suffix in DATA):
            digest.update(data.name.encode() + data.read_bytes())
    return digest.hexdigest()
