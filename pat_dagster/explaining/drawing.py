"""The tree in a terminal: one line a node, cut at the width; what was asked and written stands whole."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, set_cell_size

from models.printable import printable, printable_line
from pat_dagster.explaining.tree import Node

PAIRS: Final = 3  # of each policy, unless all are asked for
NARROWEST: Final = 40  # characters of a line, however narrow the terminal is
NOTE: Final = "note"  # a line that is no node of the tree
HASH: Final = 8  # characters of a hash that tell it from others on one screen
ROLES: Final = {
    "generator": "generator",
    "style": "style agent",
    "topic": "topic agent",
    "quote": "quoted",
}


@dataclass(frozen=True)
class Wish:
    """What to draw. all: every table, and no hint at more. prompts: what was asked, whole."""

    width: int
    all: bool = False
    prompts: bool = False


def draw(top: Node, wish: Wish) -> str:
    """The whole tree, the text first."""
    lines = [*_heading(top)]
    lines += _block("asked", top.detail["input"], wish)
    lines += _block("written", top.text, wish)
    if top.detail["target"] is not None:
        score = top.detail["rouge1"]
        lines += _block(
            "really" if score is None else f"really, ROUGE-1 {score:.3f}", top.detail["target"], wish
        )
    if not top.detail["n_reviews"]:
        lines.append(f"no review stands behind this text: {_plain(top.detail['arm_means'])}")
    lines += _children(top, "", wish)
    return "\n".join(_cut(printable_line(line), wish.width) for line in lines)


def _heading(top: Node) -> Iterator[str]:
    detail = top.detail
    size = detail["history_size"]
    history = "no visible review: cold start" if not size else f"{size} visible review{'s' * (size != 1)}"
    written = "request" if detail["source"] == "request" else f"arm {detail['arm']}"
    kind = f"{_plain(detail['dataset'])}, task {detail['task']}"
    yield f"{_plain(top.id)}   {written}, iteration {detail['iteration']}   {kind}"
    yield f"for {_plain(detail['user_id'])} ({history}) about {_plain(detail['topic_id'])}"


def _children(node: Node, indent: str, wish: Wish) -> list[str]:
    shown = _shown(node, wish)
    lines: list[str] = []
    for place, child in enumerate(shown, start=1):
        last = place == len(shown)
        lines.append(f"{indent}{'└─ ' if last else '├─ '}{DRAWN[child.kind](child)}")
        below = indent + ("   " if last else "│  ")
        lines += [f"{below}{line}" for line in _beside(child, wish, len(below))]
        lines += _children(child, below, wish)
    return lines


def _shown(node: Node, wish: Wish) -> list[Node]:
    """The children to draw; a note stands for those left out."""
    if node.kind == "policy":
        pairs, others = node.of_kind("pair"), [one for one in node.children if one.kind != "pair"]
        left = (node.detail["n_pairs_kept"] or 0) - len(pairs)
        return [*pairs, *([_note(f"… {left:,} more pairs; --all lists them")] if left > 0 else []), *others]
    if node.kind == "run" and not wish.all and node.children:
        changed = [one for one in node.of_kind("table") if not one.detail["is_as_today"]]
        total = len(node.of_kind("table"))
        return [*changed, _note(f"{total} tables, {total - len(changed)} as they were; --all lists them")]
    return node.children


def _note(text: str) -> Node:
    return Node("", NOTE, None, text, {})


def _beside(node: Node, wish: Wish, indent: int) -> Iterator[str]:
    """Lines below a node that are no node."""
    if node.kind == "role" and node.text is not None:
        yield from _wrapped(node.text, wish.width - indent)
    if node.kind == "call" and wish.prompts and node.detail["prompt"] is not None:
        for line in printable(node.detail["prompt"]).splitlines():
            yield from (
                f"  > {part}" for part in textwrap.wrap(line, max(wish.width - indent - 4, NARROWEST)) or [""]
            )


def _role(node: Node) -> str:
    detail = node.detail
    notes = []
    if detail["policy_id"] is not None and node.id != "generator":
        notes.append(f"policy {_plain(detail['policy_id'])}")
    if node.id in ("style", "topic"):
        notes.append("no summary shown" if node.text is None else "summary shown to the generator")
    if detail["is_swapped"]:
        notes.append(f"swapped: evidence of {_plain(detail['source_example_id'])}")
    if detail["context"] not in (None, "usual"):
        notes.append(f"reviews chosen by {detail['context']}")
    if detail["n_reviews"]:
        notes.append(f"{detail['n_reviews']} review{'s' * (detail['n_reviews'] != 1)}")
    return f"{ROLES[str(node.id)]}{': ' if notes else ''}{', '.join(notes)}"


def _call(node: Node) -> str:
    said = node.detail["parse_error"] if node.text is None else f"“{_plain(node.text)}”"
    tokens = f"{node.detail['prompt_tokens']}+{node.detail['completion_tokens']} tokens"
    return f"{_plain(node.id)}, {tokens}: {said}"


def _review(node: Node) -> str:
    detail = node.detail
    numbers = [
        f"{name} {detail[name]:+.2f}"
        for name in ("similarity", "alignment", "relevance")
        if detail[name] is not None
    ]
    if detail["topic_match"] == "backoff":
        numbers.append(f"near topic {_plain(detail['topic_id'])}, distance {detail['topic_distance']:.2f}")
    title = f"{_plain(detail['title'])}: " if detail["title"] else ""
    about = f" ({', '.join(numbers)})" if numbers else ""
    said = f"{title}{_plain(node.text)}"
    return f"{detail['rank']}. {_plain(detail['donor_id'])}{about} {_plain(node.id)} “{said}”"


def _policy(node: Node) -> str:
    detail = node.detail
    if detail["status"] in ("shipped", "unknown"):
        return f"{_plain(node.id)}: {_plain(node.text)}"
    origin = f"recipe {_plain(detail['recipe'])}, " if detail.get("recipe") else ""
    code = f"code {detail['code_version'][:HASH]}, " if detail["code_version"] else ""
    changed = "" if detail["pairs_are_those"] else "; THE PAIRS IN THE WAREHOUSE ARE OTHERS NOW"
    return (
        f"policy {_plain(node.id)}, trained in iteration {detail['iteration']} "
        f"on {detail['n_pairs']:,} pairs, {detail['status']}; {origin}{code}"
        f"weights {str(detail['weights_sha256'])[:HASH]}{changed}"
    )


def _pair(node: Node) -> str:
    detail = node.detail
    return (
        f"pair of {_plain(node.id)}, {detail['margin']:+.3f}: “{_plain(node.text)}” "
        f"rather than “{_plain(detail['rejected'])}”"
    )


def _run(node: Node) -> str:
    detail = node.detail
    if node.id is None:
        return "which run wrote it was not recorded; `pat evaluate` writes it again, and records it"
    recipe = (
        f"recipe {_plain(detail['recipe'])} {str(detail['recipe_sha256'])[:HASH]}, "
        if detail["recipe"]
        else ""
    )
    if detail["code_version"] is None:
        return f"written by run {node.id[:HASH]}, which did not end"
    started = str(detail["started_at"])[:19]
    return f"written by run {node.id[:HASH]}, {recipe}code {detail['code_version']}, {started} UTC"


def _table(node: Node) -> str:
    detail = node.detail
    key = f" {detail['iteration']}" if detail["iteration"] else ""
    state = "" if detail["is_as_today"] else ", CHANGED SINCE"
    return (
        f"{node.id}{key}: {detail['rows']:,} rows, content {detail['content_sha256'][:HASH]}, "
        f"code {str(detail['code_version'])[:HASH]}{state}"
    )


DRAWN: Final = {
    "role": _role,
    "call": _call,
    "review": _review,
    "policy": _policy,
    "pair": _pair,
    "run": _run,
    "table": _table,
    NOTE: lambda node: str(node.text),
}


def _block(name: str, text: str | None, wish: Wish) -> list[str]:
    lines = list(_wrapped(text or "", wish.width - 2))
    return [f"{name}:", *(f"  {line}" for line in lines)]


def _wrapped(text: str, width: int) -> Iterator[str]:
    for line in printable(text).splitlines() or [""]:
        yield from textwrap.wrap(line, max(width, NARROWEST)) or [""]


def _plain(text: object) -> str:
    """On one line; what a terminal would obey is written out when the line is drawn."""
    return " ".join(str(text).split())


def _cut(line: str, width: int) -> str:
    most = max(width, NARROWEST)
    return line if cell_len(line) <= most else f"{set_cell_size(line, most - 1).rstrip()}…"
