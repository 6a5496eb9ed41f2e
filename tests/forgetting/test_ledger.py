"""After rows were removed the ledger says what is left, and that it must be written again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pat_dagster import tables
from pat_dagster.forgetting.ledger import RUN, note_tables
from pat_dagster.policies import policies_in_use
from pat_dagster.recorded import LEDGER, newest
from pat_dagster.rows import frame
from pat_dagster.settings import SQL_ROOT

ROW = {
    "run_id": "r",
    "code_version": "c",
    "upstream_versions": "{}",
    "started_at": datetime(2026, 1, 1),
    "seconds": 1.0,
    "recipe_sha256": "x",
    "recipe_parts": "",
    "config": "{}",
    "inputs_sha256": "i",
}


def trials(*examples: str) -> pl.DataFrame:
    rows = [
        {"agent": "style", "example_id": one, "quality_in_use": 0.0, "quality_candidate": 1.0}
        for one in examples
    ]
    return frame("policy.trials", rows)


def test_partitions_that_lost_rows_are_written_again() -> None:
    with duckdb.connect() as con:
        con.execute((SQL_ROOT / "macros.sql").read_text(encoding="utf-8"))
        ledger = []
        for iteration in ("0000", "0001"):
            tables.write(con, "policy.trials", trials("a", "b"), {"iteration": iteration})
            sha256, rows = tables.fingerprint(con, "policy.trials", iteration)
            ledger.append(
                {
                    "table_name": "policy.trials",
                    "iteration": iteration,
                    "rows": rows,
                    "content_sha256": sha256,
                }
                | ROW
            )
        tables.ensure_table(con, LEDGER)
        tables.append(con, LEDGER, pl.DataFrame(ledger))
        con.execute("delete from policy.trials where iteration = '0001' and example_id = 'a'")
        note_tables(con, ["policy.trials", "policy.adapters"])
        kept, lost = newest(con, "policy.trials", "0000"), newest(con, "policy.trials", "0001")
        assert kept is not None and kept.inputs_sha256 == "i" and kept.run_id == "r"
        assert lost is not None and lost.inputs_sha256 is None and lost.run_id == RUN
        assert (lost.content_sha256, lost.rows) == tables.fingerprint(con, "policy.trials", "0001")
        before = tables.read(con, LEDGER).height
        note_tables(con, ["policy.trials"])
        assert tables.read(con, LEDGER).height == before, "once is enough"


def test_policies_that_wait_for_retraining_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapters = [
        {"policy_id": f"style-{key}", "agent": "style", "base_model": "m", "n_pairs": 9, "metrics": "{}"}
        | {
            "parent_policy_id": None,
            "path": None,
            "sha256": None,
            "data_version": None,
            "status": "retrain",
            "reason": "told",
        }
        for key in ("0000", "0001")
    ]
    promoted = {
        "n": 1,
        "mean_gain": 1.0,
        "ci_low": 1.0,
        "ci_high": 1.0,
        "confidence": 0.9,
        "promoted": True,
        "reason": "better",
    }
    with duckdb.connect() as con:
        for row in adapters:
            key = {"iteration": row["policy_id"].rpartition("-")[2]}
            tables.write(con, "policy.adapters", frame("policy.adapters", [row]), key)
            promotion = {"agent": "style", "policy_id": row["policy_id"], **promoted}
            tables.write(con, "policy.promotions", frame("policy.promotions", [promotion]), key)
        assert {policy.policy_id for policy in policies_in_use(con, "0002", after=False).values()} == {"base"}
