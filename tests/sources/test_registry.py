"""sources.yaml: read, replaced, refused."""

import os
from pathlib import Path

import pytest

from models.errors import InputError
from models.sources import SourceSpec, registry


def test_sources_survive_and_the_same_path_and_dataset_is_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "home" / "sources.yaml"
    assert registry.load(file) == []
    columns = {"user": "u", "topic": "t", "text": "x", "rating": "r"}
    registry.add(file, [SourceSpec("a.json", "a", "pgraphrag"), SourceSpec("sample:7", "s", "sample")])
    registry.add(file, [SourceSpec("ü.duckdb::m.t", "b", "table", "dev", columns)])
    specs = registry.add(
        file, [SourceSpec(str(tmp_path / "a.json"), "a", "auto", "test"), SourceSpec("a.json", "other")]
    )
    assert specs == registry.load(file)
    assert [(Path(spec.path).name, spec.dataset, spec.format, spec.split) for spec in specs] == [
        ("a.json", "a", "auto", "test"),
        ("sample:7", "s", "sample", None),
        ("ü.duckdb::m.t", "b", "table", "validation"),
        ("a.json", "other", "auto", None),
    ]
    assert specs[2].columns == columns
    assert specs[2].path == f"{tmp_path}/ü.duckdb::m.t"
    assert [path.name for path in file.parent.iterdir()] == ["sources.yaml"]


def test_a_failed_save_leaves_the_old_list(tmp_path, monkeypatch):
    file = tmp_path / "sources.yaml"
    registry.add(file, [SourceSpec("a", "a")])
    before = file.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        registry.add(file, [SourceSpec("b", "b")])
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    "content",
    [
        "a: [",
        "just text",
        "- 1",
        "- {path: a}",
        "- {path: a, dataset: b, color: red}",
        "- {path: 1, dataset: b}",
        "- {path: a, dataset: b, columns: [x]}",
        "- {path: a, dataset: 'b c'}",
        "- {path: a, dataset: b}\n- {path: a, dataset: b}",
    ],
)
def test_a_broken_list_is_refused(tmp_path, content):
    file = tmp_path / "sources.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError):
        registry.load(file)
