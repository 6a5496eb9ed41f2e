"""What the tree of a text must say, computed again without sql/explain and without any mart.

The prompts are the witness: they were kept as they were asked, so the reviews that the tree lists must give
the same prompt again, word by word, and the summaries that it lists the prompt of the draft.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

import duckdb

from models.agents import AGENTS, Generator, ReviewLine
from models.agents.agents import AgentName
from models.arms import Arm, arms
from pat_dagster import tables
from pat_dagster.explaining.queries import EVERY_PAIR, Source, Wanted, ask, query_of
from pat_dagster.explaining.tree import Node, build

Row = dict[str, Any]
OTHER: dict[str, AgentName] = {"style": "topic", "topic": "style"}


@dataclass(frozen=True)
class Facts:
    """The tables below the tree, by what is looked up in them."""

    con: duckdb.DuckDBPyConnection

    def rows(self, table: str, **where: object) -> list[Row]:
        if not tables.column_types(self.con, table):
            return []
        return tables.read(self.con, table, where).to_dicts()

    def one(self, table: str, **where: object) -> Row:
        [row] = self.rows(table, **where)
        return row


def tree_of(con: duckdb.DuckDBPyConnection, source: Source, iteration: str, arm: str, text_id: str) -> Node:
    """With every pair."""
    return build(ask(con, query_of(con, Wanted(source, iteration, arm, text_id, EVERY_PAIR))))


def faults_of_example(con: duckdb.DuckDBPyConnection, iteration: str, arm: str, example_id: str) -> list[str]:
    """Everything in which the tree of an arm's text is not what the tables say; empty where it is whole."""
    facts = Facts(con)
    top = tree_of(con, "evaluation", iteration, arm, example_id)
    where = {"iteration": iteration, "arm": arm, "example_id": example_id}
    written = facts.one("evaluation.predictions", **where)
    example = facts.one("feature.examples", example_id=example_id)
    roles = {str(role.id): role for role in top.of_kind("role")}
    found = _texts(top, written, example)
    found += _reviews(facts, roles, facts.rows("evaluation.evidence", **where))
    found += _calls(facts, roles, written, example, arms()[arm])
    found += _policies(facts, roles, iteration, arms()[arm])
    found += _run(facts, top, facts.rows("ops.text_runs", **where), iteration)
    return found


def faults_of_request(con: duckdb.DuckDBPyConnection, request_id: str) -> list[str]:
    """The same for the answer to a request."""
    facts = Facts(con)
    answer = facts.one("request.answers", request_id=request_id)
    top = tree_of(con, "request", answer["iteration"], "pat", request_id)
    roles = {str(role.id): role for role in top.of_kind("role")}
    found = _texts(top, answer, answer | {"target": None})
    shown = facts.rows("context.request_reviews", request_id=request_id)
    found += _reviews(facts, roles, [row | {"role": row["agent"]} for row in shown])
    donors = {row["review_id"]: row["donor_id"] for row in shown}
    nodes = [node for role in roles.values() for node in role.of_kind("review")]
    if {str(node.id): node.detail["donor_id"] for node in nodes} != donors:
        found.append("a review has another donor")
    calls = [node.detail["prompt"] for role in roles.values() for node in role.of_kind("call")]
    kept = [row["prompt"] for row in facts.rows("request.calls", request_id=request_id)]
    if sorted(map(str, calls)) != sorted(map(str, kept)):
        found.append("calls and request.calls differ")
    for agent in AGENTS:
        if agent in roles and roles[agent].detail["policy_id"] != answer[f"{agent}_policy_id"]:
            found.append(f"another policy of {agent}")
    found += _policies(facts, roles, answer["iteration"], arms()["pat"])
    [run] = top.of_kind("run")
    if [run.id] != [row["run_id"] for row in facts.rows("ops.request_runs", request_id=request_id)]:
        found.append("the run is not the one that wrote the answer")
    return found


