"""Asks every query of sql/report and fills the template."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jinja2
import yaml
from markupsafe import Markup

from models.errors import WorkError
from models.printable import printable_line
from models.recipes import TASKS, Recipe
from models.sources import registry
from models.sources.spec import SourceSpec
from pat_dagster.html_report import cells, views
from pat_dagster.html_report.queries import Answer, ask_all
from pat_dagster.resources.warehouse import open_database, recipe_in_force
from pat_dagster.settings import Settings

FOLDER: Final = Path(__file__).parent
TEMPLATE: Final = "page.html.jinja2"
TASK_WORDS: Final = {
    "long": "text from its title",
    "short": "title from its text",
    "rating": "rating from both",
}
METRIC_TITLES: Final = {
    "rouge1": "ROUGE-1",
    "mae": "mean absolute error of the rating",
    "specificity": "specificity; dashed, consensus",
    "length_ratio": "words per word of the target",
    "copied_run": "copied words in a row",
}


@dataclass(frozen=True)
class Pane:
    """What the reader looks at: one task of one dataset. The numbers are those of the page's two choices."""

    dataset: str
    task: str
    classes: str


def write_report(settings: Settings, path: Path) -> int:
    """Write the page of a home's published warehouse to `path`; returns its size in bytes."""
    if not settings.analytics_path.exists():
        raise WorkError("not there yet", step=str(settings.analytics_path), remedy="`pat run` makes it")
    with open_database(settings.analytics_path, read_only=True) as con:
        answers = ask_all(con)
    page = render(answers, recipe_in_force(settings), registry.load(settings.sources_path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise WorkError(
            f"cannot be written: {error.strerror or error}", step=str(path), remedy="choose another --output"
        ) from error
    return path.stat().st_size


def render(answers: Mapping[str, Answer], recipe: Recipe, sources: Sequence[SourceSpec]) -> str:
    """The page. Equal warehouses give equal bytes: nothing of the machine or the hour is in it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        name: getattr(cells, name) for name in ("num", "span", "txt", "words", "metric_form", "is_text")
    }
    environment.globals |= {
        name: getattr(views, name) for name in ("of", "groups", "board", "beside", "tests")
    }
    environment.globals |= {"line_chart": views.line_chart, "matrix": views.cells}
    datasets = list(dict.fromkeys(row["dataset"] for row in answers["facts"].rows))
    tasks = [task for task in TASKS if any(row["task"] == task for row in answers["facts"].rows)]
    return environment.get_template(TEMPLATE).render(
        answers=answers,
        datasets=datasets,
        tasks=tasks,
        task_words=TASK_WORDS,
        metric_titles=METRIC_TITLES,
        panes=[
            Pane(dataset, task, f"of-dataset d{d} of-task t{t}")
            for d, dataset in enumerate(datasets)
            for t, task in enumerate(tasks)
        ],
        arms=list(dict.fromkeys(row["arm"] for row in answers["costs"].rows)),
        iterations=sorted({row["iteration"] for row in answers["iterations"].rows}),
        commands=[source_options(spec) for spec in sources],
        recipe=recipe,
        recipe_text=yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False),
        style=Markup((FOLDER / "page.css").read_text(encoding="utf-8")),
    )


def source_options(spec: SourceSpec) -> str:
    """A source as options of the command line; of its path the name alone: folders are the owner's.

    Quoted: a reader pastes it into a shell, and who named the file may have thought of that.
    """
    name = shlex.quote(printable_line(Path(spec.path).name))
    options = f"--data {name} --format {spec.format} --dataset {spec.dataset}"
    return f"{options} --split {spec.split}" if spec.split else options
