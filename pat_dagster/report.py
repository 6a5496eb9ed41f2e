"""What a run says at its end: the leaderboard, how far to trust it, and where to look next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from models.arms import arms
from models.errors import WorkError
from models.recipes import TASKS
from models.sources.spec import SourceSpec
from pat_dagster.console import text_table
from pat_dagster.resources.warehouse import open_database
from pat_dagster.settings import DEFAULT_HOME, Settings

METRICS = ["rouge1", "rating_closeness"]  # the one with interval and difference, by task
BESIDE = [  # means beside it: never one number alone
    "rougeL",
    "meteor",
    "specificity",
    "style_likeness",
    "copied_run",
    "n_words",
    "mae",
    "rmse",
]
CLAIM = 110  # characters of a claim in words
SIGNIFICANT = 0.05  # of the p-value that Holm corrected
FLOOR = "neighbor_review"  # a neighbor's review as it stands: what any model has to beat


def leaderboard_report(
    settings: Settings,
    sources: Sequence[SourceSpec],
    *,
    iteration: str | None = None,
    shown: Sequence[str] | None = None,
    tasks: Sequence[str] = TASKS,
) -> str:
    """One table per dataset and task: test scores; a warning where pat-mini is a stranger.

    iteration: default the newest of each dataset; shown: arms, default all.
    """
    board = held_out_scores(settings, iteration).filter(pl.col("task").is_in(tasks))
    if shown is not None:
        board = board.filter(pl.col("arm").is_in(shown))
    if board.is_empty():
        return "\nNo leaderboard: no source has a user in split test with a usable target."
    sample = {spec.dataset for spec in sources if spec.format == "sample"}
    parts = ["\n* p < .05 after Holm's correction over the arms compared"]
    for (dataset,), of_dataset in board.group_by("dataset", maintain_order=True):
        for (task,), rows in of_dataset.group_by("task", maintain_order=True):
            parts.append(f"\n{dataset}, task {task}, split test: {_examples(rows)}")
            parts.append(_table(rows))
        if dataset not in sample and _base_model(settings) == "pat-mini":
            first = of_dataset.filter(task=of_dataset["task"][0])
            parts.append("\n" + stranger_note(str(dataset), first))
    return "\n".join(parts)


def datasets_report(settings: Settings) -> str:
    """What each dataset cannot show, in the words of mart.datasets; empty where nothing stands out."""
    with open_database(settings.analytics_path, read_only=True) as con:
        rows = con.sql("from mart.datasets").pl().sort("dataset")
    remarked = rows.filter(pl.col("remarks").is_not_null())
    lines = [f"  {row['dataset']}: {row['remarks']}" for row in remarked.iter_rows(named=True)]
    return "\n".join(["\nWhat to know about the data", *lines]) if lines else ""


def agents_report(settings: Settings) -> str:
    """One line per agent: what the last iteration's training made, and whether it is in use."""
    with open_database(settings.analytics_path, read_only=True) as con:
        adapters = con.sql("from policy.adapters").pl()
        promotions = con.sql("from policy.promotions").pl()
    last = adapters.filter(pl.col("iteration") == pl.col("iteration").max()).sort("agent")
    decided = {(row["iteration"], row["agent"]): row for row in promotions.iter_rows(named=True)}
    lines = []
    for row in last.iter_rows(named=True):
        decision = decided.get((row["iteration"], row["agent"]))
        if decision is None:
            lines.append(f"  {row['agent']:<6} not trained: {row['reason'] or 'no reason recorded'}")
        else:
            verdict = "promoted" if decision["promoted"] else "not promoted"
            lines.append(
                f"  {row['agent']:<6} trained on {row['n_pairs']:,} pairs, {verdict}: {decision['reason']}"
            )
    return "\n".join(["\nAgents after this iteration", *lines]) if lines else ""


def verdicts_report(settings: Settings, iteration: str | None = None) -> str:
    """One table per dataset: a line per claim, a column per task; empty where nothing could be decided."""
    with open_database(settings.analytics_path, read_only=True) as con:
        rows = con.sql("from mart.verdicts").pl()
    kept = rows.filter(pl.col("iteration") == (iteration or pl.col("iteration").max()))
    parts = []
    for (dataset,), of_dataset in kept.sort("dataset", "claim").group_by("dataset", maintain_order=True):
        found = {(row["claim"], row["task"]): row["verdict"] for row in of_dataset.iter_rows(named=True)}
        tasks = [task for task in TASKS if task in of_dataset["task"]]
        claims = dict(of_dataset.select("claim", "statement").rows())
        lines = [
            [statement, *(found.get((claim, task)) for task in tasks)] for claim, statement in claims.items()
        ]
        parts.append(f"\nVerdicts, {dataset}; mart.verdicts and `pat report` say why")
        parts.append(text_table(["claim", *tasks], lines, CLAIM))
    return "\n".join(parts)


