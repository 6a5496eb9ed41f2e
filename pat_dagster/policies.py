"""Which policy an agent uses: the base model, or the adapter that was promoted last."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from models.agents import AGENTS
from models.agents.agents import AgentName
from models.errors import WorkError
from models.llm.weights import adapter_sha256
from pat_dagster import tables
from pat_dagster.settings import Settings

BASE_ID = "base"


@dataclass(frozen=True)
class Policy:
    """The weights of one agent: the base model when `adapter` is None."""

    policy_id: str = BASE_ID
    adapter: Path | None = None


BASE = Policy()


def policy_id(agent: str, iteration: str) -> str:
    """Name of the policy that an iteration trains, also its folder below `Settings.policies_path`."""
    return f"{agent}-{iteration}"


def policies_in_use(
    con: duckdb.DuckDBPyConnection, iteration: str, *, after: bool
) -> dict[AgentName, Policy]:
    """The policy of every agent while `iteration` rolls out, or `after` its promotions.

    Raises WorkError when the weights of a promoted adapter are gone or are not the ones that were promoted.
    """
    for table in ("policy.adapters", "policy.promotions"):
        tables.ensure_table(con, table)
    promoted = tables.read(con, "policy.promotions").filter("promoted")
    # what waits for retraining, because it learned from a forgotten user, is used no more
    made = tables.read(con, "policy.adapters", {"status": "trained"})
    made = made.select("policy_id", "agent", "iteration", "path", "sha256")
    known = promoted.select("policy_id").join(made, on="policy_id", how="inner", validate="1:1")
    limit = pl.col("iteration") <= iteration if after else pl.col("iteration") < iteration
    latest = known.filter(limit).sort("iteration").group_by("agent", maintain_order=True).last()
    found: dict[AgentName, Policy] = dict.fromkeys(AGENTS, BASE)
    for row in latest.iter_rows(named=True):
        found[row["agent"]] = open_policy(row["policy_id"], row["path"], row["sha256"])
    return found


def open_policy(name: str, path: str, sha256: str) -> Policy:
    """A trained policy by its row in policy.adapters; raises WorkError if its weights are other ones now."""
    folder = Settings.from_env().policies_path / path
    if adapter_sha256(folder) != sha256:
        raise WorkError(
            f"the weights in {folder} are not those recorded for policy {name}",
            step="policy.adapters",
            remedy="materialize policy/adapters of its iteration again",
        )
    return Policy(name, folder)


def should_continue(con: duckdb.DuckDBPyConnection, iteration: str) -> tuple[bool, str]:
    """Whether another iteration is worth its time, and why, as `policy.iterations` decided.

    Raises WorkError when that iteration has not been decided.
    """
    rows = tables.read(con, "policy.iterations", {"iteration": iteration}).to_dicts()
    if not rows:
        raise WorkError(
            f"iteration {iteration} has no row",
            step="policy.iterations",
            remedy="run job retrain for this iteration",
        )
    return rows[0]["continues"], rows[0]["reason"]
