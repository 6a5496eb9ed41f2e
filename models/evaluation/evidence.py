"""How much a context knows about one hidden target: the measures of evaluation.trajectory_quality.

A measure maps an example and the rows of some reviews to a number, NaN where it does not apply. The same
function judges what retrieval chose and what chance would have shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np
import polars as pl

from models.encoders.stylometry import Kind
from models.evaluation.content_words import content_words
from models.retrieval.alignment import text_vectors
from models.retrieval.corpus import Corpus
from models.sample.world import World

Trajectory = Literal["style", "topic"]
TRAJECTORIES: Final[tuple[Trajectory, ...]] = ("style", "topic")
# (trajectory, task) -> a measure that cannot be taken there, and why
INAPPLICABLE: Final[Mapping[tuple[Trajectory, str], tuple[str, str]]] = {
    ("style", "rating"): ("style_likeness", "a rating is not written in a style")
}
Measure = Callable[[int, np.ndarray], float]  # (row of the example, rows of reviews) -> value


class Styles(Protocol):
    """Anything that turns texts into unit rows of style, such as StyleEncoder."""

    def encode(self, texts: list[str], kind: Kind = "text") -> np.ndarray:
        """(n, d) unit rows."""
        ...


@dataclass(frozen=True)
class Judged:
    """One dataset: reviews and examples as in `corpus`, in its order, with everything a measure looks at.

    examples: task, target, target_rating. reviews: rating. Vectors follow the reviews, (n, d).
    """

    corpus: Corpus
    examples: pl.DataFrame
    ratings: np.ndarray
    text_meaning: np.ndarray
    title_meaning: np.ndarray
    text_style: np.ndarray
    title_style: np.ndarray
    target_style: np.ndarray
    world: World | None

    @classmethod
    def build(
        cls,
        reviews: pl.DataFrame,
        examples: pl.DataFrame,
        meanings: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
        styles: Styles,
        world: World | None,
    ) -> Judged:
        """From rows of staging.reviews and feature.examples of one dataset.

        meanings: vectors of reviews and of their titles by review id. world: the planted truth, if any.
        """
        corpus = Corpus.build(reviews, examples)
        review_meaning, title_meaning = meanings(corpus.reviews["review_id"].to_numpy())
        asked = examples.sort("example_id")
        visible = reviews.filter(~pl.col("is_shared_text")).sort("review_id")
        targets = asked["target"].to_list()
        is_title = (asked["task"] == "short").to_numpy()[:, None]
        return cls(
            corpus=corpus,
            examples=asked,
            ratings=visible["rating"].cast(pl.Float64).fill_null(np.nan).to_numpy(),
            text_meaning=text_vectors(review_meaning, title_meaning),
            title_meaning=title_meaning,
            text_style=styles.encode(visible["text"].to_list()),
            title_style=styles.encode(visible["title"].to_list(), "input"),
            target_style=np.where(is_title, styles.encode(targets, "input"), styles.encode(targets)),
            world=world,
        )

    def measures(self, trajectory: Trajectory, task: str) -> Mapping[str, Measure]:
        """The measures that apply, by name."""
        found: dict[str, Measure] = {}
        if trajectory == "style" and task != "rating":
            found["style_likeness"] = _Likeness(
                self.target_style, self.text_style if task == "long" else self.title_style
            )
        if trajectory == "topic" and task != "rating":
            vectors = self.text_meaning if task == "long" else self.title_meaning
            own = self.corpus.examples["target_row"].to_numpy()
            found["meaning_likeness"] = _Likeness(np.where((own >= 0)[:, None], vectors[own], 0.0), vectors)
            found["content_word_recall"] = _Recall(self)
        if trajectory == "topic" and task == "rating":
            found["rating_error"] = _RatingError(self)
        if self.world is not None:
            found |= self._planted(trajectory, task, self.world)
        return found

    def _planted(self, trajectory: Trajectory, task: str, world: World) -> dict[str, Measure]:
        truth = world.truth
        people = [truth[str(user).split(":", 1)[1]] for user in self.corpus.users]
        if trajectory == "style":
            return {"right_community": _Same(self.corpus, np.array([user.community for user in people]))}
        found: dict[str, Measure] = {
            "right_group": _Same(self.corpus, np.array([user.group for user in people]))
        }
        if task == "long":
            found["aspects_named"] = _Aspects(self, world, together=False)
            found["aspects_covered"] = _Aspects(self, world, together=True)
        return found


class _Likeness:
    """Mean cosine of the shown vectors to the target's; NaN for a target without a vector."""

    def __init__(self, target: np.ndarray, shown: np.ndarray) -> None:
        self._target, self._shown = target, shown

    def __call__(self, example: int, rows: np.ndarray) -> float:
        if not self._target[example].any():
            return np.nan
        return float((self._shown[rows] @ self._target[example]).mean())


class _Recall:
    """Share of the target's distinct content words that occur in the titles and texts shown."""

    def __init__(self, judged: Judged) -> None:
        self._target = [content_words(text) for text in judged.examples["target"]]
        texts = judged.corpus.reviews.select("title", "text").iter_rows()
        self._shown = [content_words(f"{title} {text}") for title, text in texts]

    def __call__(self, example: int, rows: np.ndarray) -> float:
        target = self._target[example]
        said = frozenset[str]().union(*(self._shown[row] for row in rows))
        return len(target & said) / len(target) if target else np.nan


class _RatingError:
    """Distance of the mean rating shown to the hidden one, in rating points; less is better."""

    def __init__(self, judged: Judged) -> None:
        self._target = judged.examples["target_rating"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        self._shown = judged.ratings

    def __call__(self, example: int, rows: np.ndarray) -> float:
        known = self._shown[rows][~np.isnan(self._shown[rows])]
        return float(abs(known.mean() - self._target[example])) if len(known) else np.nan


class _Same:
    """Share of rows whose author has the same planted trait as the example's user."""

    def __init__(self, corpus: Corpus, trait: np.ndarray) -> None:
        self._wanted = trait[corpus.examples["user"].to_numpy()]
        self._shown = trait[corpus.reviews["user"].to_numpy()]

    def __call__(self, example: int, rows: np.ndarray) -> float:
        return float((self._shown[rows] == self._wanted[example]).mean())


class _Aspects:
    """Share of the planted facts in the hidden text that a shown text names on average, or all together.

    NaN if the hidden text holds none.
    """

    def __init__(self, judged: Judged, world: World, together: bool) -> None:
        facts = {topic.topic_id: {fact.value for fact in topic.facts} for topic in world.topics}
        about = judged.corpus.topics[judged.corpus.examples["topic"].to_numpy()]
        self._target = [
            {value for value in facts[str(topic).split(":", 1)[1]] if value in text.lower()}
            for topic, text in zip(about, judged.examples["target"], strict=True)
        ]
        self._shown = [text.lower() for text in judged.corpus.reviews["text"]]
        self._together = together

    def __call__(self, example: int, rows: np.ndarray) -> float:
        target = self._target[example]
        named = [[value in self._shown[row] for row in rows] for value in target]
        if not named:
            return np.nan
        return float(np.mean([any(of_fact) if self._together else np.mean(of_fact) for of_fact in named]))
