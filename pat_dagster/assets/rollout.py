"""rollout.*: what the agents write about their evidence, the drafts that follow, and how good they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dagster as dg
import duckdb
import polars as pl

from models.agents import AGENTS, Generator
from models.agents.agents import AgentName
from models.agents.drafts import shown_pairs
from models.llm import Completion, Sampling
from models.recipes import Recipe
from models.rewards import quality
from pat_dagster import tables
from pat_dagster.cases import Case, load_cases
from pat_dagster.policies import Policy, policies_in_use
from pat_dagster.rows import frame
from pat_dagster.table_assets import table_asset
from pat_dagster.writing import Writer

GENERATOR = Generator()
ROUND = 1  # agents do not see each other's summaries yet
NO_EVIDENCE = "retrieval found no review to summarize"
EVIDENCE = ["feature.examples", "context.style_reviews", "context.topic_reviews", "staging.reviews"]
NOT_ASKED = Completion("", 0, 0, "stop")


@table_asset("rollout.summaries", deps=[*EVIDENCE, "policy_in_use"], partitioned=True, kinds=["transformers"])
def summaries(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Greedy summaries of every selected example, and sampled ones of the train examples."""
    writer = Writer.open(con, recipe, context.partition_key)
    cases = load_cases(con)
    policies = policies_in_use(con, context.partition_key, after=False)
    rows: list[dict[str, object]] = []
    for agent, policy in policies.items():
        greedy = write_summaries(writer, f"summaries/{agent}/greedy", agent, cases, policy)
        rows += [_summary_row(case, agent, 0, policy, one) for case, one in zip(cases, greedy, strict=True)]
        train = [case for case in cases if case.split == "train"]
        sampled = _sample_summaries(writer, agent, train, policy)
        for case, candidates in zip(train, sampled, strict=True):
            rows += [
                _summary_row(case, agent, number, policy, one)
                for number, one in enumerate(candidates, start=1)
            ]
    return frame("rollout.summaries", rows)


@table_asset(
    "rollout.drafts", deps=["rollout.summaries", "feature.examples"], partitioned=True, kinds=["transformers"]
)
def drafts(context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe) -> pl.DataFrame:
    """Drafts of the train examples: every candidate beside the other agent's greedy summary, or nothing."""
    writer = Writer.open(con, recipe, context.partition_key)
    texts = summary_texts(con, context.partition_key)
    plan = [
        (case, style, topic)
        for case in load_cases(con, ["train"])
        for style, topic in shown_pairs(recipe.generation.candidates)
    ]
    shown = [
        (
            case.input,
            texts.get((case.example_id, "style", style)),  # candidate -1 is in no table: nothing is shown
            texts.get((case.example_id, "topic", topic)),
        )
        for case, style, topic in plan
    ]
    written = write_drafts(writer, "drafts/train", shown)
    rows = [
        {
            "example_id": case.example_id,
            "style_candidate": style,
            "topic_candidate": topic,
            "text": text,
            "prompt_tokens": completion.prompt_tokens,
            "completion_tokens": completion.completion_tokens,
        }
        for (case, style, topic), (text, completion) in zip(plan, written, strict=True)
    ]
    return frame("rollout.drafts", rows)


@table_asset("rollout.draft_scores", deps=["rollout.drafts", "feature.examples"], partitioned=True)
def draft_scores(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Q of every draft against the target of its example."""
    written = tables.read(con, "rollout.drafts", {"iteration": context.partition_key})
    targets = tables.read(con, "feature.examples").select("example_id", "target")
    both = written.join(targets, on="example_id", how="left", validate="m:1").sort(written.columns)
    scores = quality(both["text"].to_list(), both["target"].to_list(), recipe.reward)
    return both.select(
        "example_id", "style_candidate", "topic_candidate", quality=pl.Series(scores, dtype=pl.Float64)
    )


def write_summaries(
    writer: Writer, stage: str, agent: AgentName, cases: Sequence[Case], policy: Policy
) -> list[Completion]:
    """The greedy summary of every case, in order; a case without evidence is not asked about."""
    asked = [case for case in cases if case.reviews[agent]]
    limit = writer.recipe.generation.max_summary_tokens
    written = writer.write_greedy(stage, [case.prompt(agent) for case in asked], limit, policy)
    by_id = {case.example_id: one for case, one in zip(asked, written, strict=True)}
    return [by_id.get(case.example_id, NOT_ASKED) for case in cases]


def write_drafts(
    writer: Writer, stage: str, shown: Sequence[tuple[str, str | None, str | None]]
) -> list[tuple[str, Completion]]:
    """Drafts from (input, style summary, topic summary), in order, by the frozen base model."""
    prompts = [GENERATOR.format_input(*one) for one in shown]
    written = writer.write_greedy(stage, prompts, writer.recipe.generation.max_draft_tokens)
    return [(GENERATOR.format_output(one.text), one) for one in written]


def summary_texts(
    con: duckdb.DuckDBPyConnection, iteration: str
) -> Mapping[tuple[str, str, int], str | None]:
    """Summaries of an iteration as read, by (example_id, agent, candidate)."""
    rows = tables.read(con, "rollout.summaries", {"iteration": iteration, "round": ROUND})
    return {
        (row["example_id"], row["agent"], row["candidate"]): row["text"] for row in rows.iter_rows(named=True)
    }


def _sample_summaries(
    writer: Writer, agent: AgentName, cases: Sequence[Case], policy: Policy
) -> list[list[Completion]]:
    settings = writer.recipe.generation
    sampling = Sampling(
        settings.max_summary_tokens, settings.temperature, settings.top_p, settings.candidates
    )
    asked = [case for case in cases if case.reviews[agent]]
    requests = [(case.example_id, case.prompt(agent)) for case in asked]
    written = writer.write(f"summaries/{agent}/sampled", requests, sampling, policy)
    by_id = {case.example_id: candidates for case, candidates in zip(asked, written, strict=True)}
    return [by_id.get(case.example_id, [NOT_ASKED] * settings.candidates) for case in cases]


def _summary_row(
    case: Case, agent: AgentName, candidate: int, policy: Policy, written: Completion
) -> dict[str, object]:
    parsed = AGENTS[agent].format_output(written.text)
    asked = bool(case.reviews[agent])
    return {
        "example_id": case.example_id,
        "agent": agent,
        "round": ROUND,
        "candidate": candidate,
        "policy_id": policy.policy_id,
        "text": parsed.text if asked else None,
        "raw_text": written.text,
        "parse_error": parsed.error if asked else NO_EVIDENCE,
        "prompt_tokens": written.prompt_tokens,
        "completion_tokens": written.completion_tokens,
        "finish_reason": written.finish_reason,
    }
