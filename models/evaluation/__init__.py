"""Metrics and intervals: one definition of good, used by rewards, promotion and the leaderboard."""

from models.evaluation.bootstrap import Interval, paired_bootstrap
from models.evaluation.metrics import METRICS, METRICS_BY_TASK, REPORTED_ONLY, metric_values

__all__ = ["METRICS", "METRICS_BY_TASK", "REPORTED_ONLY", "Interval", "metric_values", "paired_bootstrap"]
