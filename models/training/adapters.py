"""Adapters on disk: written whole or not at all, with a manifest that says what they were made from."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.files import write_whole
from models.llm.weights import adapter_sha256

if TYPE_CHECKING:
    from peft import PeftModel

MANIFEST: Final = "training.json"
CONFIG: Final = "adapter_config.json"


@dataclass(frozen=True)
class TrainingResult:
    """A trained adapter: its folder, the hash of its weights, and what training logged.

    `log` has one dict (step, metric, value) per number; `metrics` summarizes it.
    """

    path: Path
    sha256: str
    log: list[dict[str, Any]]
    metrics: dict[str, float]


def inputs_sha256(inputs: Mapping[str, Any]) -> str:
    """Hash of everything that decides the weights."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def load_finished(folder: Path, key: str) -> TrainingResult | None:
    """The adapter in `folder` if it was made from the inputs with hash `key` and its weights are intact."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return None
    content = json.loads(manifest.read_text(encoding="utf-8"))
    if content["inputs_sha256"] != key or content["sha256"] != adapter_sha256(folder):
        return None
    return TrainingResult(folder, content["sha256"], content["log"], content["metrics"])


def stamp(folder: Path, origin: Mapping[str, Any]) -> None:
    """Say in the manifest where the weights come from, when they are reused for data of another version."""
    path = folder / MANIFEST
    content = json.loads(path.read_text(encoding="utf-8"))
    if content.get("origin") != origin:
        write_whole(path, json.dumps(content | {"origin": dict(origin)}, indent=1))


def read_log(folder: Path) -> list[dict[str, Any]]:
    """What training logged: one dict (step, metric, value) per number."""
    log: list[dict[str, Any]] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["log"]
    return log


def save_adapter(
    model: PeftModel,
    base_model: str,
    folder: Path,
    made_from: Mapping[str, Any],
    log: Sequence[dict[str, Any]],
    metrics: Mapping[str, float],
) -> TrainingResult:
    """Write the adapter "default" (and no frozen reference) beside its manifest, then swap the folder in.

    `made_from` holds `inputs`, their hash `inputs_sha256`, and `origin`: where the inputs came from.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        model.save_pretrained(str(partial), selected_adapters=["default"], safe_serialization=True)
        (partial / "README.md").unlink(missing_ok=True)  # PEFT's empty model card template
        _normalize_config(partial / CONFIG, base_model)
        result = TrainingResult(folder, adapter_sha256(partial), list(log), dict(metrics))
        manifest = {**made_from, "sha256": result.sha256, "metrics": result.metrics, "log": result.log}
        (partial / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        partial.chmod(0o755)  # mkdtemp makes folders private
        if folder.exists():
            shutil.rmtree(folder)
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return result


def _normalize_config(path: Path, base_model: str) -> None:
    """Equal adapters, equal bytes: no path of this machine, lists that PEFT keeps as sets in order."""
    config = json.loads(path.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = base_model
    config = {name: sorted(value) if isinstance(value, list) else value for name, value in config.items()}
    path.write_text(json.dumps(config, indent=2, sort_keys=True), encoding="utf-8")
