"""The tree without a warehouse: rows to nodes, nodes to JSON and to a terminal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pat_dagster.explaining.drawing import Wish, draw
from pat_dagster.explaining.queries import COLUMNS, PARTS, load_explain_queries
from pat_dagster.explaining.tree import KEYS, Node, as_object, build

HOSTILE = "\x1b[2J\x1b]0;gone\x07 </script> \u202eevil\nsecond line"
WIDE = Wish(width=400)


def row(
    node: str, kind: str, name: str | None, text: str | None = None, **detail: Any
) -> tuple[str | None, ...]:
    return node, node.rpartition(".")[0] or None, kind, name, text, json.dumps(detail)


TOP = row(
    "t",
    "text",
    "d:e",
    "what was written",
    **{"source": "evaluation", "iteration": "0001", "arm": "pat", "arm_means": "both agents", "dataset": "d"},
    **{
        "task": "long",
        "user_id": "d:u",
        "history_size": 0,
        "topic_id": "d:t",
        "input": "a title",
        "n_reviews": 1,
    },
)
ROLE = row(
    "t.2", "role", "style", "short words", policy_id="style-0001", context="usual", n_reviews=1, n_calls=1
)
REVIEW = row("t.2.r0001", "review", "d:r", "what they say", rank=1, donor_id="d:v", similarity=0.5)
POLICY = row(
    "t.2.w",
    "policy",
    "style-0001",
    "promoted",
    **{"iteration": "0001", "n_pairs": 5, "n_pairs_kept": 5, "status": "in_use", "pairs_are_those": True},
)
PAIR = row("t.2.w.p000001", "pair", "d:train", "better", rejected="worse", margin=0.25)
PARENT = row("t.2.w.w", "policy", "base", "the model as shipped", status="shipped")


def test_rows_in_any_order_make_the_tree() -> None:
    rows = [PARENT, PAIR, POLICY, REVIEW, ROLE, TOP]
    top = build(rows)
    assert [node.key for node in top.walk()] == [
        "t",
        "t.2",
        "t.2.r0001",
        "t.2.w",
        "t.2.w.p000001",
        "t.2.w.w",
    ]
    with pytest.raises(ValueError, match=r"t\.2\.w hangs on t\.2"):
        build([TOP, POLICY])
    with pytest.raises(ValueError, match="no text"):
        build([])


def test_json_has_the_documented_keys_and_no_other() -> None:
    def check(found: dict[str, Any]) -> None:
        assert list(found) == ["kind", "id", "text", *KEYS[found["kind"]], "children"]
        for child in found["children"]:
            check(child)

    check(as_object(build([TOP, ROLE, REVIEW, POLICY, PAIR, PARENT])))
    assert not {key for keys in KEYS.values() for key in keys} & {"kind", "id", "text", "children"}


def test_a_terminal_shows_the_tree() -> None:
    shown = draw(build([TOP, ROLE, REVIEW, POLICY, PAIR, PARENT]), WIDE)
    assert shown.splitlines() == [
        "d:e   arm pat, iteration 0001   d, task long",
        "for d:u (no visible review: cold start) about d:t",
        "asked:",
        "  a title",
        "written:",
        "  what was written",
        "└─ style agent: policy style-0001, summary shown to the generator, 1 review",
        "   short words",
        "   ├─ 1. d:v (similarity +0.50) d:r “what they say”",
        "   └─ policy style-0001, trained in iteration 0001 on 5 pairs, in_use; weights None",
        "      ├─ pair of d:train, +0.250: “better” rather than “worse”",
        "      ├─ … 4 more pairs; --all lists them",
        "      └─ base: the model as shipped",
    ]


def test_pairs_that_changed_since_the_training_are_said() -> None:
    changed = row("t.2.w", "policy", "style-0001", iteration="0001", n_pairs=5, pairs_are_those=False)
    assert "THE PAIRS IN THE WAREHOUSE ARE OTHERS NOW" in draw(build([TOP, ROLE, changed]), WIDE)


def test_what_no_review_stands_behind_says_so() -> None:
    alone = row(
        "t",
        "text",
        "d:e",
        "x",
        arm="none",
        arm_means="the generator with the input alone",
        n_reviews=0,
        task="long",
    )
    assert "no review stands behind this text: the generator with the input alone" in draw(
        build([alone]), WIDE
    )


def test_lines_are_cut_and_nothing_reaches_the_terminal_as_a_command() -> None:
    rows = [
        row(
            "t",
            "text",
            HOSTILE,
            HOSTILE,
            **dict.fromkeys(("user_id", "topic_id", "input", "dataset"), HOSTILE),
        ),
        row("t.2", "role", "style", HOSTILE, policy_id=HOSTILE, is_swapped=True, source_example_id=HOSTILE),
        row("t.2.c001", "call", "round1", HOSTILE, prompt=HOSTILE, prompt_tokens=1, completion_tokens=1),
        row("t.2.c002", "call", "round2", None, parse_error=HOSTILE, prompt_tokens=1, completion_tokens=1),
        row("t.2.r0001", "review", HOSTILE, HOSTILE, rank=1, donor_id=HOSTILE, title=HOSTILE),
        row("t.2.w", "policy", HOSTILE, n_pairs=1, n_pairs_kept=1, recipe=HOSTILE),
        row("t.2.w.p000001", "pair", HOSTILE, HOSTILE, rejected=HOSTILE, margin=0.5),
    ]
    for width in (60, 400):
        shown = draw(build(rows), Wish(width, all=True, prompts=True))
        assert not {letter for letter in shown if not letter.isprintable()} - {"\n"}
        assert all(len(line) <= width for line in shown.splitlines())
    assert "\\x1b[2J" in shown


def test_the_queries_are_documented() -> None:
    queries = load_explain_queries()
    assert set(PARTS) < set(queries)
    for name in PARTS:
        assert tuple(queries[name].columns) == COLUMNS
        asked = {node.expressions[0].name for node in _variables(queries[name].tree)}
        assert asked == set(queries[name].variables)


def _variables(tree: Any) -> list[Any]:
    from sqlglot import exp

    return [node for node in tree.find_all(exp.Anonymous) if node.name.lower() == "getvariable"]


def test_a_node_finds_its_children_by_kind() -> None:
    top = build([TOP, ROLE, REVIEW, POLICY])
    [role] = top.of_kind("role")
    assert [node.id for node in role.of_kind("policy")] == ["style-0001"]
    assert isinstance(role, Node)
