"""Is a home up to date, and did a table grow or shrink more than is usual: the rules, without tables."""

from __future__ import annotations

from datetime import datetime, timedelta


def lateness(ended: datetime | None, now: datetime, within_hours: int) -> str | None:
    """Why the tables are too old, None where they are not; ended: when the last night did. All in UTC."""
    if ended is None:
        return "no night has ended here yet"
    age = now - ended
    if age <= timedelta(hours=within_hours):
        return None
    when = ended.isoformat(sep=" ", timespec="minutes")
    hours = age.total_seconds() / 3600
    return f"the last night ended {hours:,.0f} hours ago, at {when} UTC; {within_hours} hours are allowed"


def anomaly(before: int | None, now: int, change: float) -> str | None:
    """Why a number of rows is unusual, None where it is not.

    before: rows after the run before, None for a first one. change: the share of them that may come or go.
    """
    if before is None or abs(now - before) <= change * before:
        return None
    if before == 0:
        return f"{now:,} rows, where there were none"
    return f"{now:,} rows after {before:,}: {(now - before) / before:+,.0%}, and up to {change:.0%} is usual"
