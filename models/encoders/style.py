"""Style encoders by name: our own habits, or any sentence-transformers style model, behind one interface.

Style models that fit: AnnaWegmann/Style-Embedding, StyleDistance/styledistance, or a folder with a model of
that kind. They are used as they are: nothing is fitted, no projection is trained.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import polars as pl

from models.encoders.projection import fit_projection
from models.encoders.semantic import SemanticEncoder
from models.encoders.stylometry import Kind, StyleEncoder
from models.encoders.verification import eligible
from models.errors import WorkError
from models.retrieval.corpus import shared_texts

STYLOMETRY: Final = "stylometry"  # in a recipe: our own encoder; anything else is the name of a model


class StyleVectors(Protocol):
    """What style encoders have in common."""

    encoder_id: str
    origin: str  # what it was fitted on, or the model
    decision: str  # whether a projection is used, and why

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    def encode(self, texts: Sequence[str], kind: Kind = "text") -> np.ndarray:
        """(n, dimensions) float32 unit rows; zeros for a blank text."""


class SentenceStyle:
    """A sentence-transformers model as a style encoder; titles and reviews are the same to it.

    `model` is a hub name or a local folder; the all-MiniLM of the package is allowed, as a comparison. Its id
    holds a hash of the weights. WorkError when there is no such model or its weights are not safetensors.
    """

    def __init__(self, model: str, device: str | None = None) -> None:
        try:
            self._encoder = SemanticEncoder(model, device)
        except (OSError, ValueError) as error:
            raise WorkError(
                f"style model {model!r} cannot be loaded: {str(error).splitlines()[0]}",
                step="style encoder",
                remedy="give style_encoder: stylometry, the name of a model on the hub, or a folder with one",
            ) from error
        self.origin, self.decision = model, "used as it is, without a projection"
        self.encoder_id = f"{self._encoder.encoder_id}:{self._encoder.weights_sha256()[:12]}"

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._encoder.dimensions

    def encode(self, texts: Sequence[str], kind: Kind = "text") -> np.ndarray:
        """(n, dimensions) float32 unit rows, in the order of `texts`; zeros for a blank text."""
        vectors = self._encoder.encode(texts)
        vectors[[not text.strip() for text in texts]] = 0.0
        return vectors


def open_style(name: str, file: Path) -> StyleVectors:
    """The encoder that a recipe names: for `stylometry` as saved in `file`, else the model of that name.

    WorkError when the file or the model is missing.
    """
    return StyleEncoder.load(file) if name == STYLOMETRY else SentenceStyle(name)


def fit_stylometry(train: pl.DataFrame, excluded: Collection[str] = ()) -> StyleEncoder:
    """Scales and projection from the reviews of the train users of one dataset, in any order.

    Reads nothing but those rows: which texts are shared is decided among them. excluded: ids of users who are
    not one person; their texts count for the scales, but they are no authors to train a projection on.
    """
    own = train.with_columns(shared_texts(train)).sort("review_id")
    own = own.filter(~pl.col("is_shared_text"))
    titles = own["title"].filter(own["title"].str.strip_chars() != "")
    encoder = StyleEncoder.fit(own["text"].to_list(), titles.to_list())
    authors = eligible(own, excluded)
    vectors = encoder.encode(authors["text"].to_list())
    return encoder.with_projection(fit_projection(authors, vectors))
