"""Retrieval at work on an open warehouse: the usual contexts, and the variants that arms read instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import duckdb
import numpy as np
import polars as pl

from models.agents.agents import AgentName
from models.agents.batches import derive_seed
from models.encoders.semantic import SemanticEncoder
from models.encoders.style import open_style
from models.graph.weights import Learned, weights_stem
from models.recipes import Recipe
from models.retrieval import style
from models.retrieval.contexts import StyleSearch, TopicSearch, TopicVectors
from models.retrieval.expectation import Propagator
from models.retrieval.ranking import TopicChoice
from models.retrieval.store import VectorStore
from models.retrieval.vectors import TITLES, USERS, style_file
from pat_dagster import tables
from pat_dagster.cases import VARIANTS, flagged_users
from pat_dagster.rows import frame
from pat_dagster.settings import Settings

Variant: TypeAlias = tuple[AgentName, str]  # whose context, and how it was chosen


@dataclass(frozen=True)
class Shelf:
    """What retrieval reads, each part loaded when first needed, one dataset in memory at a time."""

    con: duckdb.DuckDBPyConnection
    recipe: Recipe

    def datasets(self) -> Iterator[Dataset]:
        """Every dataset with selected examples."""
        selected = tables.read(self.con, "feature.examples", {"is_selected": True})
        for name in selected["dataset"].unique().sort():
            reviews = tables.read(self.con, "staging.reviews", {"dataset": name})
            yield Dataset(self, name, reviews, selected.filter(pl.col("dataset") == name))

    @cached_property
    def store(self) -> VectorStore:
        """The vectors of the home."""
        return VectorStore(Settings.from_env().vectors_path)

    @cached_property
    def meanings(self) -> SemanticEncoder:
        """The recipe's sentence encoder."""
        return SemanticEncoder(self.recipe.semantic_encoder)

    @cached_property
    def topic_vectors(self) -> TopicVectors:
        """What the topic trajectory reads of the store."""
        return TopicVectors.load(self.store)


@dataclass(frozen=True)
class Dataset:
    """The reviews of one dataset and the examples that something is retrieved for."""

    shelf: Shelf
    name: str
    reviews: pl.DataFrame
    examples: pl.DataFrame
    searches: tuple[StyleSearch, TopicSearch] | None = None  # where they are made already

    def of_split(self, split: str) -> Dataset:
        """The same with the examples of one split."""
        return Dataset(self.shelf, self.name, self.reviews, self.examples.filter(pl.col("split") == split))

    def of_places(self, places: np.ndarray) -> Dataset:
        """The same with some of the examples, by place in order of id; what reviews say is shared."""
        examples = self.examples.sort("example_id")[places]
        return Dataset(
            self.shelf,
            self.name,
            self.reviews,
            examples,
            (self.donor_search.of(places), self.topic_search.of(places)),
        )

    def one_by_one(self) -> Iterator[Dataset]:
        """The same for each example alone, in order of id: its rows are then the same whatever else is
        retrieved, while the last bits of a matrix product depend on its other rows.
        """
        for place in range(self.examples.height):
            yield self.of_places(np.array([place]))

    @cached_property
    def donor_search(self) -> StyleSearch:
        """Donors, by the recipe's propagation."""
        if self.searches is not None:
            return self.searches[0]
        settings, recipe = Settings.from_env(), self.shelf.recipe
        name = recipe.retrieval.propagation
        propagator = Propagator(
            name,
            Learned.load(weights_stem(settings.home, self.name)),
            self.shelf.store.load(TITLES),
            self.shelf.meanings if name == "graphsage" else None,
        )
        return StyleSearch.build(
            self.reviews,
            self.examples,
            open_style(recipe.style_encoder, style_file(settings.home, self.name)),
            self.shelf.store.load(USERS),
            propagator,
            flagged_users(self.shelf.con),
        )

    @cached_property
    def topic_search(self) -> TopicSearch:
        """Reviews of the topics."""
        if self.searches is not None:
            return self.searches[1]
        return TopicSearch.build(self.reviews, self.examples, self.shelf.meanings, self.shelf.topic_vectors)

    def style_rows(self, choice: style.Choice = "nearest", *, by_input: bool = False) -> pl.DataFrame:
        """Rows of context.style_reviews by the recipe, but for the choice and where the style comes from."""
        recipe = self.shelf.recipe
        wanted = style.Wanted(
            recipe.retrieval.style_donors,
            recipe.retrieval.reviews_per_donor,
            recipe.retrieval.exclude_same_topic,
            choice,
            derive_seed(recipe.seed, "donors", choice),
        )
        return self.donor_search.rows(wanted, by_input=by_input)

    def topic_rows(self, choice: TopicChoice = "ranked", *, backoff: bool = True) -> pl.DataFrame:
        """Rows of context.topic_reviews by the recipe, but for the choice; without backoff thin ones stay."""
        recipe = self.shelf.recipe.retrieval
        return self.topic_search.rows(
            recipe.topic_reviews,
            alignment=recipe.alignment,
            backoff=backoff and recipe.backoff,
            choice=choice,
        )


CHOICES: Final[Mapping[Variant, Callable[[Dataset], pl.DataFrame]]] = {
    ("style", "random_donors"): lambda dataset: dataset.style_rows("random"),
    ("style", "farthest_donors"): lambda dataset: dataset.style_rows("farthest"),
    ("style", "input_style"): lambda dataset: dataset.style_rows(by_input=True),
    ("topic", "opposed_reviewers"): lambda dataset: dataset.topic_rows("opposed"),
    ("topic", "exact_topic"): lambda dataset: dataset.topic_rows(backoff=False),
}


def varied(shelf: Shelf, variants: Sequence[Variant]) -> dict[Variant, pl.DataFrame]:
    """Rows of context.variant_reviews for test examples; loads nothing where no variant is wanted."""
    parts: dict[Variant, list[pl.DataFrame]] = {variant: [frame(VARIANTS, [])] for variant in variants}
    for dataset in shelf.datasets() if variants else ():
        tests = dataset.of_split("test")
        for agent, name in variants:
            rows = CHOICES[agent, name](tests)
            marks = pl.col("is_aligned") if "is_aligned" in rows.columns else pl.lit(False)
            rows = rows.with_columns(variant=pl.lit(name), agent=pl.lit(agent), is_aligned=marks)
            parts[agent, name].append(rows.select(parts[agent, name][0].columns))
    return {variant: pl.concat(found) for variant, found in parts.items()}
