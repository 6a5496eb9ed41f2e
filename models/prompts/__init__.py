"""What roles are asked: one template file each. Values are quoted as they are, never read as templates."""

from __future__ import annotations

from functools import cache
from importlib import resources

import jinja2


@cache
def template(name: str) -> jinja2.Template:
    """The template of `<name>.jinja2`; a value that it asks for and does not get is an error."""
    source = resources.files("models.prompts").joinpath(f"{name}.jinja2").read_text(encoding="utf-8")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, autoescape=False)
    return environment.from_string(source)


def render(name: str, **values: object) -> str:
    """The prompt of `<name>.jinja2` with its values, without outer blanks."""
    return template(name).render(**values).strip()
