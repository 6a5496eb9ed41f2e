"""Which edits renew a Python table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pat_dagster import code_versions
from pat_dagster.code_versions import code_version, needed

FILES = {
    "models/__init__.py": "",
    "models/words.py": "LIMIT = 3  # words",
    "models/other.py": "",
    "models/prompts/__init__.py": "",
    "models/prompts/agent.jinja2": "Say it.",
    "models/recipes/__init__.py": "",
    "models/recipes/mini.yaml": "seed: 1",
    "pat_dagster/__init__.py": "",
    "pat_dagster/ledger.py": "",
    "pat_dagster/assets.py": (
        "import polars\nfrom models import words\nfrom models.recipes import x\n"
        "from pat_dagster import ledger\n"
        "def table():\n    import models.prompts\n"
    ),
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(code_versions, "ROOT", tmp_path)
    return tmp_path


def forget() -> None:
    """What this process knows of the files: they change under it here alone."""
    for name in ("needed", "_imports", "_file", "_tree", "_content"):
        getattr(code_versions, name).cache_clear()


def version() -> str:
    forget()
    return code_version("create table", "pat_dagster.assets")


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    forget()


def test_modules_are_found_wherever_they_are_imported(repository: Path) -> None:
    version()
    assert needed("pat_dagster.assets") == {
        "models",
        "models.prompts",
        "models.recipes",
        "models.words",
        "pat_dagster",
        "pat_dagster.assets",
    }


@pytest.mark.parametrize(
    ("file", "text", "renews"),
    [
        ("models/words.py", "LIMIT = 4", True),
        ("models/words.py", "LIMIT = 3  # of them", False),  # a comment
        ("models/prompts/agent.jinja2", "Say it again.", True),
        ("models/recipes/mini.yaml", "seed: 2", False),  # recipes count by value
        ("models/other.py", "X = 1", False),  # nobody imports it
        ("pat_dagster/ledger.py", "X = 1", False),  # describes rows
        ("pat_dagster/assets.py", FILES["pat_dagster/assets.py"] + "    return 1\n", True),
    ],
)
def test_an_edit_counts_where_a_row_can_tell(repository: Path, file: str, text: str, renews: bool) -> None:
    before = version()
    (repository / file).write_text(text)
    assert (version() != before) is renews


def test_the_definition_counts() -> None:
    assert code_version("a", "models.learned") != code_version("b", "models.learned")


def test_plumbing_is_there() -> None:
    for name in code_versions.PLUMBING:
        assert code_versions._file(name) is not None, f"{name} is gone; take it off the list"
