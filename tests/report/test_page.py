"""The report: every number is what the query beside it returns; reviews stay text; nothing is fetched."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pat_dagster.html_report import write_report
from pat_dagster.html_report.queries import load_queries
from pat_dagster.lineage import plan
from pat_dagster.settings import Settings
from tests.report.conftest import HOSTILE, Page, fill

NUMBER = re.compile(r"(?<![\w.-])[+\N{MINUS SIGN}-]?\d[\d,.]*%?(?![\w-])")


def page_of(settings: Settings) -> tuple[str, Page]:
    path = settings.home / "reports" / "report.html"
    assert write_report(settings, path) == path.stat().st_size
    text = path.read_text(encoding="utf-8")
    return text, Page(text)


def answers(settings: Settings, page: Page) -> dict[str, list[dict[str, Any]]]:
    """What the queries return as they are printed, run by somebody who has the page and the file alone."""
    found = {}
    with duckdb.connect(str(settings.analytics_path), read_only=True) as con:
        for name, printed in page.queries.items():
            if load_queries()[name].tables - set(plan().types):
                continue  # of a table that no asset makes yet
            cursor = con.execute(printed)
            columns = [column[0] for column in cursor.description or []]
            found[name] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return found


def test_every_number_and_text_is_what_its_printed_query_returns(filled: Settings) -> None:
    _, page = page_of(filled)
    found = answers(filled, page)
    assert set(page.queries) == set(load_queries())
    numbers = 0
    for address, value, shown in page.values:
        query, place, column = address.split(":")
        true = found[query][int(place)][column]
        if value is None:
            assert shown == str(true) or (shown.endswith("…") and str(true).startswith(shown[:-1])), address
        else:
            assert value == str(true), address
            assert shown_as(shown, float(true)), (address, shown, true)
            numbers += 1
    assert numbers > 1000
    for address, value in page.marks:
        query, place, column = address.split(":")
        assert float(value) == found[query][int(place)][column]
    assert {address.split(":")[0] for address, _, _ in page.values} == {
        name for name, rows in found.items() if rows
    }


def shown_as(text: str, value: float) -> bool:
    """Whether the text is the value, rounded to the digits it shows."""
    if text == "<.001":
        return 0 <= value < 0.001
    plain = text.replace(",", "").replace("\N{MINUS SIGN}", "-").lstrip("+")
    scale = 100 if plain.endswith("%") else 1
    digits = len(plain.rstrip("%").partition(".")[2])
    return abs(float(plain.rstrip("%")) - scale * value) <= 0.5000001 * 10**-digits


def test_no_number_stands_there_without_its_query(filled: Settings) -> None:
    _, page = page_of(filled)
    shown = [words for words in page.plain if NUMBER.search(words)]
    allowed = {"0000", "0001"}  # iterations in the commands are names
    assert [words for words in shown if not set(NUMBER.findall(words)) <= allowed] == []


def test_hostile_reviews_stay_text(filled: Settings) -> None:
    text, page = page_of(filled)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "iframe", "object", "embed", "link", "base", "form", "a:href"}
    for tag, found in page.tags:
        assert not [name for name in found if name.startswith("on")], tag
        assert str(found.get("href") or "#").startswith("#")
        assert "src" not in found
    assert sum(shown == HOSTILE for _, _, shown in page.values) > 50
    assert "49" not in {shown for _, _, shown in page.values}
    assert re.search(r"""content="default-src 'none'; style-src 'unsafe-inline'""", text)


def test_nothing_is_fetched_and_nothing_tells_of_the_machine(filled: Settings) -> None:
    text, _ = page_of(filled)
    assert not re.search(r"url\(|@import|https?://", text)
    assert "/somewhere/private" not in text
    assert str(filled.home) not in text
    assert "--data shop.csv --format table --dataset shop --split test" in text


def test_equal_warehouses_give_equal_pages(filled: Settings) -> None:
    assert page_of(filled)[0] == page_of(filled)[0]


def test_an_empty_cell_says_why_and_nothing_shows_nan(filled: Settings) -> None:
    with duckdb.connect(str(filled.analytics_path)) as con:
        con.execute("update mart.leaderboard set mean = 'nan', ci_low = null where arm = 'none'")
        con.execute("update mart.rewards_by_iteration set mean_words = 'inf', mean_copied_run = null")
    text, page = page_of(filled)
    shown = {words for _, _, words in page.values} | set(page.plain)
    assert not [
        words for words in shown if re.fullmatch(r"\s*[+\N{MINUS SIGN}-]?(nan|NaN|inf|None)\s*", words)
    ]
    assert not re.search(r'(x|cx|x1|y1|cy)="[^"]*nan', text)
    assert "no example in this bucket" in shown
    assert "no example that all arms answered" in shown
    assert "fewer than 30 examples" in shown  # said of a number that is there


def test_an_empty_warehouse_is_said_section_by_section(
    con: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    con.close()
    _, page = page_of(settings)
    with_their_texts = {"verdict_tests", "evidence"}  # said once for both
    said = len(load_queries()) - len(with_their_texts) - len({"flow"})
    nothing = ("returns no rows", "not in this warehouse", "No judge")
    assert sum(any(one in words for one in nothing) for words in page.plain) == said


def test_a_table_that_was_never_made_is_named(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    con.execute("drop schema mart cascade")
    con.close()
    _, page = page_of(settings)
    said = " ".join(page.plain)
    assert "mart.verdicts not in this warehouse" in said
    assert "mart.leaderboard not in this warehouse" in said


def test_one_example_with_one_arm_is_a_report(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    key = {"example_id": "e", "dataset": "d", "task": "long", "split": "test", "user_id": "u"}
    fill(con, "feature.examples", **key, input="t", target="x", history_size=0, history_bucket="0")
    fill(con, "mart.arms", arm="pat", family="pat", place=1, description="d")
    texts = {"iteration": "0000", "arm": "pat", "example_id": "e"}
    fill(con, "evaluation.predictions", **texts, text="x", prompt_tokens=0, completion_tokens=0)
    cell = {"dataset": "d", "task": "long", "split": "test", "history_bucket": "all", "flagged_users": "in"}
    fill(con, "mart.leaderboard", **cell, arm="pat", iteration="0000", metric="rouge1", n=1, mean=0.5)
    con.close()
    _, page = page_of(settings)
    assert ("leaderboard:0:mean", "0.5", "0.500") in page.values


@pytest.mark.parametrize("width", ["long", "rating"])
def test_every_task_has_its_pane(filled: Settings, width: str) -> None:
    text, _ = page_of(filled)
    assert re.search(rf"<b>hotel</b> · {width}", text)
    assert text.count('name="task"') == 2 and text.count('name="dataset"') == 2


def test_no_warehouse_is_said(tmp_path: Path) -> None:
    from models.errors import WorkError

    with pytest.raises(WorkError, match="pat run"):
        write_report(Settings(tmp_path), tmp_path / "x.html")