def held_out_scores(settings: Settings, iteration: str | None = None) -> pl.DataFrame:
    """Rows of mart.leaderboard: split test, all users, one iteration (default: each dataset's newest).

    Cells without a number are left out.
    """
    with open_database(settings.analytics_path, read_only=True) as con:
        board = con.sql("from mart.leaderboard where split = 'test' and n > 0").pl()
    board = board.filter(history_bucket="all", flagged_users="in")
    newest = pl.col("iteration").max().over("dataset", "task")
    kept = board.filter(pl.col("iteration") == (newest if iteration is None else iteration))
    return kept.sort("dataset", "task", "arm", "metric")


def stranger_note(dataset: str, rows: pl.DataFrame) -> str:
    """Says in numbers what a model that never saw such text is worth."""
    metric = next(name for name in METRICS if name in rows["metric"].to_list())
    scores = {row["arm"]: row["mean"] for row in rows.filter(metric=metric).iter_rows(named=True)}
    numbers = [f"pat {scores['pat']:.3f}"] if "pat" in scores else []
    if FLOOR in scores:
        numbers.append(f"{FLOOR} {scores[FLOOR]:.3f} (a neighbor's review copied as it is, no model)")
    return (
        f"Read with care: pat-mini has only ever seen the bundled sample's language, not {dataset}'s.\n"
        f"Its drafts here are poor and say nothing about PAT. {metric}: {' against '.join(numbers)}.\n"
        "To use this dataset, give a recipe whose base_model is a real language model."
    )


def ingest_report(settings: Settings) -> str:
    """Rows per file: read, accepted, rejected, duplicate."""
    with open_database(settings.warehouse_path, read_only=True) as con:
        files = con.sql("from raw.source_files order by dataset, source_file").pl()
    shown = files.with_columns(pl.col("source_file").map_elements(lambda file: Path(file).name, pl.String))
    columns = [
        "dataset",
        "source_file",
        "format",
        "rows_read",
        "rows_accepted",
        "rows_rejected",
        "rows_duplicate",
    ]
    table = text_table([name.removeprefix("rows_") for name in columns], shown.select(columns).iter_rows())
    return f"\n{table}\n\nNext: `pat run` for everything else, `pat sql --warehouse` for the tables so far."


def next_steps(settings: Settings) -> str:
    """Where a reader of a finished warehouse goes next."""
    usual = settings.home == (Path.cwd() / DEFAULT_HOME).resolve()
    home = shlex.quote(str(settings.home))
    option, variable = ("", "") if usual else (f" --home {home}", f" PAT_HOME={home}")
    example = "\"select input, text, target from mart.personalized_texts where arm = 'pat' limit 5\""
    return "\n".join(
        [
            "\nWhere to look next",
            f"  the evidence   pat report{option}",
            f"  the tables     pat sql{option}",
            f"  the texts      pat sql{option} {example}",
            f"  in any client  {settings.analytics_path} (DuckDB; open it read-only, at any time)",
            f"  the graph      make ui{variable}, then http://127.0.0.1:3000",
        ]
    )


def _table(rows: pl.DataFrame) -> str:
    cells = {(row["arm"], row["metric"]): row for row in rows.iter_rows(named=True) if row["n"]}
    order = list(arms())
    main = next(name for name in METRICS if any(metric == name for _, metric in cells))
    beside = [name for name in BESIDE if any(metric == name for _, metric in cells)]
    body: list[list[object]] = []
    for arm in sorted({arm for arm, metric in cells if metric == main}, key=order.index):
        row = cells[arm, main]
        others = [cells.get((arm, name)) for name in beside]
        means = [None if other is None else f"{other['mean']:.3f}" for other in others]
        body.append([arm, row["n"], f"{row['mean']:.3f}", _interval(row, "ci"), _gain(row), *means])
    return text_table(["arm", "n", main, "95% interval", "difference to", *beside], body)


def _interval(row: Mapping[str, Any], prefix: str) -> str | None:
    if row[f"{prefix}_low"] is None:
        return None
    return f"{row[f'{prefix}_low']:.3f} to {row[f'{prefix}_high']:.3f}"


def _gain(row: Mapping[str, Any]) -> str | None:
    if row["diff_ci_low"] is None:
        return None
    interval = f"{row['diff_ci_low']:+.3f} to {row['diff_ci_high']:+.3f}"
    sure = "*" if row["p_holm"] is not None and row["p_holm"] < SIGNIFICANT else ""
    return f"{row['diff_vs_reference']:+.3f}{sure} ({interval}) {row['reference_arm']}"


def _examples(rows: pl.DataFrame) -> str:
    """How many the arm with the most of them answered; the column n has those of every arm."""
    most = max(rows.filter(pl.col("metric").is_in(METRICS))["n"].to_list(), default=0)
    return f"{most:,} examples"


def _base_model(settings: Settings) -> str:
    from models.recipes import load_recipe

    if not settings.recipe_path.exists():
        raise WorkError("no recipe here", step=str(settings.recipe_path), remedy="`pat run` writes it")
    return load_recipe(settings.recipe_path).base_model
