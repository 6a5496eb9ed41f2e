"""What it costs to answer each request by itself, and what it would change to answer them together.

    python benchmarks/requests.py HOME [PROMPTS]     a home after `pat run`; prompts of each kind, default 200

Texts: prompts of the newest iteration, by the policies in use and by the generator, written in batches of
several sizes and once in batches of other neighbors; a text differs when any character does. Contexts: test
examples retrieved one by one and together; a row differs when any column does, numbers to the last digit.
Seconds are the processor's. The home is only read.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

import duckdb
import polars as pl

from models.agents import Generator
from models.llm import Sampling, load_backend
from models.recipes import load_recipe

SIZES = (1, 8, 32)


def written(backend: object, prompts: list[str], size: int, limit: int, adapter: str | None) -> list[str]:
    """Greedy texts in batches of `size`, in the order given."""
    found: list[str] = []
    for start in range(0, len(prompts), size):
        batch = backend.generate(  # type: ignore[attr-defined]
            prompts[start : start + size], Sampling(max_new_tokens=limit), adapter=adapter
        )
        found += [one[0].text for one in batch]
    return found


def texts(con: duckdb.DuckDBPyConnection, home: Path, most: int) -> None:
    """Table: who writes, batch, seconds a text, texts that are not those written alone."""
    recipe = load_recipe(str(home / "recipe.yaml"))
    backend = load_backend(recipe.base_model)
    iteration = con.sql("select max(iteration) from rollout.summaries").fetchall()[0][0]
    asked = con.execute(
        "select agent, prompt from rollout.summaries where iteration = ? and prompt is not null", [iteration]
    ).fetchall()
    told = con.sql("select task, input, style_summary, topic_summary from mart.personalized_texts").fetchall()
    kinds = {
        agent: sorted({prompt for name, prompt in asked if name == agent}) for agent in ("style", "topic")
    }
    kinds["generator"] = sorted({Generator().format_input(*one) for one in told if one[2] and one[3]})
    print(f"{'writer':<10} {'prompts':>7} {'batch':>12} {'s a text':>9} {'ratio':>6} {'differ':>7}")
    for kind, prompts in kinds.items():
        random.Random(0).shuffle(prompts)
        prompts = sorted(prompts[:most], key=len)
        folder = home / "policies" / f"{kind}-{iteration}"
        adapter = str(folder) if folder.exists() else None
        limit = (
            recipe.generation.max_draft_tokens
            if kind == "generator"
            else recipe.generation.max_summary_tokens
        )
        alone: list[str] = []
        first = 0.0
        for size in (*SIZES, -32):
            order = list(range(len(prompts)))
            if size < 0:
                random.Random(1).shuffle(order)  # neighbors of other lengths: more padding
            started = time.process_time()
            found = written(backend, [prompts[place] for place in order], abs(size), limit, adapter)
            took = (time.process_time() - started) / max(1, len(prompts))
            back = dict(zip(order, found, strict=True))
            alone = alone or found
            first = first or took
            differ = sum(back[place] != text for place, text in enumerate(alone))
            name = str(size) if size > 0 else f"{-size} shuffled"
            print(f"{kind:<10} {len(prompts):>7} {name:>12} {took:>9.3f} {first / took:>6.1f} {differ:>7}")


def contexts(con: duckdb.DuckDBPyConnection) -> None:
    """Table: agent, rows, rows that are not those retrieved alone, seconds an example both ways."""
    from pat_dagster.retrieving import Shelf

    recipe = load_recipe(str(Path(os.environ["PAT_HOME"]) / "recipe.yaml"))
    print(
        f"\n{'agent':<7} {'examples':>8} {'rows':>6} {'differ':>7} {'other reviews':>14} "
        f"{'s together':>11} {'s one by one':>13}"
    )
    for whole in Shelf(con, recipe).datasets():
        tests = whole.of_split("test")
        ways = {"style": lambda one: one.style_rows(), "topic": lambda one: one.topic_rows()}
        list(tests.one_by_one())  # loads what both need
        for agent, rows in ways.items():
            started = time.process_time()
            together = rows(tests)
            between = time.process_time()
            alone = pl.concat([rows(one) for one in tests.one_by_one()])
            ended = time.process_time()
            differ = together.join(alone, on=together.columns, how="anti", nulls_equal=True).height
            others = together.join(alone, on=["example_id", "rank", "review_id"], how="anti").height
            count = max(1, tests.examples.height)
            print(
                f"{agent:<7} {count:>8} {together.height:>6} {differ:>7} {others:>14} "
                f"{(between - started) / count:>11.4f} {(ended - between) / count:>13.4f}"
            )


def main() -> None:
    """Both tables."""
    home = Path(sys.argv[1]).resolve()
    os.environ["PAT_HOME"] = str(home)
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        contexts(con)
        texts(con, home, int(sys.argv[2]) if len(sys.argv) > 2 else 200)


if __name__ == "__main__":
    main()
