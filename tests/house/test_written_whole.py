"""Small files are the old content or the new, whatever happens while they are written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from models.files import write_whole


def test_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.txt"
    write_whole(path, "über")
    write_whole(path, b"\x00")
    assert path.read_bytes() == b"\x00"
    assert [child.name for child in path.parent.iterdir()] == ["file.txt"]


def test_a_write_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.txt"
    write_whole(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert [child.name for child in tmp_path.iterdir()] == ["file.txt"]


def test_what_a_kill_left_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    (tmp_path / ".file.txt.partial").write_text("half of a longer text", encoding="utf-8")
    write_whole(path, "whole")
    assert path.read_text(encoding="utf-8") == "whole"
    assert [child.name for child in tmp_path.iterdir()] == ["file.txt"]
