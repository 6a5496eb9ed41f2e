"""What every iteration was made of, what it decided and what came of it: read from the published file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from models.errors import WorkError
from models.recipes import TASKS
from pat_dagster import published_file

ITERATIONS, BOARD, DECIDED = "mart.iterations", "mart.leaderboard", "policy.iterations"
ARM = "pat"
METRICS = ["rouge1", "rating_closeness"]  # the one of each task that the terminal shows
SHORT = 8  # characters of a fingerprint; the whole one stands in mart.iterations
MADE_OF = ["rolled_out_at", "data_version", "recipe", "recipe_sha256", "code_version"]
SCORE = ["dataset", "task", "metric", "n", "mean", "ci_low", "ci_high"]
COMPARED = ["reference_arm", "n_paired", "diff_vs_reference", "diff_ci_low", "diff_ci_high"]


@dataclass(frozen=True)
class Iteration:
    """One turn of the loop.

    agents: rows of mart.iterations, style first. scores: of the arm `pat` on test examples, each beside the
    difference to its reference arm. decision: whether to go on, in words; None while nothing is decided.
    """

    key: str
    agents: Sequence[Mapping[str, Any]]
    scores: Sequence[Mapping[str, Any]]
    decision: str | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON: what holds for both agents once, then the agents by name."""
        first = self.agents[0]
        shared = ["iteration", *MADE_OF]
        agents = {
            row["agent"]: {name: value for name, value in row.items() if name not in {*shared, "agent"}}
            for row in self.agents
        }
        return {
            **{name: first[name] for name in shared},
            "agents": agents,
            "decision": self.decision,
            "scores": list(self.scores),
        }


def history(con: duckdb.DuckDBPyConnection) -> list[Iteration]:
    """Every iteration that was rolled out, the first one first.

    Raises WorkError for a file that was published by an older version.
    """
    there = published_file.tables_of(con)
    if published_file.RECORD not in there:
        raise WorkError(
            "published by an older version, without its history",
            step=ITERATIONS,
            remedy="`pat run` publishes again",
        )
    rows = _read(con, there, ITERATIONS)
    if rows.is_empty():
        return []
    board, decided = _read(con, there, BOARD), _read(con, there, DECIDED)
    reasons = dict(decided.select("iteration", "reason").rows()) if len(decided) else {}
    found = []
    for (key,), of_iteration in rows.sort("iteration", "agent").group_by("iteration", maintain_order=True):
        agents = of_iteration.to_dicts()
        found.append(Iteration(str(key), agents, _scores(board, str(key)), reasons.get(key)))
    return found


def as_text(iterations: Sequence[Iteration], kept: Sequence[str]) -> str:
    """Blocks of a few lines for a terminal. kept: iterations whose published file can still be read."""
    blocks = [_block(iteration) for iteration in iterations]
    in_use = ", ".join(f"{row['agent']} {row['policy_after']}" for row in iterations[-1].agents)
    last = [f"in use now: {in_use}"]
    if kept:
        span = f"{kept[0]} to {kept[-1]}" if len(kept) > 1 else kept[0]
        last.append(f'any table as of an iteration ({span}): pat sql --at {kept[0]} "from {BOARD}"')
    return "\n\n".join([*blocks, "\n".join(last)])


def _read(con: duckdb.DuckDBPyConnection, there: set[str], table: str) -> pl.DataFrame:
    return con.table(table).pl() if table in there else pl.DataFrame()


def _scores(board: pl.DataFrame, iteration: str) -> list[dict[str, Any]]:
    if board.is_empty():
        return []
    rows = board.filter(
        pl.col("metric").is_in(METRICS), pl.col("n") > 0, iteration=iteration, arm=ARM, split="test"
    ).filter(history_bucket="all", flagged_users="in")
    order = pl.col("task").replace_strict(list(TASKS), list(range(len(TASKS))))
    return rows.sort("dataset", order, "metric").select(*SCORE, *COMPARED).to_dicts()


def _block(iteration: Iteration) -> str:
    first = iteration.agents[0]
    at = first["rolled_out_at"]
    recipe = f"{first['recipe']} {_short(first['recipe_sha256'])}" if first["recipe"] else "not recorded"
    head = [
        f"iteration {iteration.key}",
        f"rolled out {at:%Y-%m-%d %H:%M} UTC" if at else "",
        f"data {_short(first['data_version'])}",
        f"recipe {recipe}",
        f"code {_short(first['code_version'])}",
    ]
    lines = ["   ".join(part for part in head if part)]
    lines += [f"  {_agent(row)}" for row in iteration.agents]
    lines += [f"  {_score(row)}" for row in iteration.scores] or ["  no score of PAT on test examples yet"]
    if iteration.decision:
        lines.append(f"  {iteration.decision}")
    return "\n".join(lines)


def _agent(row: Mapping[str, Any]) -> str:
    pairs = "pairs not counted" if row["n_pairs"] is None else f"{row['n_pairs']:,} pairs"
    if row["policy_trained"] is None:
        outcome = "not trained"
    elif row["promoted"] is None:
        outcome = f"trained {row['policy_trained']}, not decided yet"
    else:
        outcome = f"{row['policy_trained']} {'promoted' if row['promoted'] else 'rejected'}"
    return f"{row['agent']:<6} {row['policy_before'] or 'unknown'}, {pairs}: {outcome}; {row['reason']}"


def _score(row: Mapping[str, Any]) -> str:
    score = f"{row['dataset']}, {row['task']}: {row['metric']} {row['mean']:.3f}"
    if row["ci_low"] is not None:
        score += f" ({row['ci_low']:.3f} to {row['ci_high']:.3f})"
    score += f" on {row['n']:,} test examples"
    if row["diff_vs_reference"] is None:
        return score
    low, high = row["diff_ci_low"], row["diff_ci_high"]
    interval = "" if low is None else f" ({low:+.3f} to {high:+.3f})"
    return f"{score}, {row['diff_vs_reference']:+.3f}{interval} against {row['reference_arm']}"


def _short(fingerprint: str | None) -> str:
    return fingerprint[:SHORT] if fingerprint else "unknown"
