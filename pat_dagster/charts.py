"""Charts that reflow: across in percent of the width there is, down in pixels, so that text keeps its size.

A strip is one row of a dot plot: bands and rules behind, an interval with its mean in front. Strips of one
table share a scale, and their bands join to stripes down the whole table. `lines` draws means over a few
categories. Colors come from classes, so that light and dark are the page's business.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

STRIP_HEIGHT: Final = 26  # pixels: a finger's width of two rows, a line of text of one
PLOT_HEIGHT: Final = 210  # pixels of a line chart, its category labels included
EDGE: Final = 3.0  # percent left free on both sides, so that marks at the ends stay whole
DODGE: Final = 1.1  # percent between lines at one category, so that intervals do not hide each other
TICKS: Final = 4  # about so many a scale


@dataclass(frozen=True)
class Mark:
    """A mean with its interval. `at` is its address in the report, `kind` its class: a family, s0, s1, ..."""

    value: float | None
    low: float | None
    high: float | None
    kind: str
    at: str = ""
    label: str = ""

    @property
    def points(self) -> list[float]:
        """Values that the scale must reach."""
        return [one for one in (self.low, self.value, self.high) if one is not None and math.isfinite(one)]


@dataclass(frozen=True)
class Band:
    """A stripe behind the marks, from `low` to `high`."""

    low: float
    high: float
    kind: str


@dataclass(frozen=True)
class Scale:
    """Maps values to percent of the width."""

    low: float
    high: float
    ticks: tuple[float, ...]

    @classmethod
    def over(cls, values: Iterable[float]) -> Scale:
        """Reaches every value, with a few round ticks; one value, or none, still gives a scale."""
        known = [value for value in values if math.isfinite(value)] or [0.0]
        low, high = min(known), max(known)
        if high - low < 1e-9:  # one value: a scale around it
            low, high = low - 0.05, high + 0.05
        step = _round_step((high - low) / TICKS)
        first = math.ceil(low / step - 1e-9)
        last = math.floor(high / step + 1e-9)
        ticks = tuple(round(place * step, 10) + 0.0 for place in range(first, last + 1))
        return cls(low, high, ticks)

    def at(self, value: float) -> float:
        """Percent from the left; values beyond the ends stay at the ends."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return EDGE + share * (100 - 2 * EDGE)


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough * 0.999)


def strip(scale: Scale, bands: Sequence[Band], rules: Sequence[float], mark: Mark) -> str:
    """SVG elements of one row, `STRIP_HEIGHT` high."""
    middle = STRIP_HEIGHT / 2
    behind = "".join(
        f'<rect class="band {band.kind}" x="{scale.at(band.low):.2f}%" y="0" '
        f'width="{max(scale.at(band.high) - scale.at(band.low), 0.3):.2f}%" height="{STRIP_HEIGHT}"/>'
        for band in bands
    )
    ruled = "".join(
        f'<line class="rule" x1="{x:.2f}%" x2="{x:.2f}%" y1="0" y2="{STRIP_HEIGHT}"/>'
        for x in map(scale.at, rules)
    )
    return behind + ruled + _interval(scale, mark, middle) + _dot(mark, f"{_percent(scale, mark)}", middle)


def axis(scale: Scale, digits: int = 2) -> str:
    """SVG elements of the tick labels above the strips, 16 pixels high."""
    return "".join(
        f'<text class="tick" x="{scale.at(tick):.2f}%" y="11" text-anchor="middle">{tick:.{digits}f}</text>'
        f'<line class="grid" x1="{scale.at(tick):.2f}%" x2="{scale.at(tick):.2f}%" y1="13" y2="16"/>'
        for tick in scale.ticks
    )


def lines(categories: Sequence[str], series: Mapping[str, Mapping[str, Mark]], digits: int = 2) -> str:
    """SVG elements of a line chart `PLOT_HEIGHT` high: name of a line -> category -> mark."""
    marks = [mark for line in series.values() for mark in line.values()]
    scale = Scale.over(value for mark in marks for value in mark.points)
    top, bottom = 12.0, PLOT_HEIGHT - 26.0

    def down(value: float) -> float:
        return bottom - (scale.at(value) - EDGE) / (100 - 2 * EDGE) * (bottom - top)

    def across(place: int, line: int) -> float:
        spread = (line - (len(series) - 1) / 2) * DODGE
        return 9 + (place + 0.5) / len(categories) * 90 + spread  # the first 9% hold the tick labels

    drawn = [
        f'<line class="grid" x1="9%" x2="100%" y1="{down(tick):.1f}" y2="{down(tick):.1f}"/>'
        f'<text class="tick" x="0" y="{down(tick) + 4:.1f}">{tick:.{digits}f}</text>'
        for tick in scale.ticks
    ]
    drawn += [
        f'<text class="category" x="{across(place, 0) - _first_spread(len(series)):.2f}%" '
        f'y="{PLOT_HEIGHT - 6}" text-anchor="middle">{escape(name)}</text>'
        for place, name in enumerate(categories)
    ]
    for number, line in enumerate(series.values()):
        there = [
            (across(place, number), line[name])
            for place, name in enumerate(categories)
            if name in line and line[name].value is not None
        ]
        for (x1, one), (x2, two) in itertools.pairwise(there):
            drawn.append(
                f'<line class="path {one.kind}" x1="{x1:.2f}%" x2="{x2:.2f}%" '
                f'y1="{down(one.value or 0):.1f}" y2="{down(two.value or 0):.1f}"/>'
            )
        for x, mark in there:
            if mark.low is not None and mark.high is not None:
                drawn.append(
                    f'<line class="interval {mark.kind}" x1="{x:.2f}%" x2="{x:.2f}%" '
                    f'y1="{down(mark.high):.1f}" y2="{down(mark.low):.1f}"/>'
                )
            drawn.append(_dot(mark, f"{x:.2f}%", down(mark.value or 0)))
    return "".join(drawn)


def _first_spread(n_lines: int) -> float:
    return -(n_lines - 1) / 2 * DODGE


def _percent(scale: Scale, mark: Mark) -> str:
    return f"{scale.at(mark.value):.2f}%" if mark.value is not None else ""


def _interval(scale: Scale, mark: Mark, y: float) -> str:
    if mark.low is None or mark.high is None:
        return ""
    return (
        f'<line class="interval {mark.kind}" x1="{scale.at(mark.low):.2f}%" x2="{scale.at(mark.high):.2f}%" '
        f'y1="{y}" y2="{y}"/>'
    )


def _dot(mark: Mark, x: str, y: float) -> str:
    if mark.value is None or not math.isfinite(mark.value):
        return ""
    title = f"<title>{escape(mark.label)}</title>" if mark.label else ""
    where = f' data-at="{escape(mark.at)}" data-value="{mark.value!r}"' if mark.at else ""
    return f'<circle class="dot {mark.kind}" cx="{x}" cy="{y:.1f}" r="4.5"{where}>{title}</circle>'