def _texts(top: Node, written: Row, example: Row) -> list[str]:
    found = []
    if top.text != written["text"]:
        found.append("the text is another one")
    if (top.detail["input"], top.detail["target"]) != (example["input"], example["target"]):
        found.append("input or target of another example")
    for role in ("style", "topic"):
        shown = next((node.text for node in top.of_kind("role") if node.id == role), None)
        if shown != written[f"{role}_summary"]:
            found.append(f"the {role} summary is not the one shown")
    return found


def _reviews(facts: Facts, roles: dict[str, Node], evidence: list[Row]) -> list[str]:
    found = []
    listed = {(name, node.id) for name, role in roles.items() for node in role.of_kind("review")}
    behind = {(row["role"], row["review_id"]) for row in evidence}
    if listed != behind:
        found.append(f"reviews listed and in evaluation.evidence differ: {sorted(listed ^ behind)}")
    for role in roles.values():
        for node in role.of_kind("review"):
            review = facts.one("staging.reviews", review_id=node.id)
            if node.detail["donor_id"] != review["user_id"] or node.text != review["text"][:300]:
                found.append(f"review {node.id} is not what its donor wrote")
    return found


def _calls(facts: Facts, roles: dict[str, Node], written: Row, example: Row, arm: Arm) -> list[str]:
    calls = [node for role in roles.values() for node in role.of_kind("call")]
    if not arm.needs_model:
        return ["a floor asks nobody"] if calls else []
    found = []
    for name in ("prompt_tokens", "completion_tokens"):
        if sum(call.detail[name] for call in calls) != written[name]:
            found.append(f"{name} of the calls are not those of the text")
    [draft] = [call for call in calls if call.id == "draft"]
    summaries = written["style_summary"], written["topic_summary"]
    if draft.detail["prompt"] != Generator().format_input(example["task"], example["input"], *summaries):
        found.append("the draft was not asked for with these summaries")
    if arm.how == "pat":
        found += [fault for name in AGENTS if name in roles for fault in _agent(facts, roles, name, arm)]
    return found


def _agent(facts: Facts, roles: dict[str, Node], name: AgentName, arm: Arm) -> list[str]:
    """Every prompt of one agent, rendered again from the reviews and the other's summaries in the tree."""
    found = []
    source = facts.one("feature.examples", example_id=roles[name].detail["source_example_id"])
    lines = [_line(facts, node, name, arm, source) for node in roles[name].of_kind("review")]
    said = {(role, call.id): call.text for role, node in roles.items() for call in node.of_kind("call")}
    calls = roles[name].of_kind("call")
    for number, call in enumerate(calls, start=1):
        if call.id != f"round{number}":
            found.append(f"round {number} of {name} is missing")
        other = said.get((OTHER[name], f"round{number - 1}"))
        prompt = AGENTS[name].format_input(source["task"], source["input"], lines, other)
        if call.detail["prompt"] != (prompt if lines else None):
            found.append(f"{call.id} of {name} was asked something else")
    if calls and calls[-1].text != roles[name].text:
        found.append(f"the last summary of {name} is not the one shown")
    return found


def _line(facts: Facts, node: Node, name: AgentName, arm: Arm, source: Row) -> ReviewLine:
    review = facts.one("staging.reviews", review_id=node.id)
    where = {"example_id": source["example_id"], "review_id": node.id}
    if name in arm.variants:
        [chosen] = facts.rows("context.variant_reviews", agent=name, variant=arm.variants[name], **where)
    else:
        [chosen] = facts.rows(f"context.{name}_reviews", **where)
        for number in ("similarity",) if name == "style" else ("alignment", "relevance"):
            assert node.detail[number] == chosen[number], f"{number} of {node.id}"
    assert node.detail["rank"] == chosen["rank"], f"rank of {node.id}"
    aligned = bool(chosen.get("is_aligned"))
    return ReviewLine(review["title"] or "", review["text"] or "", review["rating"], aligned, str(node.id))


