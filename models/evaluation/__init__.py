"""Metrics, intervals and the leaderboard."""

from models.evaluation.bootstrap import Interval, paired_bootstrap
from models.evaluation.metrics import METRICS, REPORTED_ONLY

__all__ = ["METRICS", "REPORTED_ONLY", "Interval", "paired_bootstrap"]
