"""Weights on disk: where a base model lives, and hashes that change whenever weights do. Imports no torch."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from models.errors import InputError

CHECKPOINTS: Final = Path(__file__).resolve().parents[1] / "checkpoints"
ADAPTER_WEIGHTS: Final = "adapter_model.safetensors"


def locate(base_model: str) -> str:
    """Path of a bundled checkpoint or a local folder; anything else is taken for a hub name."""
    for folder in (CHECKPOINTS / base_model, Path(base_model)):
        if (folder / "config.json").is_file():
            return str(folder)
    return base_model


def no_model(base_model: str, error: Exception) -> InputError:
    """The error for a base model that cannot be loaded."""
    known = sorted(path.parent.name for path in CHECKPOINTS.glob("*/config.json"))
    return InputError(
        f"base model {base_model!r} cannot be loaded: {str(error).splitlines()[0]}",
        remedy=f"name one of {known or 'models/checkpoints'}, a local folder with safetensors or a hub name",
    )


def adapter_sha256(adapter: str | Path) -> str:
    """Hash of an adapter's weights; raises InputError when the folder holds no safetensors weights."""
    weights = Path(adapter) / ADAPTER_WEIGHTS
    if not weights.is_file():
        raise InputError(
            "no adapter weights in safetensors format",
            file=weights,
            remedy="run the training of this policy again; other weight formats are never loaded",
        )
    return hashlib.sha256(weights.read_bytes()).hexdigest()


def model_fingerprint(base_model: str) -> str:
    """Hash that changes with the weights or the tokenizer: of the files, or the hub's commit."""
    folder = Path(locate(base_model))
    if not folder.is_dir():
        return f"{base_model}@{_hub_commit(base_model)}"
    paths = sorted([*folder.glob("*.safetensors"), *folder.glob("*.json"), *folder.glob("*.jinja")])
    return _files_sha256(tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in paths))


@lru_cache(maxsize=4)  # keyed by size and time too: weights that are replaced under a process are seen
def _files_sha256(files: tuple[tuple[Path, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for path, _, _ in files:
        with path.open("rb") as file:
            digest.update(f"{path.name}:{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


@lru_cache(maxsize=4)
def _hub_commit(base_model: str) -> str:
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(base_model, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise no_model(base_model, error) from error
    return str(config._commit_hash)
