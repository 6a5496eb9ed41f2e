"""A small published warehouse: two datasets, three tasks, arms of every family, and hostile reviews."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from models.recipes import load_recipe
from models.sources import SourceSpec, registry
from pat_dagster.lineage import plan
from pat_dagster.publish import published_files
from pat_dagster.settings import Settings

HOSTILE = (
    '<script>alert(1)</script>"><img src=x onerror=alert(2)> </code></pre></style> {{ 7 * 7 }} {% raw %} '
    "<a href='javascript:alert(3)'>x</a> &lt;b&gt; \N{RIGHT-TO-LEFT OVERRIDE} ' onload=alert(4) <!-- ]]>"
)
FAMILIES = {
    "random_topic_review": "floor",
    "mbr_sentences": "floor",
    "oracle_review": "ceiling",
    "own_review": "ceiling",
    "none": "baseline",
    "pat_untrained": "pat",
    "pat": "pat",
    "pat_without_style": "ablation",
    "pat_random_donors": "falsification",
}
METRICS = {"long": ("rouge1", "specificity", "style_likeness", "copied_run"), "rating": ("mae",)}
VOID = {"meta", "input", "br", "wbr", "link", "img", "hr"}


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The open file `analytics.duckdb` of a new home, every published table there and empty."""
    with duckdb.connect(str(tmp_path / "analytics.duckdb")) as made:
        create(made)
        yield made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(tmp_path)
    load_recipe("mini").save(made.recipe_path)
    registry.save(made.sources_path, [SourceSpec("/somewhere/private/shop.csv", "shop", "table", "test")])
    return made


@pytest.fixture
def filled(example: Path, settings: Settings) -> Settings:
    """A home whose published warehouse has something in every section; the file is closed."""
    shutil.copy(example, settings.analytics_path)
    return settings


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file behind `filled`, made once."""
    path = tmp_path_factory.mktemp("report") / "analytics.duckdb"
    with duckdb.connect(str(path)) as con:
        con.begin()
        create(con)
        rows = Rows()
        fill_all(rows)
        rows.insert(con)
        con.commit()
    return path


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Every published table, empty."""
    for file in published_files():
        types = plan().types[file.name]
        columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
        con.execute(f"create schema if not exists {file.schema}")
        con.execute(f"create table {file.name} ({columns})")


class Rows:
    """Rows by table, inserted a table at a time: three thousand statements would take half a minute."""

    def __init__(self) -> None:
        self._rows: dict[str, list[dict[str, Any]]] = {}

    def add(self, table: str, **values: Any) -> None:
        self._rows.setdefault(table, []).append(values)

    def insert(self, con: duckdb.DuckDBPyConnection) -> None:
        for table, rows in self._rows.items():
            con.register("rows_of_one_table", pl.DataFrame(rows, infer_schema_length=None))
            con.execute(f"insert into {table} by name from rows_of_one_table")
            con.unregister("rows_of_one_table")


def fill_all(into: Rows) -> None:
    for place, (arm, family) in enumerate(FAMILIES.items(), start=1):
        into.add("mart.arms", arm=arm, family=family, place=place, description=f"what {arm} does")
    for dataset in ("shop", "hotel"):
        fill_dataset(into, dataset)
    fill_rest(into)


