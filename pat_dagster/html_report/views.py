"""From the rows of an answer to what a part of the page draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from pat_dagster import charts
from pat_dagster.charts import Band, Mark, Scale
from pat_dagster.html_report.cells import finite, label
from pat_dagster.html_report.queries import Answer, Row

FAMILIES: Final = {  # in reading order
    "floor": "Floors: no language model",
    "ceiling": "Ceilings: know the answer, or the author",
    "baseline": "Baselines: the same generator, other prompts",
    "pat": "PAT",
    "ablation": "Ablations: PAT without one of its parts",
    "falsification": "Falsifications: PAT fed with the wrong evidence",
}
LINES: Final = {"pat": 0, "style": 0, "pat_random_donors": 1, "topic": 1, "pat_untrained": 2, "none": 3}
OTHER_LINES: Final = (4, 5, 6, 7)  # colors of lines that have none of their own


@dataclass(frozen=True)
class Strips:
    """Rows with their drawings, under one axis."""

    axis: Markup
    rows: tuple[tuple[Row, Markup], ...]
    floor: Row | None = None  # the strongest one
    ceiling: Row | None = None

    @property
    def by_family(self) -> list[tuple[str, list[tuple[Row, Markup]]]]:
        """(heading, rows) in reading order."""
        named = {family: [pair for pair in self.rows if pair[0]["family"] == family] for family in FAMILIES}
        return [(FAMILIES[family], pairs) for family, pairs in named.items() if pairs]


@dataclass(frozen=True)
class Lines:
    """A line chart with its legend: name of a line -> its class."""

    svg: Markup
    legend: tuple[tuple[str, str], ...]


def of(answer: Answer, **where: object) -> list[Row]:
    """Rows with these values, in the order of the answer."""
    return [row for row in answer.rows if all(row[name] == value for name, value in where.items())]


def groups(rows: Iterable[Row], column: str) -> list[tuple[Any, list[Row]]]:
    """Rows by the values of a column, in the order in which these come first."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(row[column], []).append(row)
    return list(found.items())


def board(rows: Sequence[Row]) -> Strips:
    """Arms of one dataset and task between the band of the floors and that of the ceiling."""
    known = [row for row in rows if finite(row["mean"]) is not None]
    sign = -1 if known and known[0]["better"] == "lower" else 1
    floors = [row for row in known if row["family"] == "floor"]
    ceilings = [row for row in known if row["family"] == "ceiling"]
    most = max((row["n"] for row in ceilings), default=0)  # the own text of a user exists for a few only
    ceilings = [row for row in ceilings if row["n"] == most]
    floor = max(floors, key=lambda row: sign * row["mean"], default=None)
    ceiling = max(ceilings, key=lambda row: sign * row["mean"], default=None)
    bands = [Band(min(means), max(means), "floor") for means in [[row["mean"] for row in floors]] if means]
    bands += _interval_band(ceiling, "ceiling")
    return strips(rows, bands, [] if floor is None else [floor["mean"]], floor, ceiling)


def likeness(rows: Sequence[Row], metric: str) -> Strips:
    """Specificity around zero, or style likeness between another author's and the own author's."""
    if metric == "specificity":
        return strips(rows, [], [0.0])
    by_arm = {row["arm"]: row for row in rows}
    floor, ceiling = by_arm.get("random_topic_review"), by_arm.get("own_review")
    bands = _interval_band(floor, "floor") + _interval_band(ceiling, "ceiling")
    return strips(rows, bands, [], floor, ceiling)


@dataclass(frozen=True)
class Beside:
    """Strips of several metrics side by side: one column a metric, one line an arm."""

    columns: tuple[tuple[str, Strips], ...]
    families: tuple[tuple[str, list[list[tuple[Row, Markup]]]], ...]


