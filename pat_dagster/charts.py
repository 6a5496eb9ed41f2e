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
DODGE: Final = 0.9  # percent between lines at one category, so that intervals do not hide each other
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
    digits: int  # decimals that tell the ticks apart

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
        return cls(low, high, ticks, _digits(step))

    def at(self, value: float) -> float:
        """Percent from the left; values beyond the ends stay at the ends."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return EDGE + share * (100 - 2 * EDGE)


def tick_label(scale: Scale, tick: float) -> str:
    """A tick as text, with a minus that is one."""
    return f"{tick:.{scale.digits}f}".replace("-", "\N{MINUS SIGN}")


def _digits(step: float) -> int:
    return next(digits for digits in range(10) if abs(round(step, digits) - step) < 1e-9 * max(step, 1))


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


def axis(scale: Scale) -> str:
    """SVG elements of the tick labels above the strips, 16 pixels high."""
    return "".join(
        f'<text class="tick" x="{x:.2f}%" y="11" text-anchor="middle">{tick_label(scale, tick)}</text>'
        f'<line class="grid" x1="{x:.2f}%" x2="{x:.2f}%" y1="13" y2="16"/>'
        for tick, x in zip(scale.ticks, map(scale.at, scale.ticks), strict=True)
    )


def lines(
    categories: Sequence[str], series: Mapping[str, Mapping[str, Mark]], rules: Sequence[float] = ()
) -> str:
    """SVG elements of a line chart `PLOT_HEIGHT` high: name of a line -> category -> mark.

    `rules` are values that the reader compares with; they become dashed lines.
    """
    marks = [mark for line in series.values() for mark in line.values()]
    scale = Scale.over([*(value for mark in marks for value in mark.points), *rules])
    top, bottom = 12.0, PLOT_HEIGHT - 26.0

    def down(value: float) -> float:
        return bottom - (scale.at(value) - EDGE) / (100 - 2 * EDGE) * (bottom - top)

    def across(place: int, line: int) -> float:
        spread = (line - (len(series) - 1) / 2) * DODGE
        return 9 + (place + 0.5) / len(categories) * 90 + spread  # the first 9% hold the tick labels

    drawn = [
        f'<line class="grid" x1="9%" x2="100%" y1="{down(tick):.1f}" y2="{down(tick):.1f}"/>'
        f'<text class="tick" x="0" y="{down(tick) + 4:.1f}">{tick_label(scale, tick)}</text>'
        for tick in scale.ticks
    ]
    drawn += [
        f'<line class="rule" x1="9%" x2="100%" y1="{down(rule):.1f}" y2="{down(rule):.1f}"/>'
        for rule in rules
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


LIGHT: Final = (  # an image has no page around it: the page's light colors, by class
    "text{font:11px sans-serif;fill:#66625a}.name{fill:#1c1b19;font-size:12px}"
    ".title{font-weight:bold;fill:#1c1b19}.band.floor,.band.effect{fill:#ece7dc}.band.ceiling{fill:#dcebe0}.grid{stroke:#e3dfd6}"
    ".rule{stroke:#857d6f;stroke-dasharray:3 2}.interval{stroke-width:2;opacity:.55}.path{stroke-width:2}"
)
COLORS: Final = {
    **{"floor": "#857d6f", "ceiling": "#2c7550", "baseline": "#57616d", "pat": "#1557a0"},
    **{"ablation": "#7a4fa3", "falsification": "#b4461f"},
    **{"supported": "#2c7550", "refuted": "#b4461f", "undecided": "#7b6a2c"},
    **{"s0": "#1557a0", "s1": "#b4461f", "s2": "#3d93d6", "s3": "#57616d"},
    **{"s4": "#857d6f", "s5": "#7a4fa3", "s6": "#2c7550", "s7": "#a5831a"},
}
NAMES, DOTS, NUMBERS, PANEL = 230, 360, 60, 330  # pixels of the parts of an image
DotRow = tuple[str, str, str]  # name, number, strip


def standalone_dots(panels: Sequence[tuple[str, str, Sequence[DotRow]]]) -> str:
    """An image of strips, one panel under the other: (title, axis, rows)."""
    parts, y = [], 0
    for title, ticks, rows in panels:
        parts.append(f'<text class="title" x="0" y="{y + 14}">{escape(title)}</text>')
        parts.append(f'<svg x="{NAMES}" y="{y + 4}" width="{DOTS}" height="16">{ticks}</svg>')
        y += 22
        for name, number, drawn in rows:
            parts.append(f'<text class="name" x="0" y="{y + 17}">{escape(name)}</text>')
            parts.append(f'<svg x="{NAMES}" y="{y}" width="{DOTS}" height="{STRIP_HEIGHT}">{drawn}</svg>')
            parts.append(
                f'<text x="{NAMES + DOTS + NUMBERS}" y="{y + 17}" text-anchor="end">{escape(number)}</text>'
            )
            y += STRIP_HEIGHT
        y += 12
    return _image("".join(parts), NAMES + DOTS + NUMBERS, y)


def standalone_lines(panels: Sequence[tuple[str, str, Sequence[tuple[str, str]]]]) -> str:
    """An image of line charts, side by side: (title, chart, name and class of every line)."""
    parts = []
    names = list(dict.fromkeys(pair for _, _, legend in panels for pair in legend))
    for place, (name, kind) in enumerate(names):
        x, y = 4 + place % 4 * 200, 12 + place // 4 * 16
        parts.append(f'<circle class="dot {kind}" cx="{x}" cy="{y - 4}" r="4"/>')
        parts.append(f'<text class="name" x="{x + 9}" y="{y}">{escape(name)}</text>')
    top = 12 + -(-len(names) // 4) * 16
    for place, (title, drawn, _) in enumerate(panels):
        x = place * (PANEL + 20)
        parts.append(f'<text class="title" x="{x}" y="{top + 8}">{escape(title)}</text>')
        parts.append(f'<svg x="{x}" y="{top + 12}" width="{PANEL}" height="{PLOT_HEIGHT}">{drawn}</svg>')
    return _image("".join(parts), max(len(panels) * (PANEL + 20), 820), top + PLOT_HEIGHT + 14)


def _image(drawn: str, width: int, height: int) -> str:
    colors = "".join(
        f".dot.{kind}{{fill:{color}}}.interval.{kind},.path.{kind}{{stroke:{color}}}"
        for kind, color in COLORS.items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 24}" height="{height + 20}">'
        f'<style>{LIGHT}{colors}</style><rect width="100%" height="100%" fill="#ffffff"/>'
        f'<svg x="12" y="10" width="{width}" height="{height}" overflow="visible">{drawn}</svg></svg>'
    )
