"""How a text is written, as a unit vector of its habits.

Habits (characters.py, words.py) become rates, are centered and scaled robustly by the texts of train
users, clipped and normalized. Raw scaled habits with the cosine told authors apart better than 18 learned
projections of them in our trials, so a projection has to earn its place on each corpus: see projection.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from models.encoders.blocks import CLASSES, Block
from models.encoders.characters import EDGES, RUNS, CharacterCounts
from models.encoders.lexicon import SINGLE_WORDS, WORD_FEATURES
from models.encoders.projection import Decision, Projection, project
from models.encoders.words import word_counts
from models.errors import WorkError
from models.files import write_whole

Kind = Literal["text", "input"]  # a title is judged against titles, a review against reviews
KINDS: Final[tuple[Kind, ...]] = ("text", "input")

SHAPE: Final = (
    "log_characters",
    "log_words",
    "log_sentences",
    "log_words_per_sentence",
    "mean_letters",
    "distinct_words_guiraud",
    "distinct_words_share",
    "readability",
)
FEATURES: Final = (
    *(f"character_{name}" for name in CLASSES),
    *(f"run_{name}" for name in RUNS),
    *(f"edge_{name}" for name in EDGES),
    *WORD_FEATURES,
    *(f"shape_{name}" for name in SHAPE),
)

PRIOR_CHARACTERS: Final = 50  # added to the length, so that one mark in a short title is not a rate of 10%
PRIOR_WORDS: Final = 10  # the same for words
CLIP: Final = 5.0  # robust deviations; 2, 3 and 5 measured alike, 5 slightly ahead on repeated authors
RUN_WEIGHT: Final = 1.5  # runs and edges are few and telling: +.01 to +.03 in authorship verification
SINGLE_WORD_WEIGHT: Final = 0.7  # function words are many and each is noisy: +.01 on three of four corpora
LEAST_TEXTS: Final = 50  # fewer texts give no stable quartiles; the shipped scales are used instead
BLOCK_CHARACTERS: Final = 1 << 17  # worked on at once: the arrays stay in the cache of a core
BLOCK_TEXTS: Final = 1_024  # the same for many short texts
DEFAULT_SCALES: Final = Path(__file__).parent / "style_default.json"


class StyleEncoder:
    """Texts -> unit vectors of habits, `(n, len(FEATURES))` float32; an empty text has the zero vector."""

    def __init__(
        self,
        center: dict[Kind, np.ndarray],
        scale: dict[Kind, np.ndarray],
        origin: str,
        projection: Projection | None = None,
    ) -> None:
        self._center, self._scale, self._scaled_by, self.projection = center, scale, origin, projection
        self._weights = projection.weights if projection and projection.decision.is_in_use else None
        self.decision = projection.decision.reason if projection else "raw features, no projection trained"
        self.origin = origin if self._weights is None else f"{origin}+projected"
        used = self._content() | {"projection": None if self._weights is None else self._weights.tolist()}
        digest = hashlib.sha256(_dump(used).encode()).hexdigest()  # a rejected projection changes no vector
        self.encoder_id = f"stylometry:{self.origin}:{digest[:12]}"

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return len(FEATURES)

    @classmethod
    def fit(cls, texts: Sequence[str], inputs: Sequence[str]) -> StyleEncoder:
        """Scales from the reviews and titles of train users; the shipped ones when there are too few."""
        if len(texts) < LEAST_TEXTS or len(inputs) < LEAST_TEXTS:
            return cls.default()
        fitted = {"text": _scales(texts), "input": _scales(inputs)}
        return cls(
            {kind: fitted[kind][0] for kind in KINDS}, {kind: fitted[kind][1] for kind in KINDS}, "fitted"
        )

    @classmethod
    def default(cls) -> StyleEncoder:
        """Shipped scales, of four public corpora (English and Portuguese); see `default_scales`."""
        return cls.load(DEFAULT_SCALES)

    @classmethod
    def load(cls, path: Path) -> StyleEncoder:
        """Read what `save` wrote; WorkError when the file is missing or of another version."""
        if not path.is_file():
            raise WorkError(
                f"{path}: no style scales here",
                step="style encoder",
                remedy="materialize feature/user_style first",
            )
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise WorkError(
                f"{path}: damaged", step="style encoder", remedy="materialize vectors/users again"
            ) from error
        if content["features"] != list(FEATURES) or "projection" not in content:
            raise WorkError(
                f"{path}: made by another version of the style features",
                step="style encoder",
                remedy="materialize feature/user_style again",
            )
        return cls(
            {kind: np.array(content["center"][kind]) for kind in KINDS},
            {kind: np.array(content["scale"][kind]) for kind in KINDS},
            content["origin"],
            _read_projection(content["projection"]),
        )

    def save(self, path: Path) -> str:
        """Write the scales as JSON; returns the sha256 of the file. Equal scales give equal bytes."""
        document = _dump(self._content() | {"projection": _write_projection(self.projection)})
        write_whole(path, document)
        return hashlib.sha256(document.encode()).hexdigest()

    def encode(self, texts: Sequence[str], kind: Kind = "text") -> np.ndarray:
        """(n, dimensions) float32 rows of length 1, in the order of `texts`; empty texts give zeros."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for start, block in _blocks(texts):
            habits = (_habits(block) - self._center[kind]) / self._scale[kind]
            habits = np.clip(habits, -CLIP, CLIP) * _WEIGHTS
            habits[[not text.strip() for text in block]] = 0.0
            length = np.linalg.norm(habits, axis=1, keepdims=True)
            vectors[start : start + len(block)] = habits / np.where(length > 0, length, 1.0)
        return vectors if self._weights is None else project(vectors, self._weights)

    def with_projection(self, projection: Projection | None) -> StyleEncoder:
        """The same scales with another projection, used if its decision says so; None gives raw vectors."""
        return StyleEncoder(self._center, self._scale, self._scaled_by, projection)

    @classmethod
    def of_texts(
        cls, texts: Sequence[str], inputs: Sequence[str], origin: str, decimals: int
    ) -> StyleEncoder:
        """Scales of any number of reviews and titles, rounded so that every machine gets the same."""
        scales = {"text": _scales(texts), "input": _scales(inputs)}
        center, scale = ({kind: scales[kind][side].round(decimals) for kind in KINDS} for side in (0, 1))
        return cls(center, scale, origin)

    def _content(self) -> dict[str, object]:
        return {
            "origin": self._scaled_by,
            "features": list(FEATURES),
            "center": {kind: self._center[kind].tolist() for kind in KINDS},
            "scale": {kind: self._scale[kind].tolist() for kind in KINDS},
        }


