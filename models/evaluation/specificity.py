"""Specificity: how much better a text fits its own user's target than other users' targets on the same topic.

    specificity(y) = Q(y, own target) - mean of Q(y, targets of other users on the topic)

A text that would fit anybody who writes about the topic scores zero in expectation, one that fits this user
alone scores above it. Three decisions make that true:

- targets of users whose reviews the arm was shown for this example are not compared with: what is made of
  them fits them better than anybody it has not seen, and consensus would score below zero;
- targets of train users are not compared with: the policies learned from them;
- who is compared with is drawn by a hash of ids, so that it depends on no text, and arms that were shown the
  same are compared with the same targets.

Q is the recipe's, without its penalties: a penalty for length would compare targets by their lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

import numpy as np
import polars as pl

from models.evaluation.rouge import Scores
from models.retrieval.chance import hashes, shares

FEWEST: Final = 2  # targets of others: a topic needs three with the user's own
MOST: Final = 8  # of them: the noise of the own target outweighs that of a mean of eight

Quality: TypeAlias = Callable[[Sequence[str], Sequence[str]], Scores]
"""(texts, targets) -> Q of each pair, shape (n,)."""


@dataclass(frozen=True)
class OtherTargets:
    """What other held-out users wrote about the topic of each example of one dataset and task.

    texts, user_ids: (t) targets. order: example id -> their numbers, in the order in which they are drawn.
    """

    texts: list[str]
    user_ids: list[str]
    order: dict[str, list[int]]

    @classmethod
    def build(cls, examples: pl.DataFrame, seed: int) -> OtherTargets:
        """From rows of feature.examples of one dataset and task, selected or not.

        Targets that several users wrote are left out.
        """
        told = examples.filter(pl.col("split") != "train", ~pl.col("target_is_shared"))
        told = told.sort("topic_id", "example_id").with_row_index("number")
        hashed = hashes(told["example_id"], seed)
        people = told.select("number", "topic_id", "user_id")
        pairs = people.join(people, on="topic_id", suffix="_of_other")
        pairs = pairs.filter(pl.col("user_id") != pl.col("user_id_of_other"))
        own, other = pairs["number"].to_numpy(), pairs["number_of_other"].to_numpy()
        draws = pl.DataFrame({"own": own, "other": other, "draw": shares(hashed[own] ^ hashed[other])})
        drawn = draws.sort("own", "draw", "other").group_by("own", maintain_order=True).agg("other")
        names = told["example_id"]
        order = {names[row]: others for row, others in drawn.iter_rows()}
        return cls(told["target"].fill_null("").to_list(), told["user_id"].to_list(), order)

    def of(self, example_id: str, shown_users: Collection[str]) -> list[int]:
        """Numbers of at most `MOST` targets of users who are not among `shown_users`."""
        numbers = self.order.get(example_id, ())
        unseen = (number for number in numbers if self.user_ids[number] not in shown_users)
        return list(islice(unseen, MOST))


def specificity(
    texts: Sequence[str],
    own_quality: Scores,
    example_ids: Sequence[str],
    shown_users: Sequence[Collection[str]],
    others: OtherTargets,
    quality: Quality,
) -> Scores:
    """(n,) for n texts of one dataset and task; NaN where fewer than `FEWEST` others can be compared with.

    own_quality: Q of each text against its own target. shown_users: whose reviews stood behind each text.
    """
    drawn = [others.of(example_id, users) for example_id, users in zip(example_ids, shown_users, strict=True)]
    counts = np.array([len(numbers) for numbers in drawn], dtype=np.int64)
    row = np.repeat(np.arange(len(texts)), counts)
    number = np.array([number for numbers in drawn for number in numbers], dtype=np.int64)
    order = np.argsort(number, kind="stable")  # pairs of one topic together: their texts are cut once
    row, number = row[order], number[order]
    written, wanted = (
        [texts[place] for place in row.tolist()],
        [others.texts[place] for place in number.tolist()],
    )
    values = quality(written, wanted)
    means = np.bincount(row, weights=values, minlength=len(texts)) / np.maximum(counts, 1)
    return np.where(counts >= FEWEST, own_quality - means, np.nan)
