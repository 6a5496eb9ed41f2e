"""Which parts of the recipe a table is made from, seen while it is made: nobody has to list them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import PrivateAttr
from sqlglot import exp

from models.llm.weights import locate, model_fingerprint
from models.recipes import Recipe

VARIABLE: Final = "$"  # in front of a DuckDB variable among the parts: what a SQL file reads of the recipe
MODELS: Final = ("base_model", "semantic_encoder", "style_encoder")


class TracedRecipe(Recipe):
    """A recipe that remembers which of its parts were read. A copy of it tells the original."""

    _read: set[str] = PrivateAttr(default_factory=set)

    @classmethod
    def of(cls, recipe: Recipe) -> TracedRecipe:
        """The same values, nothing read yet."""
        return cls.model_construct(**{name: getattr(recipe, name) for name in Recipe.model_fields})

    def __getattribute__(self, name: str) -> Any:
        if name in Recipe.model_fields:
            private = object.__getattribute__(self, "__pydantic_private__")
            if private is not None:
                private["_read"].add(name)
        return super().__getattribute__(name)

    def model_dump(self, **options: Any) -> dict[str, Any]:
        """Everything is read."""
        self._read.update(Recipe.model_fields)
        return super().model_dump(**options)

    @property
    def parts(self) -> list[str]:
        """Names of the parts that were read, sorted."""
        return sorted(self._read)


def variables_read(query: exp.Query) -> frozenset[str]:
    """DuckDB variables that a query reads."""
    calls = [call for call in query.find_all(exp.Anonymous) if call.name.lower() == "getvariable"]
    return frozenset(str(call.expressions[0].this) for call in calls)


def read_of_recipe(variables: Collection[str], recipe: Recipe) -> list[str]:
    """Parts of the recipe behind DuckDB variables; those of the run itself are none."""
    return sorted(f"{VARIABLE}{name}" for name in recipe.variables() if name in variables)


def values_of(recipe: Recipe, parts: Iterable[str]) -> dict[str, Any]:
    """Part -> its value as JSON; the models in it with the hash of their files, where they are local.

    A part that the recipe does not know, because an older version had it, has the value None.
    """
    known: Mapping[str, Any] = Recipe.model_dump(recipe, mode="json")
    variables = {f"{VARIABLE}{name}": value for name, value in recipe.variables().items()}
    found: dict[str, Any] = {}
    for part in sorted(parts):
        found[part] = variables.get(part) if part.startswith(VARIABLE) else known.get(part)
        models = [found[part]] if part in MODELS else []
        if part == "evaluation" and recipe.evaluation.judge is not None:
            models.append(recipe.evaluation.judge.base_model)
        weights = {name: model_fingerprint(name) for name in models if Path(locate(name)).is_dir()}
        if weights:
            found[f"{part}: weights"] = weights
    return found


def recipe_sha256(recipe: Recipe) -> str:
    """Hash of a recipe as it is saved."""
    return hashlib.sha256(Recipe.text(recipe).encode()).hexdigest()


def as_json(value: object) -> str:
    """Equal values, equal texts."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