def _dump(content: dict[str, object]) -> str:
    return json.dumps(content, indent=0, sort_keys=True) + "\n"


def _write_projection(projection: Projection | None) -> dict[str, object] | None:
    if projection is None:
        return None
    return {"weights": projection.weights.tolist(), "decision": projection.decision.to_dict()}


def _read_projection(content: dict[str, Any] | None) -> Projection | None:
    if content is None:
        return None
    return Projection(np.array(content["weights"]), Decision(**content["decision"]))


def _weights() -> np.ndarray:
    weights = np.ones(len(FEATURES))
    for place, name in enumerate(FEATURES):
        if name.startswith(("run_", "edge_")):
            weights[place] = RUN_WEIGHT
        elif name.startswith("word_") and name.removeprefix("word_") in SINGLE_WORDS:
            weights[place] = SINGLE_WORD_WEIGHT
    return weights


_WEIGHTS: Final = _weights()


def _blocks(texts: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """(place of the first text, texts) of as many texts as fit; borders depend on the texts alone."""
    ends = np.cumsum(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)))
    start = 0
    while start < len(texts):
        before = ends[start - 1] if start else 0
        fits = int(np.searchsorted(ends, before + BLOCK_CHARACTERS, side="right"))
        stop = max(start + 1, min(fits, start + BLOCK_TEXTS))
        yield start, list(texts[start:stop])
        start = stop


def _scales(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """(center, scale) per feature: median, and the larger of normalized IQR and standard deviation.

    Rare habits have an IQR of 0 and get the deviation; a habit nobody has is switched off by an
    infinite scale, written as a very large number so that JSON can hold it.
    """
    habits = np.concatenate([_habits(block) for _, block in _blocks(texts)])
    low, center, high = np.percentile(habits, [25, 50, 75], axis=0)
    spread = np.maximum((high - low) / 1.349, habits.std(axis=0))  # 1.349 = IQR of a normal deviate
    return center, np.where(spread > 1e-9, spread, 1e9)


def _habits(texts: list[str]) -> np.ndarray:
    """(n, len(FEATURES)) rates of habits; square roots even out the variance of counts.

    Readability is LIX (Björnsson 1968), which needs no syllables and so no language, as its logarithm.
    """
    block = Block(texts)
    characters, words = CharacterCounts(block), word_counts(block)
    n_characters = block.lengths[:, None] + PRIOR_CHARACTERS
    n_words, safe_words = words.words, np.maximum(words.words, 1)
    shape = [
        np.log1p(block.lengths),
        np.log1p(n_words),
        np.log1p(characters.sentences),
        np.log1p(n_words / characters.sentences),
        words.letters / safe_words,
        words.distinct / np.sqrt(safe_words),
        words.distinct / safe_words,
        np.log1p(n_words / characters.sentences + 100 * words.long / safe_words),
    ]
    return np.column_stack(
        [
            np.sqrt(characters.classes / n_characters),
            np.sqrt(characters.runs / n_characters),
            characters.edges,
            np.sqrt(words.counts / (n_words[:, None] + PRIOR_WORDS)),
            *shape,
        ]
    )
