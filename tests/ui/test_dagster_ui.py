"""The Dagster UI on a finished home, in a browser: what an engineer finds there, and that a click works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests import homes
from tests.dagster_dev import dagster_dev, wait
from tests.ui.browser import CHROMIUM, DRIVER, MISSING, button, chromium, shows

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason=MISSING),
]
GROUPS = ["10_raw", "20_staging", "25_vectors", "30_feature", "40_context", "50_rollout", "60_preference"]


@pytest.fixture(scope="module")
def home(finished_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return homes.copy(finished_home, tmp_path_factory.mktemp("ui") / "home")


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with dagster_dev(home, home.parent / "dagster-dev.log") as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def look(browser: Any, url: str, home: Path, name: str, *words: str) -> str:
    """Open a page, wait for the words on it, keep a picture beside the home."""
    browser.get(url)
    text = shows(browser, *words)
    browser.save_screenshot(str(home.parent / f"{name}.png"))
    return text


def test_the_graph_shows_the_groups_in_the_order_of_the_flow(browser: Any, address: str, home: Path) -> None:
    text = look(browser, f"{address}/asset-groups", home, "graph", *GROUPS, "Global asset lineage")
    places = [text.index(group) for group in GROUPS]
    assert places == sorted(places)


def test_an_asset_says_what_it_is_and_where_it_is_defined(browser: Any, address: str, home: Path) -> None:
    text = look(browser, f"{address}/assets/mart/leaderboard", home, "asset", "Row count", "Source code")
    assert "one row per iteration, dataset, task" in text
    assert "sql/80_mart/leaderboard.sql" in text
    assert "80_mart" in text
    assert "DuckDB" in text


def test_partitions_are_iterations(browser: Any, address: str, home: Path) -> None:
    url = f"{address}/assets/policy/training_log?view=partitions&partition=0000"
    text = look(browser, url, home, "partitions", "0000", "Materialized (1)", "curves")
    assert "Failed (0)" in text


def test_previews_and_plots_hang_on_materializations(browser: Any, address: str, home: Path) -> None:
    look(browser, f"{address}/assets/mart/datasets?view=events", home, "events", "preview", "coverage")


def test_a_broken_rule_explains_itself(browser: Any, address: str, home: Path) -> None:
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        con.execute(
            "insert into staging.users select 'small:twin', dataset, split, 1 from staging.users limit 1"
        )
        con.execute("insert into staging.users from staging.users where user_id = 'small:twin'")
    url = f"{address}/assets/staging/users?view=checks&checkDetail=user_id_is_unique"
    look(browser, url, home, "check", "user_id_is_unique", "About")
    button(browser, "Execute").click()
    text = shows(browser, "Failed", "bad_rows", "rows break the rule")
    browser.save_screenshot(str(home.parent / "broken-rule.png"))
    assert "sql/checks/staging.users/user_id_is_unique.sql" in text


def test_a_click_materializes_a_table(browser: Any, address: str, home: Path) -> None:
    look(browser, f"{address}/assets/staging/users", home, "before", "Row count")
    button(browser, "Materialize").click()

    def is_mended() -> bool:
        try:
            with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
                query = "select count(*) from staging.users where user_id = 'small:twin'"
                return bool(con.execute(query).fetchall() == [(0,)])
        except duckdb.IOException:  # the run has it
            return False

    wait(is_mended, "the materialization to finish")
    runs = look(browser, f"{address}/runs", home, "runs", "Success")
    assert runs.count("Failure") == 1  # the broken rule's: it is a blocking one
