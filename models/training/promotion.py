"""Promotion: a candidate policy is used only where it beats the policy in use on validation examples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from models.evaluation.bootstrap import paired_bootstrap


@dataclass(frozen=True)
class Decision:
    """Whether a candidate is promoted, and the numbers that decided: gain in Q, 0..1, per example.

    `confidence` is that of the interval after the error was divided among the candidates of the iteration.
    """

    n: int
    mean_gain: float | None
    ci_low: float | None
    ci_high: float | None
    confidence: float
    promoted: bool
    reason: str


def decide(
    quality_in_use: Sequence[float],
    quality_candidate: Sequence[float],
    *,
    min_gain: float,
    samples: int,
    confidence: float,
    seed: int,
    candidates: int = 1,
) -> Decision:
    """Promote when the lower bound of the paired bootstrap interval of the gain exceeds `min_gain`.

    The two sequences are the qualities of the same examples in the same order. Without examples nothing can
    be shown, and nothing is promoted. `candidates` is how many were trained in this iteration: a worthless
    one passes a 95% interval in 1 of 40 tries, so with two of them 1 iteration in 20 would promote noise.
    The error is divided by their number (Bonferroni), which brings the iteration back to 1 in 40. With so
    few examples that all of them gain by chance more often than the error allows (2^-n, the sign test), the
    interval is too narrow to be believed, and nothing is promoted either. Raises ValueError when lengths
    differ, a value is not finite, or there is no candidate.
    """
    if len(quality_in_use) != len(quality_candidate):
        raise ValueError(
            f"{len(quality_in_use)} qualities in use against {len(quality_candidate)} of the candidate"
        )
    if candidates < 1:
        raise ValueError(f"{candidates} candidates: there is nothing to decide")
    divided = 1 - (1 - confidence) / candidates
    if not quality_in_use:
        reason = "no validation examples: no gain can be shown"
        return Decision(0, None, None, None, divided, False, reason)
    gain = paired_bootstrap(quality_candidate, quality_in_use, samples, divided, seed)
    n = len(quality_in_use)
    needed = math.ceil(math.log2(2 / (1 - divided)))
    if min_gain >= 0 and n < needed:
        reason = f"n = {n}: fewer than {needed} validation examples show no gain, whatever it is"
        return Decision(n, gain.mean, gain.low, gain.high, divided, False, reason)
    promoted = gain.low > min_gain
    reason = (
        f"lower bound of the gain {gain.low:+.4f} {'>' if promoted else '<='} required {min_gain:+.4f} "
        f"(n = {n}, {divided:.2%} interval, 1 of {candidates} tried)"
    )
    return Decision(n, gain.mean, gain.low, gain.high, divided, promoted, reason)
