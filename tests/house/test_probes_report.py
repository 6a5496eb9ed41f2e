"""`pat probes` tells what is left of a gain, in the order of the probes."""

from __future__ import annotations

import polars as pl

from pat_dagster.commands.probes import report


def row(probe: str, gain: float) -> dict[str, object]:
    return {
        "dataset": "d",
        "agent": "topic",
        "probe": probe,
        "n": 12,
        "quality_before": 0.25,
        "quality_after": 0.25 + gain,
        "gain": gain,
        "gain_ci_low": gain - 0.01,
        "gain_ci_high": gain + 0.01,
    }


def test_every_probe_says_what_is_left() -> None:
    rows = pl.DataFrame([row("shuffled", 0.1), row("as_is", 0.2), row("other_topic", -0.05)])
    lines = report(rows).splitlines()[3:]
    order = ("as is", "shuffled", "other topic")
    assert all(name in line for name, line in zip(order, lines, strict=True))
    assert lines[0].endswith("100%")
    assert lines[1].endswith("50%")
    assert "+0.1000 (+0.0900 to +0.1100)" in lines[1]


def test_without_a_gain_there_is_nothing_left_to_tell() -> None:
    assert "%" not in report(pl.DataFrame([row("as_is", -0.1), row("shuffled", 0.0)]))
