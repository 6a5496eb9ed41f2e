"""What propagation learned from one dataset: GraphSAGE weights, or the shipped default, the average alone.

Two files, so that nothing pickled is ever loaded: tensors as safetensors, everything else as JSON.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from models.errors import WorkError
from models.files import write_whole
from models.graph.graphsage import Features, GraphSage, expected_style
from models.graph.propagation import unit_rows
from models.learned import file_sha256
from models.recipes import Propagation

Origin = Literal["trained", "default"]
COMMON: Final = "common"
STEP: Final = "propagation"
REMEDY: Final = "materialize feature/propagation again"


@dataclass(frozen=True)
class Learned:
    """Learned propagation of one dataset.

    model: None for the shipped default. common (d,): mean style of the train users' texts, of length 1: what
    everybody does; zero for the default. common_weight: how much of it `calibrated` adds.
    Encoders by id: weights fit the vectors they were trained on alone.
    """

    origin: Origin
    reason: str | None  # why the default is used
    model: GraphSage | None
    common: np.ndarray
    common_weight: float
    settings: Propagation
    style_encoder: str
    meaning_encoder: str
    seed: int
    data_sha256: str | None  # of the rows learned from

    @classmethod
    def default(
        cls,
        settings: Propagation,
        style_encoder: str,
        dimensions: int,
        reason: str | None = None,
        seed: int = 0,
    ) -> Learned:
        """The shipped weights: the parameter-free average."""
        nothing = np.zeros(dimensions, np.float32)
        return cls("default", reason, None, nothing, 0.0, settings, style_encoder, "", seed, None)

    def expected(self, features: Features, rows: np.ndarray, hidden: np.ndarray | None = None) -> np.ndarray:
        """(b, d) float32 unit rows: how the users of the examples in `rows` are expected to write.

        hidden (b, r): reviews that count as not there, -1 for none.
        """
        if self.model is None or not len(features.style):
            evidence = features.evidence.of(rows)
            return (evidence if hidden is None else evidence.without(features.style, hidden)).average()
        return expected_style(self.model, features, self.settings, rows, hidden)

    def calibrated(self, expected: np.ndarray) -> np.ndarray:
        """(b, d) float32 unit rows: the expected styles, as common as makes them nearest to the hidden ones.

        For the cosine alone: donors ranked by these are the same for everybody.
        """
        return unit_rows(expected + self.common_weight * self.common)

    def save(self, stem: Path) -> str:
        """Write `stem`.safetensors and `stem`.json; returns the sha256 of the tensors."""
        tensors = {COMMON: torch.from_numpy(self.common)}
        if self.model is not None:
            tensors |= {name: value.contiguous() for name, value in self.model.state_dict().items()}
        content = save_tensors(tensors)
        sha256 = hashlib.sha256(content).hexdigest()
        about = {
            "origin": self.origin,
            "reason": self.reason,
            "common_weight": self.common_weight,
            "settings": self.settings.model_dump(),
            "style_encoder": self.style_encoder,
            "meaning_encoder": self.meaning_encoder,
            "seed": self.seed,
            "data_sha256": self.data_sha256,
            "weights_sha256": sha256,
        }
        # killed in between, they do not belong together: `load` says so, and the next run writes both
        write_whole(stem.with_suffix(".safetensors"), content)
        text = json.dumps(about, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        write_whole(stem.with_suffix(".json"), text)
        return sha256

    @classmethod
    def load(cls, stem: Path) -> Learned:
        """Read what `save` wrote; WorkError when a file is missing, damaged or of another version."""
        try:
            about: dict[str, Any] = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
            content = stem.with_suffix(".safetensors").read_bytes()
        except (OSError, ValueError) as error:
            raise WorkError(f"{stem}: no propagation weights here", step=STEP, remedy=REMEDY) from error
        if hashlib.sha256(content).hexdigest() != about.get("weights_sha256"):
            raise WorkError(f"{stem}: weights are not those of their description", step=STEP, remedy=REMEDY)
        try:
            tensors = load_tensors(content)
            learned = cls(
                origin=about["origin"],
                reason=about["reason"],
                model=None,
                common=tensors.pop(COMMON).numpy(),
                common_weight=float(about["common_weight"]),
                settings=Propagation.model_validate(about["settings"]),
                style_encoder=about["style_encoder"],
                meaning_encoder=about["meaning_encoder"],
                seed=about["seed"],
                data_sha256=about["data_sha256"],
            )
            return replace(learned, model=_model(tensors, learned) if tensors else None)
        except (KeyError, ValueError, RuntimeError, SafetensorError) as error:
            raise WorkError(f"{stem}: made by another version", step=STEP, remedy=REMEDY) from error

    def require(self, style_encoder: str, meaning_encoder: str | None = None) -> Learned:
        """Itself; WorkError when it was trained on vectors of other encoders."""
        other = self.style_encoder != style_encoder
        if self.model is not None and meaning_encoder is not None:
            other |= self.meaning_encoder != meaning_encoder
        if other:
            raise WorkError(
                f"propagation was trained on vectors of {self.style_encoder} and {self.meaning_encoder}",
                step=STEP,
                remedy=REMEDY,
            )
        return self


def saved_sha256(stem: Path) -> str:
    """Hash of both files of a dataset's weights; another one where a file is not there."""
    return ":".join(file_sha256(stem.with_suffix(suffix)) for suffix in (".json", ".safetensors"))


def weights_stem(home: Path, dataset: str) -> Path:
    """Where the weights of a dataset are kept, without suffix; a dataset's name never becomes a path."""
    return home / "propagation" / hashlib.sha256(dataset.encode()).hexdigest()[:16]


def _model(tensors: dict[str, torch.Tensor], learned: Learned) -> GraphSage:
    style = len(learned.common)
    model = GraphSage(style, tensors["direct.weight"].shape[1] - style, learned.settings.hidden)
    model.load_state_dict(tensors)
    return model.eval()
