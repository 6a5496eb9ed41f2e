"""Values as the page shows them: escaped, in one format each, with the address of the value beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from markupsafe import Markup

from pat_dagster.html_report.queries import Row

MISSING: Final = "\N{EN DASH}"
ENOUGH: Final = 1200  # characters of one text: what a reader compares, not a novel
DIGITS: Final = {"n_words": 1, "copied_run": 1, "length_ratio": 2, "prompt_tokens": 0, "completion_tokens": 0}


def finite(value: object) -> float | None:
    """The value as a number, None where there is none to show."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return float(value) if math.isfinite(value) else None


def _probability(value: float) -> str:
    return "<.001" if value < 0.001 else f"{value:.3f}"


FORMATS: Final[Mapping[str, Callable[[float], str]]] = {
    "mean": lambda value: f"{value:.3f}",
    "gain": lambda value: f"{value:+.3f}",
    "count": lambda value: f"{value:,.0f}",
    "one": lambda value: f"{value:.1f}",
    "two": lambda value: f"{value:.2f}",
    "seconds": lambda value: f"{value:.3f}" if value < 1 else f"{value:.1f}",
    "share": lambda value: f"{100 * value:.0f}%",
    "p": _probability,
}


def num(row: Row, column: str, form: str = "mean") -> Markup:
    """A number of an answer; a dash where it is null, with the row's note as its explanation."""
    value = finite(row[column])
    if value is None:
        return Markup('<span class="missing" title="{}">{}</span>').format(note(row), MISSING)
    return Markup('<data value="{}" data-at="{}">{}</data>').format(
        row[column], row.at(column), FORMATS[form](value).replace("-", "\N{MINUS SIGN}")
    )


def span(row: Row, form: str = "mean") -> Markup:
    """The interval of a row; nothing where it has none, its mean then says why."""
    if finite(row["ci_low"]) is None or finite(row["ci_high"]) is None:
        return Markup("")
    return Markup("{} to {}").format(num(row, "ci_low", form), num(row, "ci_high", form))


def metric_form(metric: str) -> str:
    """The format of a metric's values."""
    return {0: "count", 1: "one", 2: "two"}.get(DIGITS.get(metric, 3), "mean")


def txt(row: Row, column: str, most: int = ENOUGH) -> Markup:
    """A text of an answer, cut where it is long; untrusted, and escaped like everything here."""
    value = row[column]
    if value is None:
        return Markup('<span class="missing">{}</span>').format(MISSING)
    text = str(value)
    shown = text if len(text) <= most else text[: most - 1] + "…"
    return Markup('<span data-at="{}">{}</span>').format(row.at(column), shown)


def words(row: Row, column: str) -> Markup:
    """A name with its underscores opened, so that a narrow column can break it."""
    return Markup('<span class="name" data-at="{}">{}</span>').format(
        row.at(column), Markup("_<wbr>").join(str(row[column]).split("_"))
    )


def note(row: Row) -> str:
    """Why a number of this row is missing."""
    return str(row.values.get("note") or "no value")


def label(row: Row, **forms: str) -> str:
    """The tooltip of a mark: name and value, with its interval where there is one."""
    value, low, high = (finite(row.values.get(name)) for name in ("mean", "ci_low", "ci_high"))
    text = f"{row['arm']} {value:.3f}" if value is not None else str(row["arm"])
    return f"{text} ({low:.3f} to {high:.3f})" if low is not None and high is not None else text


def is_text(value: Any) -> bool:
    """Whether something is there to read."""
    return isinstance(value, str) and bool(value.strip())
