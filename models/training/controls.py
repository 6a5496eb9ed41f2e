"""Evidence of learning: the same training on true and on shuffled pair labels, over several seeds.

Training accuracy says little (labels drawn by a coin are learned too), and one run alone may move by luck.
So each seed holds out a fifth of the pairs, trains once on the true labels and once with the two replies of
every pair swapped by a fair coin, all else equal, and both are measured on what neither saw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import comb
from typing import Any, Final, Literal, get_args

import numpy as np

from models.agents.batches import derive_seed
from models.errors import InputError
from models.training.pairs import PreferencePair

Labels = Literal["true", "shuffled"]
LABELS: Final[tuple[Labels, ...]] = get_args(Labels)
HELD_OUT: Final = 0.2
MIN_PAIRS: Final = 10  # two pairs held out; fewer tell nothing
MIN_SEEDS: Final = 3  # 3 runs all above 3 others happens to equals once in 20


@dataclass(frozen=True)
class Split:
    """Positions of the pairs to train on and of those held out, each in ascending order."""

    train: list[int]
    heldout: list[int]


def split_pairs(example_ids: Sequence[str], seed: int) -> Split:
    """Hold out a fifth of the pairs, drawn by a hash of seed and example; raises InputError below MIN_PAIRS.

    Which pairs are held out depends on the examples alone, not on their order.
    """
    if len(example_ids) < MIN_PAIRS:
        raise InputError(
            f"{len(example_ids)} preference pairs, a control needs at least {MIN_PAIRS}",
            remedy="choose another iteration or agent, or roll out more examples",
        )
    drawn = sorted(range(len(example_ids)), key=lambda place: derive_seed(seed, "split", example_ids[place]))
    size = round(HELD_OUT * len(drawn))
    return Split(sorted(drawn[size:]), sorted(drawn[:size]))


def flips(example_ids: Sequence[str], labels: Labels, seed: int) -> list[bool]:
    """Whether each pair is trained with chosen and rejected swapped: never, or by a fair coin per example."""
    return [labels == "shuffled" and derive_seed(seed, "coin", name) % 2 == 1 for name in example_ids]


def swapped(pair: PreferencePair) -> PreferencePair:
    """The pair with its two replies, and how they ended, exchanged."""
    return replace(
        pair,
        chosen=pair.rejected,
        rejected=pair.chosen,
        chosen_ended=pair.rejected_ended,
        rejected_ended=pair.chosen_ended,
    )


def share_positive(margins: Sequence[float]) -> float | None:
    """Share of margins above 0; pairs that were too long to score (nan) do not count; None without any."""
    scored = [margin for margin in margins if not np.isnan(margin)]
    return sum(margin > 0 for margin in scored) / len(scored) if scored else None


@dataclass(frozen=True)
class Verdict:
    """Whether the runs of one agent show that the labels, and not training as such, made it better."""

    supported: bool
    reason: str


def verdict(rows: Sequence[Mapping[str, Any]]) -> Verdict:
    """Judge the rows (seed, labels, heldout_accuracy, mean_gain, ci_low) of one agent.

    Supported only if every run on true labels gains beyond doubt (interval above 0), and gains more and
    prefers more of the held-out pairs rightly than every run on shuffled labels. With n seeds, runs that
    differ in nothing separate like this in either of the two measures once in binomial(2n, n) times.
    """
    runs = {labels: [row for row in rows if row["labels"] == labels] for labels in LABELS}
    seeds = min(len(runs["true"]), len(runs["shuffled"]))
    if not seeds:
        return Verdict(False, "no run to compare with")
    against = []
    if seeds < MIN_SEEDS:
        against.append(f"{seeds} of the {MIN_SEEDS} seeds that it takes")
    if any(row["ci_low"] is None for row in runs["true"] + runs["shuffled"]):
        against.append("there are no validation examples to gain on")
    else:
        doubtful = sum(row["ci_low"] <= 0 for row in runs["true"])
        if doubtful:
            against.append(f"{doubtful} of {len(runs['true'])} runs on true labels gained nothing certain")
        if not _above(runs, "mean_gain"):
            against.append("a run on shuffled labels gained as much as one on true labels")
    if not _above(runs, "heldout_accuracy"):
        against.append("a run on shuffled labels was as right on held-out pairs as one on true labels")
    if against:
        return Verdict(False, "; ".join(against))
    return Verdict(
        True,
        "every run on true labels gains, and is above every run on shuffled labels in gain and in held-out "
        f"accuracy (for runs that differ in nothing, 1 in {comb(2 * seeds, seeds)} for each)",
    )


def _above(runs: Mapping[Labels, Sequence[Mapping[str, Any]]], measure: str) -> bool:
    values = {labels: [row[measure] for row in found] for labels, found in runs.items()}
    if any(value is None for found in values.values() for value in found):
        return False
    return bool(min(values["true"]) > max(values["shuffled"]))
