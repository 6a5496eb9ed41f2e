"""Training curves for the UI: an SVG inside Markdown, which needs no plotting library and no file."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

import polars as pl

PANELS: Final = {  # metric of policy.training_log -> what the reader sees
    "loss": "loss",
    "rewards/margins": "reward margin, chosen - rejected",
    "rewards/accuracies": "share of pairs ranked rightly",
    "kl": "KL to the reference, nats a reply",
    "lengths/chosen": "tokens of chosen replies",
    "grad_norm": "gradient norm",
}
COLORS: Final = ("#2f6fdf", "#d9622b", "#2a9d6f", "#8a4fd0")  # agents by name, told apart in grey too
WIDTH, HEIGHT, COLUMNS, MARGIN = 260, 150, 3, 44  # pixels of one panel; three fit beside each other in the UI

Points = Sequence[tuple[float, float]]


def training_curves(log: pl.DataFrame) -> str:
    """Markdown with one panel per metric and one line per agent, from rows (agent, step, metric, value)."""
    if log.is_empty():
        return "Nothing was trained in this iteration."
    agents = log["agent"].unique().sort().to_list()
    panels = {
        title: {
            agent: log.filter(agent=agent, metric=metric).sort("step").select("step", "value").rows()
            for agent in agents
        }
        for metric, title in PANELS.items()
    }
    return markdown_image(svg(panels), f"training curves of {' and '.join(agents)}")


def markdown_image(image: str, text: str) -> str:
    """An SVG as a Markdown image; `text` is read where images are not shown."""
    return f"![{text}](data:image/svg+xml;base64,{base64.b64encode(image.encode()).decode()})"


def svg(panels: Mapping[str, Mapping[str, Points]]) -> str:
    """Line charts: title -> name of a line -> points (x, y). Values that are not finite are left out."""
    names = list(dict.fromkeys(name for lines in panels.values() for name in lines))
    rows = -(-len(panels) // COLUMNS)
    legend = "".join(
        f'<text x="{10 + 90 * place}" y="16" fill="{_color(place)}">&#9632; {escape(name)}</text>'
        for place, name in enumerate(names)
    )
    drawn = "".join(
        f'<g transform="translate({place % COLUMNS * WIDTH},{24 + place // COLUMNS * HEIGHT})">'
        f"{_panel(title, lines, names)}</g>"
        for place, (title, lines) in enumerate(panels.items())
    )
    width, height = COLUMNS * WIDTH, rows * HEIGHT + 30
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>{legend}{drawn}</svg>'
    )


def _panel(title: str, lines: Mapping[str, Points], names: Sequence[str]) -> str:
    heading = f'<text x="{MARGIN}" y="14" fill="#333333">{escape(title)}</text>'
    every = [point for points in lines.values() for point in points if math.isfinite(point[1])]
    if not every:
        return f'{heading}<text x="{MARGIN}" y="60" fill="#777777">no values</text>'
    left, right = min(x for x, _ in every), max(x for x, _ in every)
    low, high = min(y for _, y in every), max(y for _, y in every)
    inner_width, inner_height = WIDTH - MARGIN - 12, HEIGHT - 46
    floor = 22 + inner_height

    def at(x: float, y: float) -> str:
        across = (x - left) / (right - left) if right > left else 0.5
        up = (y - low) / (high - low) if high > low else 0.5
        return f"{MARGIN + across * inner_width:.1f},{22 + (1 - up) * inner_height:.1f}"

    frame = (
        f'<rect x="{MARGIN}" y="22" width="{inner_width}" height="{inner_height}" fill="none" '
        f'stroke="#cccccc"/>'
        f'<text x="{MARGIN - 4}" y="30" text-anchor="end" fill="#777777">{_label(high)}</text>'
        f'<text x="{MARGIN - 4}" y="{floor}" text-anchor="end" fill="#777777">{_label(low)}</text>'
        f'<text x="{MARGIN}" y="{36 + inner_height}" fill="#777777">{left:g}</text>'
        f'<text x="{MARGIN + inner_width}" y="{36 + inner_height}" text-anchor="end" fill="#777777">'
        f"step {right:g}</text>"
    )
    paths = "".join(
        f'<polyline points="{" ".join(at(x, y) for x, y in points if math.isfinite(y))}" fill="none" '
        f'stroke="{_color(names.index(name))}" stroke-width="1.5"/>'
        for name, points in lines.items()
    )
    return heading + frame + paths


def _label(value: float) -> str:
    """A number that fits beside the frame: three decimals at most, no exponents."""
    return f"{round(value, 3):g}" if abs(value) < 10_000 else f"{value:.2g}"


def _color(place: int) -> str:
    return COLORS[place % len(COLORS)]
