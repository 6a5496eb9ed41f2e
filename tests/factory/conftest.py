"""A warehouse in little: raw and rollout rows made up, every SQL table and check real."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from pat_dagster.assets.published import published
from pat_dagster.lineage import plan
from pat_dagster.resources.warehouse import Warehouse
from pat_dagster.sql_assets import sql_asset
from pat_dagster.sql_checks import asset_check, load_checks
from pat_dagster.sql_files import load_files
from pat_dagster.table_assets import table_asset

FILE = {"dataset": "d", "source_file": "a.json"}
SQL_TABLES = (
    "staging.reviews",
    "staging.users",
    "staging.topics",
    "feature.user_names",
    "feature.user_findings",
    "feature.user_audit",
    "feature.examples",
    "rollout.rewards",
    "preference.pairs",
    "preference.readiness",
    "mart.rewards_by_iteration",
)


@dataclass
class Little:
    """Definitions, instance and warehouse of one test; `rows` can be changed before a run."""

    home: Path
    instance: dg.DagsterInstance
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(home=str(self.home))

    def definitions(self) -> dg.Definitions:
        fake = [self._fake(table) for table in FAKE]
        real = [sql_asset(load_files()[table], plan()) for table in SQL_TABLES]
        known = {*FAKE, *SQL_TABLES}
        checks = [asset_check(check) for check in load_checks() if {check.table.name, *check.reads} <= known]
        everything = dg.AssetSelection.all()
        return dg.Definitions(
            assets=[*fake, *real, published],
            asset_checks=checks,
            resources={"warehouse": self.warehouse},
            jobs=[dg.define_asset_job("all", everything)],
            executor=dg.in_process_executor,
        )

    def run(self, iteration: str = "0000", assets: list[str] | None = None) -> dg.ExecuteInProcessResult:
        self.instance.add_dynamic_partitions("iteration", [iteration])
        return (
            self.definitions()
            .resolve_job_def("all")
            .execute_in_process(
                instance=self.instance,
                partition_key=iteration,
                raise_on_error=False,
                asset_selection=[dg.AssetKey(name.split(".")) for name in assets] if assets else None,
            )
        )

    def _fake(self, table: str) -> dg.AssetsDefinition:
        partitioned = load_files()[table].partition is not None

        @table_asset(table, deps=FAKE[table], partitioned=partitioned)
        def rows(context: dg.AssetExecutionContext, con: object, recipe: object) -> pl.DataFrame:
            found = self.rows[table]
            if partitioned:
                found = [row | {"iteration": context.partition_key} for row in found]
            schema = {name: TYPES[kind] for name, kind in load_files()[table].column_types.items()}
            return pl.DataFrame(found, schema=schema)

        return rows


FAKE: dict[str, list[str]] = {
    "raw.reviews": [],
    "raw.rejected_rows": [],
    "raw.source_files": [],
    "rollout.summaries": ["feature.examples"],
    "rollout.drafts": ["rollout.summaries"],
    "rollout.draft_scores": ["rollout.drafts"],
}
TYPES = {
    "text": pl.String,
    "bigint": pl.Int64,
    "int": pl.Int32,
    "double": pl.Float64,
    "timestamp": pl.Datetime("us"),
    "boolean": pl.Boolean,
}


def some_rows() -> dict[str, list[dict[str, Any]]]:
    review = FILE | {"topic_id": "d:t", "title": "a", "rating": 4.0}
    reviews = [
        review
        | {"review_id": f"d:r{n}", "source_row": n, "user_id": f"d:u{n}", "text": f"text {n}", "split": split}
        for n, split in ((1, "train"), (2, "train"), (3, "test"))
    ]
    example = [{"example_id": f"d:r{n}:long"} for n in (1, 2)]
    reply = {"round": 1, "policy_id": "base", "raw_text": "", "prompt_tokens": 1, "completion_tokens": 1}
    summaries = [
        one | reply | {"agent": agent, "candidate": k, "text": f"{agent} {k}", "finish_reason": "stop"}
        for one in example
        for agent in ("style", "topic")
        for k in (0, 1, 2)
    ]
    shown = [(0, 0), (-1, 0), (1, 0), (2, 0), (0, -1), (0, 1), (0, 2)]
    keys = [one | {"style_candidate": s, "topic_candidate": t} for one in example for s, t in shown]
    return {
        "raw.reviews": reviews,
        "raw.rejected_rows": [FILE | {"source_row": 4, "reason": "no text", "record": "{}"}],
        "raw.source_files": [
            FILE
            | {
                "format": "sample",
                "sha256": "0",
                "ingest_order": 1,
                "read_as": "{}",
                "rows_read": 5,
                "rows_accepted": 3,
            }
            | {"rows_rejected": 1, "rows_duplicate": 1}
        ],
        "rollout.summaries": summaries,
        "rollout.drafts": [
            key | {"text": "a draft", "prompt_tokens": 1, "completion_tokens": 1} for key in keys
        ],
        "rollout.draft_scores": [
            key
            | {
                "quality": 0.1 * (n % 7),
                "unpenalized_quality": 0.1 * (n % 7),
                "n_words": 2,
                "target_words": 2,
            }
            | {"copied_run": 0, "repeated_share": 0.0}
            for n, key in enumerate(keys)
        ],
    }


@pytest.fixture
def little(tmp_path: Path) -> Little:
    """A fresh home, nothing run."""
    return Little(tmp_path, dg.DagsterInstance.ephemeral(), some_rows())


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Little, dg.ExecuteInProcessResult]:
    """A home after one run, for tests that only look."""
    little = Little(tmp_path_factory.mktemp("home"), dg.DagsterInstance.ephemeral(), some_rows())
    return little, little.run()
