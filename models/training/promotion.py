"""Promotion: a candidate policy is used only where it beats the policy in use on validation examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.evaluation.bootstrap import paired_bootstrap


@dataclass(frozen=True)
class Decision:
    """Whether a candidate is promoted, and the numbers that decided: gain in Q, 0..1, per example."""

    n: int
    mean_gain: float | None
    ci_low: float | None
    ci_high: float | None
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
) -> Decision:
    """Promote when the lower bound of the paired bootstrap interval of the gain exceeds `min_gain`.

    The two sequences are the qualities of the same examples in the same order. Without examples nothing can
    be shown, and nothing is promoted. Raises ValueError when lengths differ or a value is not finite.
    """
    if len(quality_in_use) != len(quality_candidate):
        raise ValueError(
            f"{len(quality_in_use)} qualities in use against {len(quality_candidate)} of the candidate"
        )
    if not quality_in_use:
        return Decision(0, None, None, None, False, "no validation examples: no gain can be shown")
    gain = paired_bootstrap(quality_candidate, quality_in_use, samples, confidence, seed)
    promoted = gain.low > min_gain
    sign = ">" if promoted else "<="
    reason = (
        f"lower bound of the gain {gain.low:+.4f} {sign} required {min_gain:+.4f} (n = {len(quality_in_use)})"
    )
    return Decision(len(quality_in_use), gain.mean, gain.low, gain.high, promoted, reason)
