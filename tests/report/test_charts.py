"""Charts: nothing leaves its frame, ticks are told apart, and every image is an SVG that a parser reads."""

from __future__ import annotations

import base64
import math
import re
from xml.etree import ElementTree

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.recipes import load_recipe
from pat_dagster.charts import EDGE, Band, Mark, Scale, axis, lines, strip, tick_label
from pat_dagster.html_report.figures import DRAWN, figures
from pat_dagster.html_report.queries import load_queries
from pat_dagster.ledger import Entry
from pat_dagster.resources.warehouse import prepare
from pat_dagster.settings import Settings
from pat_dagster.sql_files import table_file

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)


@given(st.lists(NUMBERS | st.sampled_from([math.nan, math.inf]), max_size=30), NUMBERS)
def test_a_scale_keeps_everything_inside_and_in_order(values: list[float], other: float) -> None:
    scale = Scale.over(values)
    known = sorted(value for value in values if math.isfinite(value))
    places = [scale.at(value) for value in known]
    assert places == sorted(places)
    assert all(EDGE <= place <= 100 - EDGE for place in [*places, scale.at(other)])
    assert all(scale.low - 1e-6 <= tick <= scale.high + 1e-6 for tick in scale.ticks)
    assert len({tick_label(scale, tick) for tick in scale.ticks}) == len(scale.ticks)
    assert 1 <= len(scale.ticks) <= 12


@given(NUMBERS)
def test_a_tick_says_where_it_is(value: float) -> None:
    scale = Scale.over([value, value + 7.5])
    for tick in scale.ticks:
        said = float(tick_label(scale, tick).replace("\N{MINUS SIGN}", "-"))
        assert abs(said - tick) < 1e-6 * max(1.0, abs(tick))


def drawn(elements: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<svg>{elements}</svg>")


def test_a_strip_has_its_bands_behind_and_its_mark_in_front() -> None:
    scale = Scale.over([0.0, 1.0])
    mark = Mark(0.5, 0.4, 0.6, "pat", "leaderboard:0:mean", 'a "quoted" <arm>')
    found = list(drawn(strip(scale, [Band(0.1, 0.2, "floor")], [0.2], mark)))
    assert [one.tag for one in found] == ["rect", "line", "line", "circle"]
    assert found[-1].get("cx") == "50.00%"
    assert found[-1].find("title").text == 'a "quoted" <arm>'  # type: ignore[union-attr]
    assert drawn(axis(scale)).findtext("text") == "0.00"  # steps of a quarter


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_has_no_value_is_not_drawn(value: float | None) -> None:
    scale = Scale.over([0.0, 1.0])
    assert strip(scale, [], [], Mark(value, None, None, "pat")) == ""
    chart = drawn(lines(["0", "1"], {"pat": {"0": Mark(value, None, None, "s0")}}))
    assert chart.find("circle") is None


def test_lines_skip_what_is_missing_and_keep_one_place_per_category() -> None:
    one = {"0": Mark(1.0, 0.5, 1.5, "s0"), "2-3": Mark(2.0, None, None, "s0")}
    other = {"0": Mark(1.0, 1.0, 1.0, "s1")}
    chart = drawn(lines(["0", "1", "2-3"], {"pat": one, "none": other}, rules=[0.0]))
    assert len(chart.findall("circle")) == 3
    assert len([line for line in chart.findall("line") if str(line.get("class")).startswith("path")]) == 1
    assert [text.text for text in chart.findall("text") if text.get("class") == "category"] == [
        "0",
        "1",
        "2-3",
    ]


def test_every_chart_with_an_asset_is_drawn_in_the_interface(filled: Settings) -> None:
    queries = load_queries()
    assert {name for name, query in queries.items() if query.asset} == set(DRAWN)
    with duckdb.connect(str(filled.analytics_path), read_only=True) as con:
        made = {
            name: text
            for table in {q.asset for q in queries.values()} - {None}
            for name, text in figures(con, str(table)).items()
        }
    assert set(made) == set(DRAWN)
    for name, text in made.items():
        images = re.findall(r"data:image/svg\+xml;base64,([^)]*)\)", text)
        assert len(images) >= 2, name
        for image in images:
            root = ElementTree.fromstring(base64.b64decode(image))
            assert list(root.iter("{http://www.w3.org/2000/svg}circle")), name


def test_a_chart_that_cannot_be_drawn_says_why(con: duckdb.DuckDBPyConnection) -> None:
    assert figures(con, "staging.reviews") == {}
    assert "no rows yet" in figures(con, "mart.leaderboard")["leaderboard"]
    con.execute("drop table mart.arms")
    assert "mart.arms not in this warehouse" in figures(con, "mart.leaderboard")["leaderboard"]
    con.execute("create table mart.arms (arm varchar)")
    assert "another layout" in figures(con, "mart.leaderboard")["leaderboard"]


def test_a_materialization_carries_its_charts(filled: Settings) -> None:
    with duckdb.connect(str(filled.analytics_path)) as con:
        prepare(con, load_recipe("mini"))
        file = table_file("mart.leaderboard")
        result = Entry.begin(file, "code", [], "run", "0001").finish(con)
    metadata = result.metadata or {}
    for name in ("leaderboard", "personal", "history", "iterations"):
        assert "data:image/svg+xml;base64," in str(metadata[name])
