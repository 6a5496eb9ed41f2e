"""The sentence model: verified, offline, and the same vector whatever else is in the batch."""

from __future__ import annotations

import socket
from pathlib import Path

import numpy as np
import pytest

from models.encoders.semantic import SemanticEncoder, verify_weights
from models.errors import WorkError

TEXTS = ["The battery lasts a week.", "", "bateria dura uma semana", "word " * 400, "Room was clean", "ok"]


@pytest.fixture(scope="module")
def encoder() -> SemanticEncoder:
    return SemanticEncoder(device="cpu")


def test_unit_rows_by_meaning(encoder: SemanticEncoder) -> None:
    vectors = encoder.encode([*TEXTS, "Its charge holds for seven days."])
    assert vectors.shape == (len(TEXTS) + 1, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert vectors[0] @ vectors[-1] > vectors[4] @ vectors[-1] + 0.2
    assert encoder.encode([]).shape == (0, 384)


def test_neighbors_do_not_change_a_vector(encoder: SemanticEncoder) -> None:
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    other_order = encoder.encode(TEXTS[::-1])[::-1]
    assert np.array_equal(together, alone)
    assert np.array_equal(together, other_order)


def test_loading_and_encoding_need_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert SemanticEncoder(device="cpu").encode(["offline"]).shape == (1, 384)


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    altered = tmp_path / "model.safetensors"
    altered.write_bytes(b"not the weights")
    with pytest.raises(WorkError, match="not the weights this product was tested with"):
        verify_weights(altered)
    with pytest.raises(WorkError, match="is missing"):
        verify_weights(tmp_path / "none.safetensors")


def test_an_encoder_over_altered_weights_does_not_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "altered_model"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "model" / "model.safetensors").write_bytes(b"\0" * 100)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("models.encoders.semantic.PACKAGE", "altered_model")
    with pytest.raises(WorkError, match="reinstall"):
        SemanticEncoder()
    monkeypatch.setattr("models.encoders.semantic.PACKAGE", "no_such_model")
    with pytest.raises(WorkError, match="not installed"):
        SemanticEncoder()
