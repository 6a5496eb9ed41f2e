"""Running assets: one line per table as it is finished, and the reason when one is not."""

from collections.abc import Iterator

import dagster as dg
import pytest

from models.errors import InputError, WorkError
from pat_dagster import runner
from pat_dagster.partitions import ITERATIONS, iteration_key
from pat_dagster.shown import group_of


@dg.asset(key=["raw", "things"], group_name=group_of("raw"))
def things() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"dagster/row_count": 1234})


@dg.asset(key=["mart", "sums"], group_name=group_of("mart"), deps=[things], partitions_def=ITERATIONS)
def sums(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"dagster/row_count": int(context.partition_key)})


@dg.asset(key=["raw", "bad_input"])
def bad_input() -> None:
    raise InputError("rating is 'five'", file="shop.csv", row=3, remedy="use a number")


@dg.asset(key=["raw", "no_room"])
def no_room() -> None:
    raise WorkError("disk full", remedy="free some space")


@dg.asset(key=["raw", "defect"])
def defect() -> None:
    raise KeyError("oops")


@dg.asset(key=["raw", "guarded"])
def guarded() -> None: ...


@dg.asset_check(asset=guarded, blocking=True)
def rows_are_never_lost() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, metadata={"bad_rows": 7})


@dg.asset(key=["staging", "after"], deps=[guarded])
def after() -> None: ...


def definitions(*assets: dg.AssetsDefinition, checks: bool = False) -> dg.Definitions:
    job = dg.define_asset_job("job", dg.AssetSelection.assets(*(asset.key for asset in assets)))
    return dg.Definitions(assets=assets, asset_checks=[rows_are_never_lost] if checks else [], jobs=[job])


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    quiet = {"telemetry": {"enabled": False}}
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster")), overrides=quiet) as made:
        yield made


def test_each_finished_table_is_a_line_under_its_stage(
    instance: dg.DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    runner.execute(definitions(things, sums), instance, "job", partition=iteration_key(3))
    out, err = capfd.readouterr()
    lines = [line.split() for line in out.splitlines() if line]
    assert [line[:3] for line in lines if "rows" in line] == [
        ["raw.things", "1,234", "rows"],
        ["mart.sums", "3", "rows"],
    ]
    assert ["Read", "the", "sources"] in lines
    assert "DEBUG" not in err
    assert "INFO" not in err


def test_a_partition_is_registered_once(instance: dg.DagsterInstance) -> None:
    for _ in range(2):
        runner.execute(definitions(things, sums), instance, "job", partition="0000")
    assert list(instance.get_dynamic_partitions("iteration")).count("0000") == 1


def test_later_iterations_run_what_depends_on_the_iteration() -> None:
    assert runner._partitioned(definitions(things, sums)) == [sums.key]


def test_bad_input_keeps_its_message_and_its_exit_code(instance: dg.DagsterInstance) -> None:
    with pytest.raises(InputError) as caught:
        runner.execute(definitions(bad_input), instance, "job")
    assert str(caught.value) == "raw.bad_input: shop.csv, row 3: rating is 'five'\n  remedy: use a number"


def test_failed_work_names_the_asset(instance: dg.DagsterInstance) -> None:
    with pytest.raises(WorkError) as caught:
        runner.execute(definitions(no_room), instance, "job")
    assert str(caught.value) == "raw.no_room: disk full\n  remedy: free some space"


def test_a_defect_says_where_to_look(instance: dg.DagsterInstance) -> None:
    with pytest.raises(WorkError, match=r"raw\.defect: KeyError: 'oops'\n  remedy: .*--debug"):
        runner.execute(definitions(defect), instance, "job")


def test_a_failed_blocking_check_stops_the_run_and_is_the_reason(
    instance: dg.DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(WorkError, match="rows are never lost"):
        runner.execute(definitions(guarded, after, checks=True), instance, "job")
    out, _ = capfd.readouterr()
    assert "FAILED  raw.guarded: rows are never lost: 7 bad rows" in out
    assert "staging.after" not in out
