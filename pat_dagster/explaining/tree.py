"""The tree as rows, as objects and as JSON, whose keys are these and stay."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

# Every node has kind, id, text and children; this is what else a node of each kind has, null without a value.
KEYS: Final[Mapping[str, Mapping[str, str]]] = {
    "text": {
        "source": "evaluation or request",
        "iteration": "turn of the loop that wrote it",
        "arm": "way to write it, pat for requests",
        "arm_means": "what the arm does",
        "dataset": "dataset of the example or request",
        "task": "long, short or rating",
        "user_id": "for whom it was written",
        "history_size": "visible own reviews of the user; 0 is the cold start",
        "topic_id": "what it is about",
        "input": "what the user gave",
        "target": "what the user really wrote; null for requests",
        "rouge1": "ROUGE-1 of text against target; null for requests",
        "n_reviews": "reviews behind the text, one shown to both agents counted twice",
    },
    "role": {
        "policy_id": "policy that answered; null without a model, and where nobody recorded it",
        "context": "usual or the variant that chose the reviews; null where the arm chose them itself",
        "source_example_id": "example whose evidence was read; null for requests",
        "is_swapped": "whether that is another example than the one written for",
        "n_calls": "questions to the role on the way to the text",
        "n_reviews": "reviews that it was shown, or quotes",
    },
    "call": {
        "place": "order of the calls of the text, 1 first",
        "policy_id": "policy that answered, base for the model as shipped",
        "prompt": "what was asked, before the chat template; null where nobody was asked",
        "parse_error": "why there is no text, else null",
        "prompt_tokens": "tokens read",
        "completion_tokens": "tokens written",
    },
    "review": {
        "rank": "place among the reviews of the role, 1 first",
        "donor_id": "who wrote it",
        "topic_id": "what it is about",
        "title": "its title",
        "rating": "its rating",
        "similarity": "for style: cosine of the donor's style and the style expected of the user",
        "alignment": "for topic: likeness of the two users' preferences; null where unknown",
        "relevance": "for topic: likeness of the review to the input",
        "topic_match": "for topic: exact for the same topic, backoff for a near one",
        "topic_distance": "for topic: 1 less the cosine of the topics",
    },
    "policy": {
        "agent": "style or topic",
        "iteration": "turn of the loop that trained it; null for the model as shipped, as all that follows",
        "parent_policy_id": "policy it was trained from, the child of this node",
        "base_model": "model below the adapter",
        "status": "in_use, superseded, rejected, skipped, shipped, or unknown to the file",
        "n_pairs": "preference pairs that trained it, its parents' not counted",
        "n_pairs_kept": "of these, how many the warehouse holds today",
        "pairs_are_those": "whether the pairs it holds today are those, text by text",
        "weights_sha256": "hash of its weights",
        "run_id": "Dagster run that trained it",
        "code_version": "hash of the code that trained it",
        "recipe": "name of the recipe that trained it",
        "recipe_sha256": "hash of that recipe, in ops.recipes",
        "started_at": "when the training began, UTC",
    },
    "pair": {
        "iteration": "turn of the loop that wrote both summaries",
        "agent": "style or topic",
        "rejected": "text of the rejected summary; text is the chosen one, id the train example",
        "chosen_candidate": "number of the chosen summary among those sampled",
        "rejected_candidate": "number of the rejected one",
        "chosen_reward": "how much better the draft became by the chosen summary",
        "rejected_reward": "how much better by the rejected one",
        "margin": "chosen_reward less rejected_reward",
    },
    "run": {
        "iteration": "turn of the loop that wrote the text",
        "table": "table that the run wrote it into; null where nobody recorded the run, as all that follows",
        "code_version": "hash of the code that wrote it",
        "recipe": "name of the recipe in force",
        "recipe_sha256": "hash of that recipe, in ops.recipes",
        "started_at": "when the writing began, UTC",
    },
    "table": {
        "iteration": "partition that was read; null for a table without",
        "rows": "its rows then",
        "content_sha256": "its content then",
        "is_as_today": "whether the warehouse still holds that content",
        "code_version": "hash of the code that made it",
        "recipe_sha256": "hash of the recipe in force, in ops.recipes",
        "run_id": "Dagster run that made it",
        "started_at": "when its making began, UTC",
    },
}


@dataclass
class Node:
    """One node of the tree; detail has the keys of its kind, each of them."""

    key: str
    kind: str
    id: str | None
    text: str | None
    detail: dict[str, Any]
    children: list[Node] = field(default_factory=list)

    def of_kind(self, kind: str) -> list[Node]:
        """Its children of one kind, in order."""
        return [child for child in self.children if child.kind == kind]

    def walk(self) -> Iterator[Node]:
        """Itself and everything below, in the order of reading."""
        yield self
        for child in self.children:
            yield from child.walk()


def build(rows: Iterable[Sequence[str | None]]) -> Node:
    """The tree of the rows (node, parent, kind, id, text, detail), the text on top.

    Raises ValueError for a node that hangs on nothing, or for rows without a text.
    """
    nodes: dict[str, Node] = {}
    for key, parent, kind, name, text, detail in sorted(rows, key=lambda row: str(row[0])):
        known = dict.fromkeys(KEYS[str(kind)]) | json.loads(detail or "{}")
        node = Node(str(key), str(kind), name, text, known)
        nodes[node.key] = node
        if parent is not None:
            if parent not in nodes:
                raise ValueError(f"node {key} hangs on {parent}, which is not there")
            nodes[parent].children.append(node)
    if "t" not in nodes:
        raise ValueError("no text on top of the tree")
    return nodes["t"]


def as_object(node: Node) -> dict[str, Any]:
    """The tree for JSON: kind, id, text, the keys of its kind (`KEYS`), and its children."""
    children = [as_object(child) for child in node.children]
    return {"kind": node.kind, "id": node.id, "text": node.text, **node.detail, "children": children}
