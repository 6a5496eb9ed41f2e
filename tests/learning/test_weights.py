"""A fingerprint follows the files, also while a process lives."""

from __future__ import annotations

from pathlib import Path

from models.llm.weights import model_fingerprint


def test_weights_replaced_under_a_process_are_seen(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"first")
    before = model_fingerprint(str(tmp_path))
    assert model_fingerprint(str(tmp_path)) == before
    weights.write_bytes(b"others")
    after = model_fingerprint(str(tmp_path))
    assert after != before
    weights.write_bytes(b"first")
    assert model_fingerprint(str(tmp_path)) == before