def beside(kinds: Sequence[tuple[str, Sequence[Row]]]) -> Beside:
    """Specificity and style likeness of every arm that has either."""
    columns = tuple((metric, likeness(rows, metric)) for metric, rows in kinds)
    lines: dict[str, dict[str, list[tuple[Row, Markup]]]] = {family: {} for family in FAMILIES}
    for _, drawn in columns:
        for row, svg in drawn.rows:
            lines[row["family"]].setdefault(row["arm"], []).append((row, svg))
    families = tuple((FAMILIES[family], list(arms.values())) for family, arms in lines.items() if arms)
    return Beside(columns, families)


def tests(rows: Sequence[Row]) -> Strips:
    """Differences around zero, and what is too small to matter."""
    smallest = max((row["smallest_effect"] for row in rows if finite(row["smallest_effect"])), default=0.0)
    bands = [Band(-smallest, smallest, "effect")] if smallest else []
    return strips(rows, bands, [0.0], value="diff")


def strips(
    rows: Sequence[Row],
    bands: Sequence[Band],
    rules: Sequence[float],
    floor: Row | None = None,
    ceiling: Row | None = None,
    value: str = "mean",
) -> Strips:
    """One strip a row, on a scale that reaches all of them, the bands and the rules."""
    marks = [mark(row, value) for row in rows]
    reached = [point for one in marks for point in one.points]
    reached += [end for band in bands for end in (band.low, band.high)] + list(rules)
    scale = Scale.over(reached)
    drawn = tuple(
        (row, Markup(charts.strip(scale, bands, rules, one))) for row, one in zip(rows, marks, strict=True)
    )
    return Strips(Markup(charts.axis(scale)), drawn, floor, ceiling)


def mark(row: Row, value: str = "mean", kind: str | None = None) -> Mark:
    """The mark of a row: its mean (or difference) and interval."""
    family = row.values.get("family") or row.values.get("outcome") or ""
    return Mark(
        finite(row[value]),
        finite(row.values.get("ci_low")),
        finite(row.values.get("ci_high")),
        kind or str(family),
        row.at(value),
        label(row) if value == "mean" else "",
    )


def line_chart(
    rows: Sequence[Row], across: str, line: str, value: str = "mean", rules: Sequence[float] = ()
) -> Lines:
    """One line for each value of `line` over the values of `across`; `rules` are drawn dashed."""
    categories = [str(name) for name, _ in groups(rows, across)]
    classes = _classes([str(name) for name, _ in groups(rows, line)])
    series = {
        name: {
            str(row[across]): Mark(
                finite(row[value]),
                finite(row.values.get("ci_low")) if value == "mean" else None,
                finite(row.values.get("ci_high")) if value == "mean" else None,
                classes[name],
                row.at(value),
                f"{name} {finite(row[value])}",
            )
            for row in rows
            if str(row[line]) == name
        }
        for name in classes
    }
    return Lines(Markup(charts.lines(categories, series, rules)), tuple(classes.items()))


def _classes(names: Sequence[str]) -> dict[str, str]:
    """An arm has one color in all charts; the others share what is left."""
    others = [name for name in names if name not in LINES]
    return {
        name: f"s{LINES[name]}" if name in LINES else f"s{OTHER_LINES[others.index(name) % len(OTHER_LINES)]}"
        for name in names
    }


def _interval_band(row: Row | None, kind: str) -> list[Band]:
    if row is None or finite(row["mean"]) is None:
        return []
    low, high = finite(row["ci_low"]), finite(row["ci_high"])
    return [Band(row["mean"] if low is None else low, row["mean"] if high is None else high, kind)]


def cells(rows: Sequence[Row], down: str, across: str) -> tuple[list[Any], list[tuple[Any, dict[Any, Row]]]]:
    """A matrix: (names of the columns, [(name of a row, column -> row of the answer)])."""
    columns = sorted({row[across] for row in rows})
    matrix: Mapping[Any, dict[Any, Row]] = {
        name: {row[across]: row for row in found} for name, found in groups(rows, down)
    }
    return columns, list(matrix.items())