def fill(con: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    columns = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" * len(values))
    con.execute(f"insert into {table} ({columns}) values ({marks})", list(values.values()))  # noqa: S608


def fill_dataset(into: Rows, dataset: str) -> None:
    into.add("mart.datasets", dataset=dataset, n_reviews=1234, n_users=77, n_test=24, remarks=HOSTILE)
    into.add("staging.reviews", review_id=f"{dataset}:r", user_id="u", title=HOSTILE, text=HOSTILE, rating=4)
    for task in METRICS:
        for number in range(12):
            example = f"{dataset}:{task}:{number}"
            into.add(
                "feature.examples",
                **{"example_id": example, "dataset": dataset, "task": task, "split": "test"},
                **{"user_id": f"{dataset}:{number}", "input": HOSTILE, "target": HOSTILE},
                **{"history_size": number % 3, "history_bucket": str(min(number, 1)), "is_selected": True},
            )
            for arm in ("pat", "none", "mbr_sentences"):
                where = {"iteration": "0001", "arm": arm, "example_id": example}
                into.add(
                    "evaluation.predictions",
                    **where,
                    **{"text": HOSTILE if number else "", "style_summary": HOSTILE, "prompt_tokens": number},
                    completion_tokens=7,
                )
                metric = "rouge1" if task == "long" else "rating_absolute_error"
                into.add("evaluation.scores", **where, metric=metric, value=number / 13)
                into.add("evaluation.evidence", **where, role="style", rank=1, review_id=f"{dataset}:r")
        for arm in FAMILIES:
            for iteration in ("0000", "0001"):
                fill_board(into, dataset, task, arm, iteration)
        fill_verdicts(into, dataset, task)
        into.add(
            "ops.arm_seconds",
            **{
                "iteration": "0001",
                "arm": "pat",
                "dataset": dataset,
                "task": task,
                "n": 12,
                "seconds": 0.0625,
            },
        )
    for agent in ("style", "topic"):
        for number, iteration in enumerate(("0000", "0001")):
            into.add(
                "mart.rewards_by_iteration",
                **{
                    "iteration": iteration,
                    "dataset": dataset,
                    "agent": agent,
                    "n_examples": 240,
                    "n_pairs": 99,
                },
                **{"mean_baseline_quality": 0.21, "mean_greedy_reward": 0.01 + number / 7},
                **{"mean_sampled_reward": 0.011, "mean_reward_spread": 0.09, "mean_words": 31.4},
                **{"mean_target_words": 35.8, "mean_copied_run": 4.2, "mean_repeated_share": 0.26},
            )


def fill_board(into: Rows, dataset: str, task: str, arm: str, iteration: str) -> None:
    """Every cell of one arm; buckets beyond 1 are empty, and say why."""
    base = 0.1 + len(arm) / 97 + (0.013 if iteration == "0001" else 0)
    for metric in METRICS[task]:
        for flagged in ("in", "out"):
            for bucket in ("all", "0", "1", "2-3", "4-7", "8+"):
                key = {"dataset": dataset, "task": task, "split": "test", "history_bucket": bucket}
                key |= {"flagged_users": flagged, "arm": arm, "iteration": iteration, "metric": metric}
                if bucket in ("all", "0", "1"):
                    numbers = {"n": 12, "mean": base, "ci_low": base - 0.017, "ci_high": base + 0.019}
                    numbers |= {"diff_vs_reference": -0.003, "p_holm": 0.0002, "reference_arm": "none"}
                    numbers |= {"note": "fewer than 30 examples" if arm == "own_review" else None}
                    into.add("mart.leaderboard", **key, **numbers)
                else:
                    into.add("mart.leaderboard", **key, n=0, note="no example in this bucket")


def fill_verdicts(into: Rows, dataset: str, task: str) -> None:
    for claim, verdict in (("style_helps", "supported"), ("is_personal", "undecided")):
        key = {"iteration": "0001", "dataset": dataset, "task": task, "claim": claim}
        into.add(
            "mart.verdicts",
            **key,
            **{"statement": f"{claim} <b>", "verdict": verdict, "reason": HOSTILE, "n_tests": 2},
        )
        tested = {"arm": "pat", "metric": "q", "history_bucket": "0", "smallest_effect": 0.01}
        numbers = {"n": 12, "diff": 0.031, "ci_low": 0.02, "ci_high": 0.042, "p_holm": 0.004}
        into.add(
            "mart.verdict_tests",
            **key,
            **tested,
            **numbers,
            **{"test": 1, "other_arm": "none", "other_iteration": "0001", "outcome": verdict},
        )
        into.add(
            "mart.verdict_tests",
            **key,
            **tested,
            **{"test": 2, "n": 0, "outcome": "undecided", "note": "no example that all arms answered"},
        )


def fill_rest(into: Rows) -> None:
    key = {"run_id": "r", "code_version": "c0de", "upstream_versions": "{}", "started_at": "2026-01-01"}
    for table in ("staging.reviews", "feature.examples", "mart.verdicts"):
        into.add("ops.materializations", table_name=table, rows=4321, content_sha256="ab12" * 16, **key)
    for name, passed in (("rows_are_unique", True), ("never_shows_the_own_target", False)):
        into.add(
            "ops.check_results",
            **{"table_name": "mart.leaderboard", "check_name": name, "severity": "error", "blocking": True},
            **{"passed": passed, "bad_rows": 0 if passed else 17, "checked_at": "2026-01-01"},
        )
    policy = {"policy_id": "style-0001", "agent": "style", "iteration": "0001", "n_pairs": 163}
    into.add("policy.policies", **policy, status="in_use", reason="gain +0.0600 > +0.0000")
    if "mart.metrics" in plan().types:
        known = {
            "metric": "rouge1",
            "tasks": "long",
            "better": "higher",
            "unit": "0 to 1",
            "rewardable": True,
        }
        into.add("mart.metrics", **known, description="words shared with the target")

    if "evaluation.judge_quality" in plan().types:
        known = {"iteration": "0001", "dataset": "shop", "task": "long", "base_model": "judge", "n": 40}
        known |= {"better": "target", "worse": "other_user", "n_unreadable": 2, "judge_is_usable": True}
        means = {"mean_better": 5.25, "mean_worse": 3.5, "agreement": 0.8125, "ci_low": 0.7, "ci_high": 0.9}
        into.add("evaluation.judge_quality", **known, **means)


class Page(HTMLParser):
    """What a test needs of a page: tags, addressed values, printed queries, and the words outside of both."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.values: list[tuple[str, str | None, str]] = []  # address, machine-readable value, text shown
        self.marks: list[tuple[str, str]] = []  # address, value, of what a chart draws
        self.queries: dict[str, str] = {}
        self.plain: list[str] = []  # visible words that carry no address
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag not in VOID:
            self._open.append((tag, found))
        if "data-query" in found:
            self.queries[str(found["data-query"])] = ""
        elif "data-value" in found:
            self.marks.append((str(found["data-at"]), str(found["data-value"])))
        elif "data-at" in found:
            self.values.append((str(found["data-at"]), found.get("value"), ""))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        names = {tag for tag, _ in self._open}
        addressed = next((found for _, found in reversed(self._open) if "data-at" in found), None)
        query = next((found["data-query"] for _, found in self._open if "data-query" in found), None)
        if query is not None:
            self.queries[query] += data
        elif addressed is not None and "data-value" not in addressed:
            address, value, text = self.values[-1]
            self.values[-1] = (address, value, text + data)
        elif not names & {"style", "pre", "svg", "var", "title"}:
            self.plain.append(data)
