"""Writes texts in fixed batches and commits each finished batch, so that no batch is written twice."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace

import duckdb
import polars as pl

from models import progress
from models.agents.batches import Batch, batch_order, plan_batches
from models.llm import Backend, Completion, Sampling, load_backend
from models.recipes import Recipe
from pat_dagster import tables
from pat_dagster.policies import Policy

COMPLETIONS = "ops.completions"


@dataclass(frozen=True)
class Writer:
    """The models of one recipe at work on one iteration of an open warehouse."""

    con: duckdb.DuckDBPyConnection
    recipe: Recipe
    iteration: str
    backend: Backend

    @classmethod
    def open(cls, con: duckdb.DuckDBPyConnection, recipe: Recipe, iteration: str) -> Writer:
        """Load the recipe's base model, once per process."""
        tables.ensure_table(con, COMPLETIONS)
        return cls(con, recipe, iteration, load_backend(recipe.base_model))

    def write_greedy(
        self, stage: str, prompts: Sequence[str], max_new_tokens: int, policy: Policy | None = None
    ) -> list[Completion]:
        """The greedy completion of every prompt, in order; equal prompts are written once."""
        requests = greedy_requests(prompts)
        written = self.write(stage, requests, Sampling(max_new_tokens=max_new_tokens), policy)
        by_prompt = {prompt: found[0] for (_, prompt), found in zip(requests, written, strict=True)}
        return [by_prompt[prompt] for prompt in prompts]

    def write(
        self,
        stage: str,
        requests: Sequence[tuple[str, str]],
        sampling: Sampling,
        policy: Policy | None = None,
    ) -> list[list[Completion]]:
        """`sampling.n` completions for every request (id, prompt), in order; None is the base model."""
        adapter = str(policy.adapter) if policy is not None and policy.adapter is not None else None
        batches = plan_batches(
            requests,
            self.recipe.generation.batch_size,
            stage=stage,
            iteration=self.iteration,
            seed=self.recipe.seed,
            sampling=sampling,
            policy=self.backend.fingerprint(adapter),
        )
        finished = self._finished(stage)
        done: dict[int, list[Completion]] = {}
        with progress.bar(stage, total=len(requests), unit="prompts") as bar:
            for batch in batches:
                written = finished.get((batch.index, batch.key))
                if written is None:
                    written = self._timed(batch, sampling, adapter)
                    self._commit(stage, batch, written)
                done.update(zip(batch.places, written, strict=True))
                bar.update(len(batch.places))
        self._keep_only(stage, batches)
        return [done[place] for place in range(len(requests))]

    def _timed(self, batch: Batch, sampling: Sampling, adapter: str | None) -> list[list[Completion]]:
        started = time.perf_counter()
        written = self.backend.generate(batch.prompts, sampling, adapter=adapter, seed=batch.seed)
        share = (time.perf_counter() - started) / (len(batch.prompts) * sampling.n)
        return [[replace(one, seconds=share) for one in candidates] for candidates in written]

    def _finished(self, stage: str) -> dict[tuple[int, str], list[list[Completion]]]:
        rows = tables.read(self.con, COMPLETIONS, {"iteration": self.iteration, "stage": stage})
        found: dict[tuple[int, str], list[list[Completion]]] = {}
        for row in rows.sort("batch", "place", "sample").iter_rows(named=True):
            prompts = found.setdefault((row["batch"], row["batch_sha256"]), [])
            if row["place"] == len(prompts):
                prompts.append([])
            prompts[row["place"]].append(Completion(*(row[field.name] for field in fields(Completion))))
        return found

    def _commit(self, stage: str, batch: Batch, written: Sequence[Sequence[Completion]]) -> None:
        rows = [
            {"batch_sha256": batch.key, "place": place, "sample": sample, **asdict(completion)}
            for place, candidates in enumerate(written)
            for sample, completion in enumerate(candidates)
        ]
        where = {"iteration": self.iteration, "stage": stage, "batch": batch.index}
        tables.write(self.con, COMPLETIONS, pl.DataFrame(rows), where)

    def _keep_only(self, stage: str, batches: Sequence[Batch]) -> None:
        """Drop what an earlier run with other prompts left in this stage."""
        where = {"iteration": self.iteration, "stage": stage}
        rows = tables.read(self.con, COMPLETIONS, where)
        current = pl.DataFrame(
            [(batch.index, batch.key) for batch in batches],
            schema={"batch": pl.Int32, "batch_sha256": pl.String},
            orient="row",
        )
        kept = rows.join(current, on=["batch", "batch_sha256"], how="semi")
        if kept.height != rows.height:
            tables.write(self.con, COMPLETIONS, kept.drop("iteration", "stage"), where)


def greedy_requests(prompts: Sequence[str]) -> list[tuple[str, str]]:
    """Requests (id, prompt) for greedy completions: equal prompts are one, and name themselves."""
    return [(prompt, prompt) for prompt in sorted(set(prompts))]


def seconds_of(
    con: duckdb.DuckDBPyConnection, iteration: str, stage: str, prompts: Sequence[str]
) -> dict[str, float]:
    """Seconds that the greedy completion of each prompt took; `prompts` are all those of the stage.

    Empty where the stage's batches are other ones, such as those of a run that was stopped since.
    """
    tables.ensure_table(con, COMPLETIONS)
    requests = greedy_requests(prompts)
    rows = tables.read(con, COMPLETIONS, {"iteration": iteration, "stage": stage}).sort("batch", "place")
    if rows.height != len(requests):
        return {}
    order = batch_order(requests)
    return {requests[place][1]: seconds for place, seconds in zip(order, rows["seconds"], strict=True)}
