"""rollout.*: what the agents write about their evidence, and the drafts that follow."""

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
from pat_dagster import tables
from pat_dagster.cases import Case, load_cases
from pat_dagster.policies import Policy, policies_in_use
from pat_dagster.reasoning import NOT_ASKED, reason, stage_of
from pat_dagster.rows import frame
from pat_dagster.table_assets import table_asset
from pat_dagster.writing import Writer, seconds_of

GENERATOR = Generator()
SUMMARIES, STAGE = "rollout.summaries", "summaries"
NO_EVIDENCE = "retrieval found no review to summarize"
EVIDENCE = ["feature.examples", "context.style_reviews", "context.topic_reviews", "staging.reviews"]


@table_asset(SUMMARIES, deps=[*EVIDENCE, "policy_in_use"], partitioned=True, kinds=["transformers"])
def summaries(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe
) -> pl.DataFrame:
    """Greedy summaries of every selected example and round, and sampled last ones of the train examples."""
    writer = Writer.open(con, recipe, context.partition_key)
    cases = load_cases(con)
    policies = policies_in_use(con, context.partition_key, after=False)
    rounds = reason(writer, STAGE, cases, policies)
    rows: list[dict[str, object]] = []
    for number, now in enumerate(rounds, start=1):
        for agent, prompts in now.prompts.items():
            written = [[one] for one in now.replies[agent]]
            rows += _rows(cases, agent, number, 0, policies[agent], prompts, written)
    train = [place for place, case in enumerate(cases) if case.split == "train"]
    for agent, prompts in rounds[-1].prompts.items():
        asked = [prompts[place] for place in train]
        chosen = [cases[place] for place in train]
        sampled = _sample(writer, agent, chosen, asked, policies[agent])
        rows += _rows(chosen, agent, len(rounds), 1, policies[agent], asked, sampled)
    return frame(SUMMARIES, rows)


@table_asset(
    "rollout.drafts", deps=["rollout.summaries", "feature.examples"], partitioned=True, kinds=["transformers"]
)
def drafts(context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, recipe: Recipe) -> pl.DataFrame:
    """Drafts of the train examples: every candidate beside the other agent's greedy summary, or nothing."""
    writer = Writer.open(con, recipe, context.partition_key)
    texts = summary_texts(con, context.partition_key)
    plan = [
        (case, style, topic)
        for case in load_cases(con, ["train"], contexts={})  # the generator reads summaries alone
        for style, topic in shown_pairs(recipe.generation.candidates, recipe.agents.names)
    ]
    shown = [
        (
            case,
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


def write_drafts(
    writer: Writer, stage: str, shown: Sequence[tuple[Case, str | None, str | None]]
) -> list[tuple[str, Completion]]:
    """Drafts from (case, style summary, topic summary), in order, by the frozen base model."""
    prompts = [draft_prompt(*one) for one in shown]
    written = writer.write_greedy(stage, prompts, writer.recipe.generation.max_draft_tokens)
    return [(GENERATOR.format_output(one.text), one) for one in written]


def draft_prompt(case: Case, style: str | None, topic: str | None) -> str:
    """What the generator is asked about one case with these summaries, None for nothing."""
    return GENERATOR.format_input(case.task, case.input, style, topic)


def summary_texts(
    con: duckdb.DuckDBPyConnection, iteration: str
) -> Mapping[tuple[str, AgentName, int], str | None]:
    """Summaries of the last round of an iteration as read, by (example_id, agent, candidate)."""
    rows = tables.read(con, SUMMARIES, {"iteration": iteration})
    last = rows.filter(pl.col("round") == pl.col("round").max())
    return {
        (row["example_id"], row["agent"], row["candidate"]): row["text"] for row in last.iter_rows(named=True)
    }


def greedy_replies(
    con: duckdb.DuckDBPyConnection, iteration: str, agent: AgentName
) -> dict[tuple[str, AgentName, int], Completion]:
    """What one agent wrote greedily, by (example_id, agent, round): it need not be written again."""
    tables.ensure_table(con, SUMMARIES)
    where = {"iteration": iteration, "agent": agent, "candidate": 0}
    found: dict[tuple[str, AgentName, int], Completion] = {}
    for (number,), rows in tables.read(con, SUMMARIES, where).group_by("round", maintain_order=True):
        stage = stage_of(STAGE, agent, int(str(number)))
        took = seconds_of(con, iteration, stage, rows["prompt"].drop_nulls().to_list())
        for row in rows.iter_rows(named=True):
            found[row["example_id"], agent, row["round"]] = Completion(
                row["raw_text"],
                row["prompt_tokens"],
                row["completion_tokens"],
                row["finish_reason"],
                took.get(row["prompt"], 0.0),  # nobody was asked where there was no evidence
            )
    return found


def _sample(
    writer: Writer, agent: AgentName, cases: Sequence[Case], prompts: Sequence[str | None], policy: Policy
) -> list[list[Completion]]:
    settings = writer.recipe.generation
    sampling = Sampling(
        settings.max_summary_tokens, settings.temperature, settings.top_p, settings.candidates
    )
    both = zip(cases, prompts, strict=True)
    requests = [(case.example_id, prompt) for case, prompt in both if prompt is not None]
    written = iter(writer.write(f"{STAGE}/{agent}/sampled", requests, sampling, policy))
    return [[NOT_ASKED] * settings.candidates if prompt is None else next(written) for prompt in prompts]


def _rows(
    cases: Sequence[Case],
    agent: AgentName,
    number: int,
    first_candidate: int,
    policy: Policy,
    prompts: Sequence[str | None],
    written: Sequence[Sequence[Completion]],
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for case, prompt, replies in zip(cases, prompts, written, strict=True):
        for candidate, reply in enumerate(replies, start=first_candidate):
            parsed = AGENTS[agent].format_output(reply.text)
            rows.append(
                {
                    "example_id": case.example_id,
                    "agent": agent,
                    "round": number,
                    "candidate": candidate,
                    "policy_id": policy.policy_id,
                    "prompt": prompt,
                    "text": None if prompt is None else parsed.text,
                    "raw_text": reply.text,
                    "parse_error": NO_EVIDENCE if prompt is None else parsed.error,
                    "prompt_tokens": reply.prompt_tokens,
                    "completion_tokens": reply.completion_tokens,
                    "finish_reason": reply.finish_reason,
                }
            )
    return rows
