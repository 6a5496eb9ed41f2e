"""Propagation measured alone: how near does each predictor come to the hidden style of held-out users?

Two questions, because they have different answers. The cosine to the hidden text's style is won by whoever
knows how people write on average. Whether a prediction is nearer to the hidden text than to another text (a
share, the AUC) asks what it knows beyond that: against texts of other topics, what it knows about the topic
and the user; against texts of the same topic, what it knows about the user. There the other text is hidden
from the evidence like the target: a text is always nearer to a mean that it is part of. Shares are of what
donors are ranked by; for the cosine GraphSAGE is calibrated, which tells nobody apart: on the real corpora
the average with as much of the mean style added comes as near (Amazon .372 to .369, B2W .377 to .377).
Rows of evaluation.propagation_quality; the design of the table is ours.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np
import polars as pl

from models.evaluation.bootstrap import bounds, keyed_seed, resampled_means
from models.graph.neighbors import NONE
from models.graph.propagation import unit_rows
from models.graph.weights import Learned
from models.recipes import PropagationName
from models.retrieval.chance import hashes
from models.retrieval.expectation import Known
from models.sample.world import World

Predictor = Literal["graphsage", "average", "input", "topic_mean", "global_mean", "random"]
PREDICTORS: Final[tuple[Predictor, ...]] = get_args(Predictor)
MEASURES: Final = ("cosine", "auc_any_topic", "auc_same_topic", "right_community")
ALL: Final = "all"
COLD: Final = "0"
DRAWS: Final = 4  # other texts per example and question: their noise is half of one draw's
MOST_EXAMPLES: Final = 4_000  # per dataset: intervals are a hundredth wide by then
FIRST_TURN: Final = 1 << 21  # of the rivals drawn here; training has lower numbers


def held_out(examples: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Rows of validation and test users sorted by example_id, at most MOST_EXAMPLES, chosen by hash."""
    asked = examples.filter(pl.col("split") != "train").sort("example_id")
    order = np.argsort(hashes(asked["example_id"], seed), kind="stable")[:MOST_EXAMPLES]
    return asked[np.sort(order)]


def propagation_rows(
    known: Known,
    learned: Learned,
    target_style: np.ndarray,
    history_bucket: np.ndarray,
    in_use: PropagationName,
    world: World | None,
    *,
    samples: int,
    confidence: float,
    seed: int,
) -> list[dict[str, object]]:
    """One row per history bucket ("0" and "all") and predictor.

    known: held-out examples of task `long`; target_style (m, d) and history_bucket (m,) in their order;
    in_use: the predictor of the recipe, which the others are compared with; world: the planted truth, if any.
    Measures that do not apply are null. Resamples depend on `seed` and the bucket alone: differences are
    paired.
    """
    quiz = _Quiz(known, learned, target_style, seed)
    values = {name: quiz.values(name, world) for name in PREDICTORS}
    rows: list[dict[str, object]] = []
    for bucket in (COLD, ALL):
        chosen = np.flatnonzero((bucket == ALL) | (history_bucket == bucket))
        if not len(chosen):
            continue
        for name in PREDICTORS:
            row: dict[str, object] = {
                "history_bucket": bucket,
                "predictor": name,
                "is_in_use": name == in_use,
                "n": len(chosen),
                "n_same_topic": int((~np.isnan(values[name][chosen, 2])).sum()),
            }
            for place, measure in enumerate(MEASURES):
                mine, best = values[name][chosen, place], values[in_use][chosen, place]
                cell = (samples, confidence, keyed_seed(seed, bucket))
                row |= _mean(measure, mine, *cell)
                row |= _mean(f"{measure}_gain", best - mine, *cell)
            rows.append(row)
    return rows


