"""A language model as a judge: grades from 1 to 7 against the reference, and whether it can be believed.

A Likert scale of seven points (Likert 1932), reported divided by ten as papers of the field do. A judge is a
measuring instrument: before its grades mean anything it must rank what is known to rank. The author's own
text must be above another user's text on the same topic, and that above a text about something else. Ties
count half, so a judge that always says the same agrees in half of all cases, as one that tosses a coin.

Texts are quoted on one line and the prompt says that they are quotations. A text that asks for a good grade
may still get one from a weak judge; no metric but this one depends on it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from models.agents.agents import LABELS, one_line
from models.evaluation.bootstrap import paired_bootstrap
from models.prompts import render
from models.recipes import Task
from models.retrieval.chance import hashes, shares

LOWEST, HIGHEST = 1, 7
REPORTED_PER_POINT: Final = 0.1
CHARACTERS: Final = 2000  # of each text: 97 of 100 reviews of every corpus tried are shorter
REPLY_TOKENS: Final = 16  # room for "Score: 5 out of 7"
JUDGED_TASKS: Final[tuple[Task, ...]] = ("long", "short")  # a rating is a number already
CHANCE: Final = 0.5

Known = Literal["target", "other_user", "random_text"]
COMPARISONS: Final[tuple[tuple[Known, Known], ...]] = (  # what must be graded higher, than what
    ("target", "other_user"),
    ("target", "random_text"),
    ("other_user", "random_text"),
)
SCALE: Final = re.compile(r"(?:/|\bout of|\bof|\bfrom 1 to|\b1 to|\b1\s*[-\u2013])\s*7\b", re.IGNORECASE)
NUMBER: Final = re.compile(r"(?<![\w.,-])-?\d+(?:[.,]\d+)?(?!\w)")


@dataclass(frozen=True)
class Grade:
    """A reply as read: `value` from 1 to 7, or None and why."""

    value: int | None
    error: str | None = None


def judge_prompt(task: Task, text_input: str, reference: str, candidate: str) -> str:
    """What the judge is asked about one text."""
    quoted = {"input": text_input, "reference": reference, "candidate": candidate}
    lines = {name: one_line(text, CHARACTERS) for name, text in quoted.items()}
    return render("judge", task=task, label=LABELS[task], **lines)


def read_grade(reply: str) -> Grade:
    """The one whole number from 1 to 7 of a reply; a mention of the scale ("6/7", "1 to 7") is none."""
    found = set(NUMBER.findall(SCALE.sub(" ", reply)))
    if not found:
        return Grade(None, "no number in the reply")
    if len(found) > 1:
        return Grade(None, "several numbers in the reply")
    whole = found.pop().removesuffix(".0")
    if whole not in {str(point) for point in range(LOWEST, HIGHEST + 1)}:
        return Grade(None, f"not a whole number from {LOWEST} to {HIGHEST}")
    return Grade(int(whole))


def reported(grade: int) -> float:
    """A grade as the leaderboard shows it: .1 to .7."""
    return grade * REPORTED_PER_POINT


def known_texts(
    examples: pl.DataFrame, reviews: pl.DataFrame, seed: int
) -> tuple[pl.DataFrame, dict[Known, list[str]]]:
    """Texts whose order is known for examples of one dataset and task, and the m examples that have them all.

    other_user and random_text are drawn by a hash of seed, example and review among texts that one user alone
    wrote, about the example's topic and about others.
    """
    task = examples["task"][0] if examples.height else "long"
    text = {"long": "text", "short": "title"}[task]
    told = reviews.filter(~pl.col("is_shared_text") & (pl.col(text).str.strip_chars().str.len_chars() > 0))
    user, topic, said = (told[name].to_numpy() for name in ("user_id", "topic_id", text))
    by_review = hashes(told["review_id"], seed)
    kept: list[int] = []
    found: dict[Known, list[str]] = {"target": [], "other_user": [], "random_text": []}
    for place, (row, own) in enumerate(
        zip(examples.iter_rows(named=True), hashes(examples["example_id"], seed), strict=True)
    ):
        others, here = user != row["user_id"], topic == row["topic_id"]
        if not (others & here).any() or not (others & ~here).any():
            continue
        chance = shares(by_review ^ own)
        kept.append(place)
        found["target"].append(row["target"])
        found["other_user"].append(str(said[np.argmin(np.where(others & here, chance, 1.0))]))
        found["random_text"].append(str(said[np.argmin(np.where(others & ~here, chance, 1.0))]))
    return examples[kept], found


def quality_rows(
    grades: Mapping[Known, Sequence[int | None]], *, samples: int, confidence: float, seed: int
) -> list[dict[str, object]]:
    """Does the judge rank what is known? One row a comparison of texts of n examples, None for unreadable.

    agreement: share of examples in which the better text got the higher grade, ties as halves, with a
    bootstrap interval over examples; `holds` when the interval lies above chance. The judge is usable when
    all comparisons hold.
    """
    rows = []
    for better, worse in COMPARISONS:
        both = list(zip(grades[better], grades[worse], strict=True))
        read = [(high, low) for high, low in both if high is not None and low is not None]
        rows.append(
            {
                "better": better,
                "worse": worse,
                "n": len(read),
                "n_unreadable": len(both) - len(read),
                "n_ties": sum(high == low for high, low in read),
                **_agreement(np.array(read, dtype=np.float64).reshape(-1, 2), samples, confidence, seed),
            }
        )
    usable = all(row["holds"] for row in rows)
    return [{**row, "judge_is_usable": usable, "reason": _reason(row)} for row in rows]


def _agreement(read: np.ndarray, samples: int, confidence: float, seed: int) -> dict[str, object]:
    """read (n, 2): grades of the better and of the worse text."""
    if not len(read):
        nothing = ("mean_better", "mean_worse", "agreement", "ci_low", "ci_high")
        return {**dict.fromkeys(nothing), "holds": False}
    wins = (1.0 + np.sign(read[:, 0] - read[:, 1])) / 2.0
    share = paired_bootstrap(wins, np.zeros(len(wins)), samples, confidence, seed)
    better, worse = read.mean(axis=0)
    return {
        "mean_better": float(better),
        "mean_worse": float(worse),
        "agreement": share.mean,
        "ci_low": share.low,
        "ci_high": share.high,
        "holds": share.low > CHANCE,
    }


def _reason(row: Mapping[str, object]) -> str:
    """In words, with the numbers."""
    unreadable = f"{row['n_unreadable']} of {int(str(row['n'])) + int(str(row['n_unreadable']))} unreadable"
    if not row["n"]:
        return f"nothing to compare: {unreadable}"
    numbers = f"agreement {row['agreement']:.2f} [{row['ci_low']:.2f}, {row['ci_high']:.2f}], {unreadable}"
    return numbers if row["holds"] else f"not above chance: {numbers}"
