"""Specificity: zero for consensus, positive for a user's own words, compared with nobody who was shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from models.evaluation.rouge import rouge_scores
from models.evaluation.specificity import FEWEST, MOST, OtherTargets, specificity

TOPICS, USERS, WORDS = 60, 12, 14
COMMON = [f"thing{number}" for number in range(40)]  # a topic is written about in these
OWN = [f"habit{number}" for number in range(200)]  # a user writes some of these


def q(texts: Sequence[str], targets: Sequence[str]) -> np.ndarray:
    return rouge_scores(texts, targets)[0]


class World:
    """Targets of USERS users on each of TOPICS topics: words of the topic, and words of the user."""

    def __init__(self, seed: int) -> None:
        chosen = np.random.default_rng(seed)
        rows = []
        for topic in range(TOPICS):
            favored = chosen.permutation(COMMON)[:20]
            for user in range(USERS):
                habits = list(chosen.choice(OWN, 4, replace=False))
                texts = [
                    " ".join(chosen.permutation([*chosen.choice(favored, WORDS), *habits])) for _ in range(2)
                ]
                rows.append(
                    {"example_id": f"{topic}-{user}", "user_id": f"u{topic}-{user}", "topic_id": f"t{topic}"}
                    | {"split": "test", "target_is_shared": False, "target": texts[0], "other": texts[1]}
                )
        self.examples = pl.DataFrame(rows)
        self.others = OtherTargets.build(self.examples, seed)
        self.targets = dict(zip(self.examples["user_id"], self.examples["target"], strict=True))
        self.chosen = chosen

    def rivals(self, user: str, n: int) -> list[str]:
        """Ids of n other users of the topic, drawn by chance."""
        topic = user.split("-")[0]
        others = [name for name in self.targets if name.startswith(f"{topic}-") and name != user]
        return list(self.chosen.choice(others, n, replace=False))

    def measure(self, texts: Sequence[str], shown: Sequence[Sequence[str]]) -> np.ndarray:
        own = q(texts, self.examples["target"].to_list())
        return specificity(texts, own, self.examples["example_id"].to_list(), shown, self.others, q)


def interval(values: np.ndarray) -> tuple[float, float]:
    """99.9% interval of the mean: one seed in a thousand fails by chance, and the seed is fixed."""
    half = 3.3 * values.std() / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


@pytest.mark.parametrize("n_shown", [1, 4])
def test_consensus_is_zero_in_expectation_and_only_because_the_shown_are_left_out(n_shown: int) -> None:
    world = World(3)
    shown = [world.rivals(user, n_shown) for user in world.examples["user_id"]]
    texts = [" ".join(world.targets[name] for name in names) for names in shown]
    low, high = interval(world.measure(texts, shown))
    assert low < 0 < high
    assert high - low < 0.03  # narrow enough to see a bias
    _, high = interval(world.measure(texts, [[] for _ in shown]))  # as if nobody had been shown
    assert high < 0


def test_the_users_own_words_score_above_zero() -> None:
    world = World(4)
    other_texts = world.examples["other"].to_list()  # by the same user, about the same topic
    low, _ = interval(world.measure(other_texts, [[] for _ in other_texts]))
    assert low > 0.05
    own = world.examples["target"].to_list()
    assert world.measure(own, [[] for _ in own]).min() > 0


def rows(**columns: Sequence[object]) -> pl.DataFrame:
    n = len(next(iter(columns.values())))
    usual: dict[str, Sequence[object]] = {
        "example_id": [f"e{number}" for number in range(n)],
        "user_id": [f"u{number}" for number in range(n)],
        "topic_id": ["t"] * n,
        "split": ["test"] * n,
        "target_is_shared": [False] * n,
        "target": [f"word{number}" for number in range(n)],
    }
    return pl.DataFrame(usual | columns)


def test_who_is_compared_with() -> None:
    examples = rows(
        user_id=["me", "me", "a", "b", "c", "d"],
        topic_id=["t", "t", "t", "t", "t", "elsewhere"],
        split=["test", "test", "validation", "train", "test", "test"],
        target_is_shared=[False, False, False, False, True, False],
    )
    others = OtherTargets.build(examples, 1)
    assert [others.user_ids[number] for number in others.of("e0", ())] == ["a"]  # never oneself
    assert others.of("e0", {"a"}) == []
    assert sorted(others.user_ids[number] for number in others.of("e2", ())) == ["me", "me"]
    assert others.of("unknown", ()) == others.of("e5", ()) == []


def test_too_few_others_give_no_value() -> None:
    for n in range(1, 5):
        others = OtherTargets.build(rows(user_id=[f"u{number}" for number in range(n)]), 1)
        value = specificity(["word0"], q(["word0"], ["word0"]), ["e0"], [()], others, q)
        assert np.isnan(value[0]) == (n - 1 < FEWEST)
        assert np.isnan(value[0]) or value[0] == 1.0


def test_many_others_are_drawn_by_ids_alone() -> None:
    examples = rows(user_id=[f"u{number}" for number in range(40)])
    drawn = OtherTargets.build(examples, 1)
    other_words = OtherTargets.build(
        examples.with_columns(target=pl.lit("x")).sample(fraction=1.0, shuffle=True, seed=2), 1
    )
    assert len(drawn.of("e0", ())) == MOST
    for one in ("e0", "e7"):
        assert [drawn.user_ids[number] for number in drawn.of(one, ())] == [
            other_words.user_ids[number] for number in other_words.of(one, ())
        ]
    assert drawn.order["e0"] != drawn.order["e7"]
    assert OtherTargets.build(examples, 2).order["e0"] != drawn.order["e0"]


def test_nothing_to_measure() -> None:
    others = OtherTargets.build(rows(user_id=["a", "b"]).head(0), 1)
    assert specificity([], np.zeros(0), [], [], others, q).shape == (0,)