class _Quiz:
    """The same questions for every predictor."""

    def __init__(self, known: Known, learned: Learned, target: np.ndarray, seed: int) -> None:
        self._known, self._learned, self._target = known, learned, target
        self._rng = np.random.default_rng(seed)
        self._user, self._topic = (known.corpus.reviews[name].to_numpy() for name in ("user", "topic"))
        self._asker, self._about = (known.corpus.examples[name].to_numpy() for name in ("user", "topic"))
        rows = np.arange(len(target))
        graph = known.features.graph
        self._rivals = [graph.rivals(rows, 1, FIRST_TURN + draw) for draw in range(DRAWS)]
        self._others = [self._elsewhere() for _ in range(DRAWS)]
        self._random = self._elsewhere()

    def values(self, name: Predictor, world: World | None) -> np.ndarray:
        """(m, 4) the measures of one predictor, NaN where one does not apply."""
        found = np.full((len(self._target), len(MEASURES)), np.nan)
        predicted = self._predicted(name, None)
        calibrated = self._learned.calibrated(predicted) if name == "graphsage" else predicted
        found[:, 0] = np.einsum("md,md->m", calibrated, self._target)
        found[:, 1] = _mean_of([self._is_nearer(predicted, rows) for rows in self._others])
        found[:, 2] = _mean_of(
            [self._is_nearer(self._predicted(name, rivals), rivals[:, 0]) for rivals in self._rivals]
        )
        if world is not None:
            found[:, 3] = self._right_community(predicted, world)
        return found

    def _predicted(self, name: Predictor, hidden: np.ndarray | None) -> np.ndarray:
        """(m, d) float64 unit rows."""
        style = self._known.features.style
        if name == "random":
            found = np.where((self._random != NONE)[:, None], style[self._random], 0.0)
        elif name == "global_mean":
            own = self._known.corpus.examples["target_row"].to_numpy()
            rest = style.sum(axis=0, dtype=np.float64) - np.where((own >= 0)[:, None], style[own], 0.0)
            found = unit_rows(rest)
        else:
            found = self._known.expected(name, self._learned, hidden)
        return np.asarray(found, dtype=np.float64)

    def _elsewhere(self) -> np.ndarray:
        """(m,) random reviews of other topics by others, NONE where the draw found none."""
        if not len(self._user):
            return np.full(len(self._asker), NONE)
        drawn = self._rng.integers(0, len(self._user), len(self._asker))
        usable = (self._user[drawn] != self._asker) & (self._topic[drawn] != self._about)
        return np.where(usable, drawn, NONE)

    def _is_nearer(self, predicted: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """(m,): 1 where the target is nearer than the review in `rows`, .5 for a tie, NaN without one."""
        if not len(self._user):
            return np.full(len(rows), np.nan)
        right = np.einsum("md,md->m", predicted, self._target.astype(np.float64))
        wrong = np.einsum("md,md->m", predicted, self._known.features.style[rows].astype(np.float64))
        return np.where(rows == NONE, np.nan, (right > wrong) + 0.5 * (right == wrong))

    def _right_community(self, predicted: np.ndarray, world: World) -> np.ndarray:
        """(m,): whether the nearest community is the planted one, by texts of users not asked about."""
        planted = np.array(
            [world.truth[str(user).split(":", 1)[1]].community for user in self._known.corpus.users]
        )
        told = ~np.isin(self._user, self._asker)
        style = self._known.features.style[told].astype(np.float64)
        community = planted[self._user[told]]
        centers = np.zeros((len(world.communities), style.shape[1]))
        np.add.at(centers, community, style)
        nearest = np.argmax(predicted @ unit_rows(centers).T, axis=1)
        return np.where(predicted.any(axis=1), nearest == planted[self._asker], False).astype(np.float64)


def _mean_of(draws: list[np.ndarray]) -> np.ndarray:
    """(m,): mean over the draws that exist, NaN where none does."""
    values = np.array(draws)
    count = (~np.isnan(values)).sum(axis=0)
    return np.where(count > 0, np.nansum(values, axis=0) / np.maximum(count, 1), np.nan)


def _mean(name: str, values: np.ndarray, samples: int, confidence: float, seed: int) -> dict[str, object]:
    values = values[~np.isnan(values)]
    if not len(values):
        return {name: None, f"{name}_ci_low": None, f"{name}_ci_high": None}
    low, high = bounds(resampled_means(values[:, None], samples, seed), confidence)
    return {
        name: float(values.mean()),
        f"{name}_ci_low": float(low[0]),
        f"{name}_ci_high": float(high[0]),
    }
