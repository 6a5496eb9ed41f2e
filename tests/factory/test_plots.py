"""Training curves: one image, readable by an XML parser, that says what it shows."""

import base64
import math
from xml.etree import ElementTree

import polars as pl

from pat_dagster.plots import PANELS, svg, training_curves

SVG = "{http://www.w3.org/2000/svg}"


def log(value: float = 0.5) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"agent": agent, "step": step, "metric": metric, "value": value / step}
            for agent in ("style", "topic")
            for metric in ("loss", "kl")
            for step in (1, 2, 3)
        ]
    )


def image(markdown: str) -> ElementTree.Element:
    before, _, encoded = markdown.partition("](data:image/svg+xml;base64,")
    assert before == "![training curves of style and topic"
    return ElementTree.fromstring(base64.b64decode(encoded.removesuffix(")")))


def test_every_metric_has_a_panel_and_every_agent_a_line() -> None:
    drawn = image(training_curves(log()))
    words = " ".join(text.text or "" for text in drawn.iter(f"{SVG}text"))
    assert all(title in words for title in PANELS.values())
    assert "style" in words and "topic" in words
    lines = [line.get("points", "") for line in drawn.iter(f"{SVG}polyline")]
    assert [len(points.split()) for points in lines if points] == [3, 3, 3, 3]
    assert words.count("no values") == len(PANELS) - 2


def test_one_point_a_flat_line_and_a_broken_value_are_drawn() -> None:
    points = [(1, 2.0), (2, math.nan), (3, 2.0)]
    drawn = ElementTree.fromstring(svg({"a < b": {"x & y": points}}))
    (line,) = drawn.iter(f"{SVG}polyline")
    assert len(line.get("points", "").split()) == 2


def test_nothing_trained_is_said() -> None:
    assert "Nothing was trained" in training_curves(log().clear())


def test_equal_logs_give_equal_images() -> None:
    assert training_curves(log()) == training_curves(log().reverse())
