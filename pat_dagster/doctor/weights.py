"""Everything with a sha256: the models as shipped, and what this home has learned."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from models.encoders.style import STYLOMETRY, open_style
from models.errors import PatError
from models.graph.weights import Learned, weights_stem
from models.llm.weights import ADAPTER_WEIGHTS, adapter_sha256
from models.retrieval.vectors import style_file
from models.training.adapters import CONFIG, MANIFEST
from pat_dagster import tables
from pat_dagster.doctor.findings import Finding, expected
from pat_dagster.resources.warehouse import open_database, recipe_in_force
from pat_dagster.settings import Settings

RETRAIN = "`pat run` trains it again from its pairs"
RELEARN = "`pat run` learns it again from the reviews"


def sentence_model() -> Iterator[Finding]:
    """The packaged sentence encoder, by the sha256 of its weights."""
    from models.encoders.semantic import PACKAGE_SHA256, verified_model_folder

    yield expected(
        "sentence model", lambda: f"sha256 {PACKAGE_SHA256[:12]} in {verified_model_folder().name}/"
    )


def checkpoint(folder: Path) -> Iterator[Finding]:
    """pat-mini: each file of the manifest is there and unchanged."""
    remedy = f"git checkout models/checkpoints/{folder.name}, or `pat build-mini`"
    manifest = folder / "manifest.json"
    if not manifest.exists():
        yield Finding("FAIL", "pat-mini", f"{manifest} is missing", remedy)
        return
    digests: Mapping[str, str] = json.loads(manifest.read_text(encoding="utf-8"))["sha256"]
    for name, expected_sha256 in digests.items():
        path = folder / name
        if not path.exists():
            yield Finding("FAIL", "pat-mini", f"{name} is missing", remedy)
        elif (found := hashlib.sha256(path.read_bytes()).hexdigest()) != expected_sha256:
            yield Finding("FAIL", "pat-mini", _differs(name, found, expected_sha256, "its manifest"), remedy)
        else:
            yield Finding("OK", "pat-mini", f"{name} sha256 {found[:12]}")


def adapters(settings: Settings) -> Iterator[Finding]:
    """The folder of every trained policy: there, and with the weights that were recorded."""
    rows = [row for row in _rows(settings, "policy.adapters") if row["path"] is not None]
    faults = [finding for row in rows for finding in _adapter(settings.policies_path / row["path"], row)]
    yield from faults
    if rows and not faults:
        yield Finding("OK", "adapters", f"{len(rows)} with the recorded sha256")


def learned_weights(settings: Settings) -> Iterator[Finding]:
    """What propagation and the style encoder learned from each dataset, against the rows about them."""
    found: list[Finding] = []
    for row in _rows(settings, "feature.propagation"):
        found += _propagation(settings, row)
    if recipe_in_force(settings).style_encoder == STYLOMETRY:
        of_dataset = {row["dataset"]: row["encoder_id"] for row in _rows(settings, "feature.user_style")}
        for dataset, encoder_id in sorted(of_dataset.items()):
            found += _style(settings, dataset, encoder_id)
    yield from (finding for finding in found if finding.level != "OK")
    if found and all(finding.level == "OK" for finding in found):
        yield Finding("OK", "learned weights", f"{len(found)} files as recorded")


def _adapter(folder: Path, row: Mapping[str, Any]) -> Iterator[Finding]:
    name = row["policy_id"]
    missing = [file for file in (ADAPTER_WEIGHTS, CONFIG, MANIFEST) if not (folder / file).is_file()]
    if missing:
        yield Finding("FAIL", "adapters", f"{name}: {folder / missing[0]} is missing", RETRAIN)
        return
    found = adapter_sha256(folder)
    if found != row["sha256"]:
        detail = _differs(ADAPTER_WEIGHTS, found, row["sha256"])
        yield Finding("FAIL", "adapters", f"{name}: {detail}", RETRAIN)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["sha256"]
    except (ValueError, KeyError, TypeError):
        yield Finding("FAIL", "adapters", f"{name}: {folder / MANIFEST} cannot be read", RETRAIN)
        return
    if manifest != row["sha256"]:
        yield Finding("FAIL", "adapters", f"{name}: {_differs(MANIFEST, manifest, row['sha256'])}", RETRAIN)


def _propagation(settings: Settings, row: Mapping[str, Any]) -> list[Finding]:
    what = f"propagation weights of {row['dataset']}"
    stem = weights_stem(settings.home, row["dataset"])
    try:
        Learned.load(stem)  # compares the tensors with their description
    except PatError as error:
        return [Finding("FAIL", "learned weights", f"{what}: {error.reason}", RELEARN)]
    found = hashlib.sha256(stem.with_suffix(".safetensors").read_bytes()).hexdigest()
    if found == row["weights_sha256"]:
        return [Finding("OK", "learned weights", what)]
    return [Finding("FAIL", "learned weights", _differs(what, found, row["weights_sha256"]), RELEARN)]


def _style(settings: Settings, dataset: str, encoder_id: str) -> list[Finding]:
    what = f"style encoder of {dataset}"
    try:
        found = open_style(STYLOMETRY, style_file(settings.home, dataset)).encoder_id
    except PatError as error:
        return [Finding("FAIL", "learned weights", f"{what}: {error.reason}", RELEARN)]
    if found == encoder_id:
        return [Finding("OK", "learned weights", what)]
    return [Finding("FAIL", "learned weights", f"{what}: {found}, but vectors are of {encoder_id}", RELEARN)]


def _rows(settings: Settings, table: str) -> list[dict[str, Any]]:
    with open_database(settings.warehouse_path, read_only=True) as con:
        return tables.read(con, table).to_dicts() if tables.column_types(con, table) else []


def _differs(what: str, found: str, recorded: str, where: str = "the warehouse") -> str:
    return f"{what} has sha256 {found[:12]}, {where} says {recorded[:12]}"
