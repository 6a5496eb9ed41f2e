"""A run that computes only what changed: what it leaves alone, and what it must not."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from models.recipes import load_recipe
from pat_dagster import sql_assets, tables
from pat_dagster.ledger import UNCHANGED
from pat_dagster.recorded import invalidate
from pat_dagster.reuse import ONLY_CHANGED
from tests.factory.conftest import Little, some_rows

CHECK = {"table_name": "staging.reviews", "check_name": "review_id_is_unique"}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after one run, to be copied."""
    little = Little(tmp_path_factory.mktemp("home"), dg.DagsterInstance.ephemeral(), some_rows())
    assert all(run(little).values())
    return little.home


@pytest.fixture
def little(before: Path, tmp_path: Path) -> Little:
    """The same home, for one test."""
    home = shutil.copytree(before, tmp_path / "home")
    return Little(home, dg.DagsterInstance.ephemeral(), some_rows())


def run(little: Little, *names: str, iteration: str = "0000") -> dict[str, bool]:
    """Table -> whether it was computed, of those that the run came to."""
    little.instance.add_dynamic_partitions("iteration", [iteration])
    result = (
        little.definitions()
        .resolve_job_def("all")
        .execute_in_process(
            instance=little.instance,
            partition_key=iteration,
            raise_on_error=False,
            asset_selection=[dg.AssetKey(name.split(".")) for name in names] or None,
            tags=dict(ONLY_CHANGED),
        )
    )
    return {
        ".".join(event.asset_key.path): UNCHANGED
        not in event.step_materialization_data.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None and event.asset_key.path != ["published"]
    }


def computed(little: Little, *names: str, iteration: str = "0000") -> set[str]:
    return {name for name, was in run(little, *names, iteration=iteration).items() if was}


def rows(little: Little, table: str, **where: object) -> int:
    with little.warehouse.connect(read_only=True) as con:
        return len(tables.read(con, table, where))


def statement(little: Little, sql: str) -> None:
    with little.warehouse.connect() as con:
        con.execute(sql)


def test_nothing_new_computes_nothing_and_leaves_no_row(little: Little) -> None:
    before = rows(little, "ops.materializations"), rows(little, "ops.check_results")
    again = run(little)
    assert len(again) > 10
    assert not any(again.values())
    assert (rows(little, "ops.materializations"), rows(little, "ops.check_results")) == before


def test_without_the_tag_everything_is_computed(little: Little) -> None:
    before = rows(little, "ops.materializations"), rows(little, "ops.check_results")
    assert little.run().success
    after = rows(little, "ops.materializations"), rows(little, "ops.check_results")
    assert after == (2 * before[0], 2 * before[1])


def test_only_what_a_change_reaches_is_computed(little: Little) -> None:
    """A new text is in staging.reviews; who wrote about what is as before, and so is all behind that."""
    little.rows["raw.reviews"][0]["text"] = "another text"
    statement(little, "update ops.materializations set inputs_sha256 = null where table_name = 'raw.reviews'")
    done = computed(little)
    assert {"raw.reviews", "staging.reviews", "staging.users", "feature.examples"} <= done
    assert {
        "raw.source_files",
        "feature.user_audit",
        "rollout.drafts",
        "rollout.draft_scores",
    } & done == set()


def test_rows_changed_by_hand_are_computed_again(little: Little) -> None:
    statement(little, "update staging.users set n_reviews = 7")
    assert computed(little) == {"staging.users"}
    assert computed(little) == set()


def test_a_lost_table_is_computed_again(little: Little) -> None:
    statement(little, "drop table staging.users")
    assert computed(little) == {"staging.users"}


def test_a_table_cut_off_while_it_was_written_is_computed_again(
    little: Little, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are committed, the row of the ledger is not: as after a kill between the two."""
    little.rows["raw.reviews"][0]["text"] = "another text"
    statement(little, "update ops.materializations set inputs_sha256 = null where table_name = 'raw.reviews'")
    plain = sql_assets.refresh

    def killed(con: Any, file: Any, iteration: str | None = None) -> None:
        plain(con, file, iteration)
        if file.name == "staging.reviews":
            raise RuntimeError("killed")

    monkeypatch.setattr(sql_assets, "refresh", killed)
    run(little)
    little.rows["raw.reviews"][0]["text"] = "text 1"  # the ledger's last row fits again, the table does not
    statement(little, "update ops.materializations set inputs_sha256 = null where table_name = 'raw.reviews'")
    monkeypatch.undo()
    assert "staging.reviews" in computed(little)
    with little.warehouse.connect(read_only=True) as con:
        assert "text 1" in tables.read(con, "staging.reviews")["text"].to_list()


def test_nobody_relies_on_a_table_that_is_not_finished(little: Little) -> None:
    with little.warehouse.connect() as con:
        invalidate(con, "staging.reviews")
    assert computed(little, "staging.users", "staging.topics") == {"staging.users", "staging.topics"}
    assert computed(little, "staging.users") == {"staging.users"}  # still not
    run(little)
    assert computed(little, "staging.users") == set()


def test_an_iteration_is_computed_again_when_an_earlier_one_changed(little: Little) -> None:
    run(little, iteration="0001")
    assert computed(little, iteration="0001") == set()
    statement(little, "update rollout.drafts set text = 'other' where iteration = '0000'")
    assert "rollout.drafts" in computed(little, "rollout.drafts", iteration="0000")
    assert computed(little, iteration="0001") == set()  # the same rows came back
    little.rows["rollout.drafts"][0]["text"] = "other"
    statement(little, "update ops.materializations set inputs_sha256 = null where iteration = '0000'")
    run(little, iteration="0000")
    assert {"rollout.draft_scores"} <= computed(little, "rollout.draft_scores", iteration="0001")


def test_of_the_recipe_only_the_parts_read_count(little: Little) -> None:
    recipe = load_recipe("mini")
    pairs = recipe.pairs.model_copy(update={"margin": 0.0001})
    recipe.model_copy(update={"pairs": pairs}).save(little.home / "recipe.yaml")
    done = computed(little)
    assert "preference.pairs" in done
    assert not {name for name in done if name.startswith(("raw.", "staging.", "feature.", "rollout."))}


def test_the_recipe_of_a_table_is_kept(little: Little) -> None:
    recipe = load_recipe("mini").model_copy(update={"seed": 1})
    recipe.save(little.home / "recipe.yaml")
    assert little.run().success
    with little.warehouse.connect(read_only=True) as con:
        kept = dict(tables.read(con, "ops.recipes").select("recipe_sha256", "content").iter_rows())
        rows = tables.read(con, "ops.materializations", {"table_name": "preference.pairs"}).sort("started_at")
    assert len(kept) == 2
    assert [kept[name] for name in rows["recipe_sha256"]] == [load_recipe("mini").text(), recipe.text()]
    assert rows["recipe_parts"].to_list() == ["$pair_margin"] * 2


def test_a_check_that_failed_is_run_again(little: Little) -> None:
    assert rows(little, "ops.check_results", **CHECK) == 1
    statement(little, "update ops.check_results set passed = false where check_name = 'review_id_is_unique'")
    run(little)
    assert rows(little, "ops.check_results", **CHECK) == 2
    run(little)
    assert rows(little, "ops.check_results", **CHECK) == 2
