"""GraphSAGE (Hamilton et al. 2017) for the style of a user without text: mean aggregator, two hops.

Hops 2 and 1: every sampled review of the topic becomes a hidden vector, from how it is written, what its
title is about and how its author writes elsewhere; their mean is what the topic says. Hop 0: with the input's
style and meaning and the own history it becomes a *correction* of the parameter-free average
(propagation.py). So untrained weights are that average exactly, and training can only depart from it.
The paper's abstract names the propagation, not its form: the features and the correction are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch.nn.functional import normalize, relu

from models.graph.neighbors import NONE, Graph
from models.graph.propagation import Evidence
from models.recipes import Propagation

BLOCK: Final = 512  # examples worked on at once: about 100 MB at the default numbers of neighbors


@dataclass(frozen=True)
class Batch:
    """Features of b examples as tensors; s neighbors each, d style and w meaning dimensions.

    average (b, d): the parameter-free prediction. given, history, topic (b, d); about (b, w): meaning of the
    input. near_style (b, s, d), near_about (b, s, w), far (b, s, d); known (b, s, 1): 1.0 for a neighbor.
    """

    average: torch.Tensor
    given: torch.Tensor
    about: torch.Tensor
    history: torch.Tensor
    topic: torch.Tensor
    near_style: torch.Tensor
    near_about: torch.Tensor
    far: torch.Tensor
    known: torch.Tensor


@dataclass(frozen=True)
class Features:
    """Everything batches are made of: style (n, d) of the reviews' texts, title (n, w) what their titles are
    about, evidence and about (m, w) of the examples.
    """

    graph: Graph
    style: np.ndarray
    title: np.ndarray
    evidence: Evidence
    about: np.ndarray

    def batch(
        self, rows: np.ndarray, settings: Propagation, turn: int = 0, hidden: np.ndarray | None = None
    ) -> Batch:
        """The examples in `rows`; another `turn` has other neighbors; hidden (b, r): not there for them."""
        hops = self.graph.hops(rows, settings.topic_neighbors, settings.user_neighbors, turn, hidden)
        part = self.evidence.of(rows)
        if hidden is not None:
            part = part.without(self.style, hidden)
        far = (hops.far @ self.style).reshape(*hops.near.shape, self.style.shape[1])
        return Batch(
            average=_tensor(part.average()),
            given=_tensor(part.input),
            about=_tensor(self.about[rows]),
            history=_tensor(part.history),
            topic=_tensor(part.topic),
            near_style=_tensor(self.style[hops.near]),
            near_about=_tensor(self.title[hops.near]),
            far=_tensor(far),
            known=_tensor((hops.near != NONE)[:, :, None]),
        )


class GraphSage(torch.nn.Module):
    """The correction; its last layers start at zero."""

    def __init__(self, style: int, meaning: int, hidden: int) -> None:
        super().__init__()
        self.near = torch.nn.Linear(2 * style + meaning, hidden)
        self.own = torch.nn.Linear(3 * style + meaning + hidden, hidden)
        self.out = torch.nn.Linear(hidden, style, bias=False)
        self.direct = torch.nn.Linear(style + meaning, style)
        for last in (self.out.weight, self.direct.weight, self.direct.bias):
            torch.nn.init.zeros_(last)

    def forward(self, batch: Batch) -> torch.Tensor:
        """(b, d) unit rows."""
        neighbors = torch.cat([batch.near_style, batch.far, batch.near_about], dim=2)
        hidden = relu(self.near(neighbors)) * batch.known
        mean = hidden.sum(dim=1) / batch.known.sum(dim=1).clamp(min=1.0)
        seen = [batch.given, batch.history, batch.topic, batch.about, mean]
        change = self.out(relu(self.own(torch.cat(seen, dim=1))))
        change = change + self.direct(torch.cat([batch.given, batch.about], dim=1))
        return normalize(batch.average + change, dim=1)


def expected_style(
    model: GraphSage,
    features: Features,
    settings: Propagation,
    rows: np.ndarray,
    hidden: np.ndarray | None = None,
) -> np.ndarray:
    """(b, d) float32 unit rows of the examples in `rows`; hidden (b, r): reviews that are not there for them.

    Time grows with examples times sampled neighbors; memory beside the arguments is that of one block.
    """
    expected = np.empty((len(rows), features.style.shape[1]), dtype=np.float32)
    with torch.inference_mode(), one_thread():
        for start in range(0, len(rows), BLOCK):
            part = slice(start, start + BLOCK)
            batch = features.batch(rows[part], settings, hidden=None if hidden is None else hidden[part])
            expected[part] = model(batch).numpy()
    return expected


@contextmanager
def one_thread() -> Iterator[None]:
    """The order of additions, and with it the last bit, depends on the number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _tensor(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