def _policies(facts: Facts, roles: dict[str, Node], iteration: str, arm: Arm) -> list[str]:
    found = []
    for agent in AGENTS:
        if agent not in roles or arm.how != "pat":
            continue
        expected = (
            _in_use(facts, agent, iteration, after=True) if arm.options.get("policies") != "base" else None
        )
        below = roles[agent]
        while expected is not None:
            shown = below.of_kind("policy")
            if [node.id for node in shown] != [expected]:
                return [*found, f"{agent}: {expected} is not where it belongs"]
            below = shown[0]
            found += _pairs(facts, below, agent)
            expected = _in_use(facts, agent, str(below.detail["iteration"]), after=False)
        if [node.id for node in below.of_kind("policy")] != ["base"]:
            found.append(f"{agent}: the model as shipped is not at the end")
    return found


def _in_use(facts: Facts, agent: str, iteration: str, *, after: bool) -> str | None:
    """The policy promoted last before the end (or the start) of an iteration."""
    promoted = [
        row
        for row in facts.rows("policy.promotions", agent=agent, promoted=True)
        if row["iteration"] < iteration or (after and row["iteration"] == iteration)
    ]
    return max(promoted, key=lambda row: row["iteration"])["policy_id"] if promoted else None


def _pairs(facts: Facts, policy: Node, agent: str) -> list[str]:
    found = []
    trained = facts.one("policy.adapters", policy_id=policy.id)
    wanted = {
        (row["example_id"], row["chosen"], row["rejected"])
        for row in facts.rows("preference.pairs", agent=agent, iteration=trained["iteration"])
    }
    nodes = policy.of_kind("pair")
    if {(node.id, node.text, node.detail["rejected"]) for node in nodes} != wanted:
        found.append(f"pairs of {policy.id} are not those of preference.pairs")
    if len(nodes) != trained["n_pairs"] or not policy.detail["pairs_are_those"]:
        found.append(f"pairs of {policy.id} are not those that trained it")
    for node in nodes:
        for text, candidate in (
            (node.text, "chosen_candidate"),
            (node.detail["rejected"], "rejected_candidate"),
        ):
            summaries = facts.rows(
                "rollout.summaries",
                iteration=trained["iteration"],
                agent=agent,
                example_id=node.id,
                candidate=node.detail[candidate],
            )
            if text not in [row["text"] for row in summaries]:
                found.append(f"a pair of {policy.id} quotes a summary that nobody wrote")
    if trained["sha256"] != policy.detail["weights_sha256"]:
        found.append(f"weights of {policy.id} are others")
    return found


def _run(facts: Facts, top: Node, runs: list[Row], iteration: str) -> list[str]:
    [run] = top.of_kind("run")
    if [row["run_id"] for row in runs] != [run.id]:
        return ["the run is not the one that wrote the text"]
    entry = facts.one(
        "ops.materializations",
        table_name="evaluation.predictions",
        iteration=iteration,
        run_id=cast(str, run.id),
    )
    found = []
    if (run.detail["code_version"], run.detail["recipe_sha256"]) != (
        entry["code_version"],
        entry["recipe_sha256"],
    ):
        found.append("code or recipe of another run")
    listed = {
        (node.id, node.detail["iteration"], node.detail["content_sha256"]) for node in run.of_kind("table")
    }
    ledger = facts.rows("ops.materializations")
    if listed != _rests_on(ledger, entry):
        found.append("the tables are not those that the text rests on")
    if set(json.loads(entry["upstream_versions"])) - {row["table_name"] for row in ledger}:
        found.append("nobody recorded how a table was made that the text rests on")
    return found


def _rests_on(ledger: list[Row], entry: Row) -> set[tuple[str, str | None, str]]:
    """One materialization and all below: of each content that was read, the last one before the reading."""
    seen: set[tuple[str, str | None, str]] = {
        (entry["table_name"], entry["iteration"], entry["content_sha256"])
    }
    todo = [entry]
    while todo:
        reader = todo.pop()
        for table, sha256 in json.loads(reader["upstream_versions"]).items():
            before = [
                row
                for row in ledger
                if (row["table_name"], row["content_sha256"]) == (table, sha256)
                and row["started_at"] < reader["started_at"]
            ]
            if before:
                last = max(before, key=lambda row: row["started_at"])
                key = (table, last["iteration"], sha256)
                todo += [] if key in seen else [last]
                seen.add(key)
    return seen
