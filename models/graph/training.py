"""GraphSAGE trained by masking: hide a review of a train user, predict how it is written from the rest.

Every review of every train user who is one person is a question: its title, its topic and its author's other
reviews are known, its text is the answer. The contrastive loss (InfoNCE, van den Oord et al. 2018) tells the
answer from reviews of the same topic by others and from the other answers of the batch; the first teach what
is personal. They are hidden from the evidence, or being part of the topic's mean would give them away.
A part of the train users is held out: it says when to stop, and whether the result beats the parameter-free
average at all. If it does not, nothing is learned and the average stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
import torch
from torch.nn.functional import cross_entropy

from models.evaluation.bootstrap import Interval, paired_bootstrap
from models.graph.graphsage import Batch, Features, GraphSage, one_thread
from models.graph.neighbors import NONE
from models.graph.propagation import unit_rows
from models.progress import bar
from models.recipes import Propagation
from models.retrieval.chance import hashes, shares

HELD_OUT: Final = 0.2  # share of the train users
LEAST_USERS: Final = 30  # fewer leave too few held-out users for an interval
RIVALS: Final = 4  # same-topic reviews told apart from each answer: the median topic has hardly more
# Weight of 1 - cosine. Contrast alone forgets what everybody does: cosine .16 on Amazon, .31 with 2; with 5
# and more the prediction is so common that it tells authors apart hardly better than the average does.
COSINE_WEIGHT: Final = 2.0
COMMON_WEIGHTS: Final = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
PATIENCE: Final = 3  # epochs without a better held-out loss
WEIGHT_DECAY: Final = 0.01  # .3 measured alike
FIXED_TURN: Final = 1 << 20  # neighbors and rivals of the held-out questions; no epoch has this number


@dataclass(frozen=True)
class Questions:
    """Reviews with their texts hidden: features without them, answer (m, d) their styles, user ids (m,)."""

    features: Features
    answer: np.ndarray
    user: pl.Series


@dataclass(frozen=True)
class Scores:
    """Held-out users: mean cosine to the hidden style, share of same-topic rivals that are less like the
    prediction (None without rivals), and the loss per question (h,).
    """

    cosine: float
    same_topic: float | None
    loss: np.ndarray
    predicted: np.ndarray  # (h, d)


@dataclass(frozen=True)
class Fit:
    """What a training gave: the weights of the best epoch (0 is the average), and how both do held out."""

    model: GraphSage
    epoch: int
    before: Scores
    after: Scores
    gain: Interval  # in the loss, per held-out user; positive is better
    n_held_out_users: int
    common_weight: float  # of COMMON_WEIGHTS, the one with the best cosine held out

    @property
    def is_gain(self) -> bool:
        """Whether the interval of the gain lies above 0."""
        return self.gain.low > 0


def fit(
    questions: Questions, settings: Propagation, seed: int, samples: int, confidence: float
) -> Fit | None:
    """Train on the questions; None with fewer than LEAST_USERS users. Equal inputs give equal bytes."""
    if questions.user.n_unique() < LEAST_USERS:
        return None
    held = shares(hashes(questions.user, seed)) < HELD_OUT
    learn, test = np.flatnonzero(~held), np.flatnonzero(held)
    if not len(test) or not len(learn):
        return None
    style, meaning = questions.answer.shape[1], questions.features.about.shape[1]
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(seed)
        model = GraphSage(style, meaning, settings.hidden)
        loss = _Loss(questions, settings)
        before = loss.scores(model, test)
        best, after, epoch = _weights(model), before, 0
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=settings.learning_rate, weight_decay=WEIGHT_DECAY
        )
        rng = np.random.default_rng(seed)
        with bar("propagation", settings.epochs, "epochs") as shown:
            for turn in range(1, settings.epochs + 1):
                for rows in _batches(rng.permutation(learn), settings.batch_size):
                    optimizer.zero_grad()
                    loss.of(model, rows, turn)[0].mean().backward()
                    optimizer.step()
                shown.update(1)
                now = loss.scores(model, test)
                if now.loss.mean() < after.loss.mean():
                    best, after, epoch = _weights(model), now, turn
                elif turn - epoch >= PATIENCE:
                    break
        model.load_state_dict(best)
    users, place = np.unique(questions.user.to_numpy()[test].astype(str), return_inverse=True)
    count = np.bincount(place)
    first, second = (np.bincount(place, scores.loss) / count for scores in (before, after))
    gain = paired_bootstrap(first, second, samples, confidence, seed)
    weight = _common_weight(after.predicted, questions, test)
    return Fit(model.eval(), epoch, before, after, gain, len(users), weight)


class _Loss:
    """The loss of questions, and what it is made of."""

    def __init__(self, questions: Questions, settings: Propagation) -> None:
        self._features, self._settings = questions.features, settings
        self._answer = torch.from_numpy(np.ascontiguousarray(questions.answer, dtype=np.float32))
        self._style = torch.from_numpy(np.ascontiguousarray(questions.features.style, dtype=np.float32))
        _, author = np.unique(questions.user.to_numpy().astype(str), return_inverse=True)
        self._author = torch.from_numpy(author)

    def of(
        self, model: GraphSage, rows: np.ndarray, turn: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """(loss (b,), cosine (b,), cosine to each rival (b, r) or NaN, prediction (b, d))."""
        hidden = self._features.graph.rivals(rows, RIVALS, turn)
        batch: Batch = self._features.batch(rows, self._settings, turn, hidden)
        predicted = model(batch)
        answer, author = self._answer[rows], self._author[rows]
        cosine = (predicted * answer).sum(dim=1)
        is_rival = torch.from_numpy(hidden != NONE)
        rivals = torch.einsum("bd,brd->br", predicted, self._style[hidden])
        same_author = author[:, None] == author[None, :]
        others = (predicted @ answer.T).masked_fill(same_author, -torch.inf)
        right = cosine[:, None]
        near = torch.cat([right, rivals.masked_fill(~is_rival, -torch.inf)], dim=1)
        first = torch.zeros(len(rows), dtype=torch.long)
        scale = 1.0 / self._settings.temperature
        contrast = cross_entropy(scale * torch.cat([near, others], dim=1), first, reduction="none")
        personal = cross_entropy(scale * near, first, reduction="none")  # 0 without rivals
        loss = contrast + personal + COSINE_WEIGHT * (1.0 - cosine)
        return loss, cosine, rivals.masked_fill(~is_rival, torch.nan), predicted

    def scores(self, model: GraphSage, rows: np.ndarray) -> Scores:
        """Of the questions in `rows`, always with the same neighbors, rivals and batches."""
        with torch.inference_mode():
            parts = [self.of(model, part, FIXED_TURN) for part in _batches(rows, self._settings.batch_size)]
        loss, cosine, rivals, predicted = (
            torch.cat(part).double().numpy() for part in zip(*parts, strict=True)
        )
        wins = (cosine[:, None] > rivals) + 0.5 * (cosine[:, None] == rivals)
        known = ~np.isnan(rivals)
        same_topic = float(wins[known].mean()) if known.any() else None
        return Scores(float(cosine.mean()), same_topic, loss, predicted)


def mean_style(questions: Questions) -> np.ndarray:
    """(d,) float32 of length 1: the mean style of all texts, what everybody does."""
    mean = questions.features.style.astype(np.float64).mean(axis=0, keepdims=True)
    return np.asarray(unit_rows(mean)[0])


def _common_weight(predicted: np.ndarray, questions: Questions, rows: np.ndarray) -> float:
    """How much of the mean style makes predictions nearest to the answers; the smallest of equals."""
    answer, common = questions.answer[rows].astype(np.float64), mean_style(questions)
    cosines = [
        float(np.einsum("hd,hd->h", unit_rows(predicted + weight * common), answer).mean())
        for weight in COMMON_WEIGHTS
    ]
    return COMMON_WEIGHTS[int(np.argmax(cosines))]


def _weights(model: GraphSage) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def _batches(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
