"""The style a user is expected to write in, without training: personalized averaging over the graph.

A user without texts has an edge (user, topic) and what they gave as input. The vector is a weighted sum
of the style of the input, the mean style of others at the same topic, and the mean style of the user's
own visible texts. It is exact leave-one-out: sums are whole numbers, so that taking a row out of a sum
leaves no trace of it, and no bit depends on the example's own target.
The paper's abstract names the propagation, not its form: this variant is ours, GraphSAGE replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from models.retrieval.corpus import Corpus

# Tuned on the sample world and on three corpora: share of donors from the planted community of zero-history
# users .86 (input alone) -> .92 with the topic; donors' cosine to the hidden target rises with both.
INPUT_WEIGHT: Final = 1.0  # the only personal evidence of a cold-start user
TOPIC_WEIGHT: Final = 0.5  # 1 and more makes donors those of the topic's crowd: community share .80
HISTORY_WEIGHT: Final = 2.0  # own texts beat every other evidence; 1, 2 and 4 measured alike
# A second hop (other reviews of the topic's reviewers) at .5 made it .79 instead of .92: left out.

SCALE: Final = 2**32  # fixed point: 2**31 rows of values up to 1 fit a signed 64-bit sum
COLUMNS: Final = 32  # feature columns worked on at once: 256 MB of running sums at a million reviews


@dataclass(frozen=True)
class Evidence:
    """What is known about each example's user, (m, d) float32 each, zeros where there is nothing.

    topic: mean style of others at the topic, n_topic (m,) how many; history: mean of the own visible texts.
    """

    input: np.ndarray
    topic: np.ndarray
    n_topic: np.ndarray
    history: np.ndarray

    def average(self) -> np.ndarray:
        """(m, d) float32 unit rows: the personalized average."""
        mixed = (
            INPUT_WEIGHT * self.input.astype(np.float64)
            + TOPIC_WEIGHT * self.topic
            + HISTORY_WEIGHT * self.history
        )
        return unit_rows(mixed)

    def of(self, rows: np.ndarray) -> Evidence:
        """The evidence of some of the examples."""
        return Evidence(self.input[rows], self.topic[rows], self.n_topic[rows], self.history[rows])

    def without(self, style: np.ndarray, hidden: np.ndarray) -> Evidence:
        """The same without some reviews of the topic, for training and measuring: rounding may keep a trace.

        style (n, d) of all reviews; hidden (m, r) rows of reviews that are in `topic`, -1 for none.
        """
        taken = np.where((hidden >= 0)[:, :, None], style[hidden], 0.0).sum(axis=1)
        left = self.n_topic - (hidden >= 0).sum(axis=1)
        total = self.topic * self.n_topic[:, None] - taken
        topic = np.where(left[:, None] > 0, total / np.maximum(left, 1)[:, None], 0.0)
        return Evidence(self.input, topic, left, self.history)


def propagate(
    corpus: Corpus,
    text_style: np.ndarray,
    input_style: np.ndarray,
    may_use_history: np.ndarray | None = None,
) -> np.ndarray:
    """Expected style of each example's user: (m, d) float32 unit rows, zeros where nothing is known."""
    return gather(corpus, text_style, input_style, may_use_history).average()


def gather(
    corpus: Corpus,
    text_style: np.ndarray,
    input_style: np.ndarray,
    may_use_history: np.ndarray | None = None,
) -> Evidence:
    """The evidence of every example, each without its own target.

    text_style (n, d) and input_style (m, d) follow the rows of `corpus.reviews` and `corpus.examples`;
    may_use_history (m,) is False for users who are not one person. Time and memory grow linearly in reviews
    plus examples.
    """
    reviews, examples = corpus.reviews, corpus.examples
    given = input_style.astype(np.float32)
    topic, history = np.zeros_like(given), np.zeros_like(given)
    if not reviews.height:
        return Evidence(given, topic, np.zeros(len(given), np.int64), history)
    n_users = len(corpus.users)
    r_user, r_topic, r_time = (reviews[name].to_numpy() for name in ("user", "topic", "time"))
    e_user, e_topic, e_time = (examples[name].to_numpy() for name in ("user", "topic", "time"))
    others = Visible(r_topic, r_time, e_topic, e_time)
    same = Visible(r_topic * n_users + r_user, r_time, e_topic * n_users + e_user, e_time)
    own = Visible(r_user, r_time, e_user, e_time)
    target = examples["target_row"].to_numpy()
    seen = (target >= 0) & (r_time[target] < e_time)  # only where times are unknown is the target in its sum
    n_topic, n_history = others.count - same.count, own.count - seen
    if may_use_history is not None:
        n_history = np.where(may_use_history, n_history, 0)
    for start in range(0, given.shape[1], COLUMNS):
        part = slice(start, start + COLUMNS)
        values = fixed(text_style[:, part])
        minus = np.where(seen[:, None], values[target], 0)
        topic[:, part] = _mean(others.sums(values) - same.sums(values), n_topic)
        history[:, part] = _mean(own.sums(values) - minus, n_history)
    return Evidence(given, topic, n_topic, history)


def fixed(values: np.ndarray) -> np.ndarray:
    """Values in [-1, 1] as whole numbers, whose sums do not depend on their order."""
    return np.rint(values.astype(np.float64) * SCALE).astype(np.int64)


class Visible:
    """For every asker the rows of a group with a time before its own.

    group, time (n,) of the rows; asked_group, before (m,) of the askers. count (m,): how many are visible.
    """

    def __init__(
        self, group: np.ndarray, time: np.ndarray, asked_group: np.ndarray, before: np.ndarray
    ) -> None:
        self._order = np.lexsort((time, group))
        moments = np.unique(np.concatenate([time, before]))
        width = len(moments) + 1
        keys = (_dense(group, asked_group, group) * width + np.searchsorted(moments, time))[self._order]
        asked = _dense(group, asked_group, asked_group) * width
        self._first = np.searchsorted(keys, asked)
        self._last = np.searchsorted(keys, asked + np.searchsorted(moments, before))
        self.count = self._last - self._first

    def sums(self, values: np.ndarray) -> np.ndarray:
        """(m, c) sums of whole numbers (n, c) over the visible rows, by running sums."""
        running = np.zeros((len(values) + 1, values.shape[1]), dtype=np.int64)
        np.cumsum(values[self._order], axis=0, out=running[1:])
        return np.asarray(running[self._last] - running[self._first])


def _dense(group: np.ndarray, asked_group: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Group numbers without gaps, so that group times moments stays within 64 bits."""
    return np.searchsorted(np.unique(np.concatenate([group, asked_group])), wanted)


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1 as float32; zero rows stay zero."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length > 0, length, 1.0)).astype(np.float32)


def _mean(sums: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Means from sums in fixed point; zeros where nothing is counted."""
    mean = sums / (SCALE * np.maximum(count, 1)[:, None].astype(np.float64))
    return np.where(count[:, None] > 0, mean, 0.0)
