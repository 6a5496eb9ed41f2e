"""The judge: what it is asked, what counts as a grade, and which judges are believed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evaluation.judge import (
    CHARACTERS,
    HIGHEST,
    LOWEST,
    Known,
    judge_prompt,
    known_texts,
    quality_rows,
    read_grade,
    reported,
)
from models.llm import Completion, Sampling
from models.recipes import Judge, load_recipe
from pat_dagster import tables, writing
from pat_dagster.assets import judging
from pat_dagster.partitions import ITERATIONS
from pat_dagster.resources.warehouse import Warehouse
from pat_dagster.settings import Settings
from pat_dagster.sql_checks import load_checks
from tests.retrieval.worlds import make_examples, make_reviews

OPTIONS = {"samples": 500, "confidence": 0.95, "seed": 1}
ITERATION = "0000"


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ("6", 6),
        (" 7.\n", 7),
        ("Score: 5 out of 7", 5),
        ("6/7", 6),
        ("**4**", 4),
        ("On a scale from 1 to 7 I say 3.", 3),
        ("1-7: 2", 2),
        ("7/7", 7),
        ("4.0", 4),
        ("I would say 3; yes, 3", 3),
    ],
)
def test_one_whole_number_is_a_grade(reply: str, value: int) -> None:
    assert read_grade(reply).value == value


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "good",
        "0",
        "8",
        "-3",
        "5.5",
        "5 or 6",
        "70",
        "1 to 7",
        "seven",
        "2024",
        "3rd",
        "x7",
        "between 2 and 3",
        "1,000",
        "9" * 5000,
    ],
)
def test_anything_else_is_unreadable_and_says_why(reply: str) -> None:
    grade = read_grade(reply)
    assert grade.value is None
    assert grade.error


@given(st.text())
def test_no_reply_breaks_the_reader(reply: str) -> None:
    grade = read_grade(reply)
    assert (grade.value is None) == (grade.error is not None)
    assert grade.value is None or LOWEST <= grade.value <= HIGHEST


def test_grades_are_reported_divided_by_ten() -> None:
    assert [reported(grade) for grade in (1, 7)] == pytest.approx([0.1, 0.7])


@given(st.text(), st.text(), st.text())
def test_texts_stay_on_their_lines(given_input: str, reference: str, candidate: str) -> None:
    prompt = judge_prompt("long", given_input, reference, candidate)
    lines = judge_prompt("long", "x", "x", "x").split("\n")
    assert len(prompt.split("\n")) == len(lines)
    assert prompt.split("\n")[-1] == lines[-1]


def test_a_text_is_no_template_and_is_cut() -> None:
    prompt = judge_prompt("short", "a", "{{ 7 * 7 }}", "word " * CHARACTERS)
    assert "{{ 7 * 7 }}" in prompt
    assert len(prompt) < 2 * CHARACTERS


def rows_of(
    target: Sequence[int | None], other: Sequence[int | None], random: Sequence[int | None]
) -> list[dict[str, object]]:
    grades: dict[Known, Sequence[int | None]] = {
        "target": target,
        "other_user": other,
        "random_text": random,
    }
    return quality_rows(grades, **OPTIONS)  # type: ignore[arg-type]


def test_a_judge_that_ranks_what_is_known_is_usable() -> None:
    rows = rows_of([7, 6, 7, 7] * 10, [4, 4, 6, 5] * 10, [1, 2, 1, 4] * 10)
    assert [row["agreement"] for row in rows] == [1.0, 1.0, 1.0]
    assert all(row["holds"] and row["judge_is_usable"] for row in rows)


def test_a_constant_judge_is_at_chance() -> None:
    rows = rows_of([4] * 30, [4] * 30, [4] * 30)
    assert [row["agreement"] for row in rows] == [0.5] * 3
    assert [row["n_ties"] for row in rows] == [30] * 3
    assert not any(row["holds"] or row["judge_is_usable"] for row in rows)
    assert all("not above chance" in str(row["reason"]) for row in rows)


def test_a_judge_that_knows_the_topic_and_not_the_author_is_not_usable() -> None:
    rows = rows_of([5, 4] * 20, [4, 5] * 20, [1, 1] * 20)
    assert [row["holds"] for row in rows] == [False, True, True]
    assert not any(row["judge_is_usable"] for row in rows)


def test_a_reversed_judge_is_not_usable() -> None:
    rows = rows_of([1] * 20, [2] * 20, [3] * 20)
    assert [row["agreement"] for row in rows] == [0.0] * 3
    assert not any(row["holds"] for row in rows)


def test_unreadable_replies_are_counted_and_nothing_is_divided_by_zero() -> None:
    rows = rows_of([7, None, 7], [1, 1, None], [None, None, None])
    assert [(row["n"], row["n_unreadable"]) for row in rows] == [(1, 2), (0, 3), (0, 3)]
    assert rows[1]["agreement"] is None
    assert "3 of 3 unreadable" in str(rows[1]["reason"])
    for row in rows_of([], [], []):
        assert row["n"] == 0
        assert not row["holds"]


def test_known_texts_are_of_others_and_depend_on_ids_alone() -> None:
    reviews = make_reviews(41, users=40, topics=6)
    examples = make_examples(reviews)
    kept, found = known_texts(examples, reviews, 1)
    assert 0 < kept.height <= examples.height
    assert found["target"] == kept["target"].to_list()
    by_text = {row["text"]: row for row in reviews.iter_rows(named=True)}
    for row, other, random in zip(
        kept.iter_rows(named=True), found["other_user"], found["random_text"], strict=True
    ):
        assert by_text[other]["topic_id"] == row["topic_id"] != by_text[random]["topic_id"]
        assert row["user_id"] not in (by_text[other]["user_id"], by_text[random]["user_id"])
        assert not by_text[other]["is_shared_text"]
    again, mixed = known_texts(examples, reviews.reverse(), 1)
    assert again.equals(kept)
    assert mixed == found
    assert known_texts(examples, reviews, 2)[1] != found


class Scripted:
    """A judge that counts the words of the reference that the candidate has, or whatever `says` does."""

    def __init__(self, says: Callable[[str, str], str]) -> None:
        self.says, self.asked = says, 0

    def fingerprint(self, adapter: str | None = None) -> str:
        return "scripted"

    def generate(
        self, prompts: Sequence[str], sampling: Sampling, *, adapter: str | None = None, seed: int = 0
    ) -> list[list[Completion]]:
        self.asked += len(prompts)
        found = []
        for prompt in prompts:
            lines = dict(re.findall(r"^(Reference|Candidate): (.*)$", prompt, re.MULTILINE))
            found.append(
                [Completion(self.says(lines.get("Reference", ""), lines.get("Candidate", "")), 9, 1, "stop")]
            )
        return found


def overlap(reference: str, candidate: str) -> str:
    words, found = set(reference.split()), set(candidate.split())
    return str(1 + round(6 * len(words & found) / max(1, len(words | found))))


def judged(
    home: Path, monkeypatch: pytest.MonkeyPatch, backend: Scripted, judge: Judge | None
) -> dict[str, pl.DataFrame]:
    """Tables of the judge after both assets: arm `right` writes the target, arm `wrong` something else."""
    recipe = load_recipe("mini")
    evaluation = recipe.evaluation.model_copy(update={"judge": judge, "bootstrap_samples": 200})
    recipe.model_copy(update={"evaluation": evaluation}).save(Settings(home).recipe_path)
    monkeypatch.setattr(writing, "load_backend", lambda name: backend)
    reviews = make_reviews(42, users=60, topics=6)
    examples = make_examples(reviews).with_columns(split=pl.lit("test"), is_selected=True)
    texts = [
        {
            "arm": arm,
            "example_id": row["example_id"],
            "text": text,
            "style_summary": None,
            "topic_summary": None,
        }
        | {"prompt_tokens": 0, "completion_tokens": 0}
        for row in examples.iter_rows(named=True)
        for arm, text in (("right", row["target"]), ("wrong", "completely else"))
    ]
    with Warehouse(home=str(home)).connect() as con:
        for table, frame in {"feature.examples": examples, "staging.reviews": reviews}.items():
            con.execute(f"create schema if not exists {table.split('.')[0]}")
            con.register("incoming", frame)
            con.execute(f"create or replace table {table} as from incoming")
        tables.write(con, "evaluation.predictions", pl.DataFrame(texts), {"iteration": ITERATION})
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions(str(ITERATIONS.name), [ITERATION])
    assert dg.materialize(
        [judging.grades, judging.judge_quality],
        instance=instance,
        partition_key=ITERATION,
        resources={"warehouse": Warehouse(home=str(home))},
    ).success
    with Warehouse(home=str(home)).connect() as con:
        con.execute("set variable iteration = ?", [ITERATION])
        broken = {
            check.name: con.sql(check.sql).pl().height
            for check in load_checks()
            if check.table.name in (judging.GRADES, judging.QUALITY)
        }
        return {
            "grades": tables.read(con, judging.GRADES),
            "quality": tables.read(con, judging.QUALITY),
            "scores": judging.grade_scores(con, ITERATION),
            "broken": pl.DataFrame([broken]),
        }


def test_a_judge_that_reads_grades_every_arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Scripted(overlap)
    found = judged(tmp_path, monkeypatch, backend, Judge(base_model="scripted", max_examples=20))
    assert found["grades"].group_by("arm").len().sort("arm").rows() == [("right", 20), ("wrong", 20)]
    means = dict(found["scores"].group_by("arm").agg(pl.col("value").mean()).iter_rows())
    assert means["right"] == pytest.approx(0.7)
    assert means["wrong"] < 0.3
    assert set(found["scores"]["metric"]) == {"judge"}
    known = {(row["better"], row["worse"]): row for row in found["quality"].iter_rows(named=True)}
    assert known["target", "other_user"]["holds"]
    assert known["target", "random_text"]["holds"]
    assert not known["other_user", "random_text"]["holds"]  # this world says nothing about its topics
    assert not found["quality"]["judge_is_usable"].any()
    assert found["broken"]["the_judge_ranks_what_is_known"].item() == 1
    assert found["broken"]["a_grade_is_one_to_seven_or_says_why_not"].item() == 0
    asked = backend.asked
    judged(tmp_path, monkeypatch, backend, Judge(base_model="scripted", max_examples=20))
    assert backend.asked == asked  # finished batches are not asked again


def test_an_unreadable_judge_grades_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Scripted(lambda reference, candidate: "what a nice text")
    found = judged(tmp_path, monkeypatch, backend, Judge(base_model="scripted", max_examples=5))
    assert found["grades"]["grade"].null_count() == found["grades"].height == 10
    assert set(found["grades"]["error"]) == {"no number in the reply"}
    assert found["scores"].is_empty()
    assert found["quality"]["n"].to_list() == [0, 0, 0]
    assert not found["quality"]["judge_is_usable"].any()
    assert found["broken"]["the_judge_can_be_read"].item() == 2


def test_without_a_judge_nobody_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Scripted(overlap)
    found = judged(tmp_path, monkeypatch, backend, None)
    assert backend.asked == 0
    assert found["grades"].is_empty()
    assert found["quality"].is_empty()
    assert found["scores"].is_empty()
