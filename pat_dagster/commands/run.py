"""`pat run`: from reviews to a published warehouse."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from models.recipes import load_recipe
from pat_dagster import home as home_folder
from pat_dagster.commands.options import (
    Columns,
    Data,
    Dataset,
    FormatOption,
    Home,
    RecipeName,
    Split,
    settings_of,
    source_specs,
)
from pat_dagster.console import say
from pat_dagster.resources.warehouse import open_database


def run(
    data: Data = None,
    format: FormatOption = None,
    dataset: Dataset = None,
    split: Split = None,
    columns: Columns = None,
    recipe: RecipeName = "mini",
    iterations: Annotated[
        int,
        typer.Option(
            "--iterations",
            min=1,
            max=9999,
            help="Turns of rollout, reward, training, promotion; the recipe's stop rule may end them early.",
        ),
    ] = 1,
    max_examples: Annotated[
        int | None,
        typer.Option(
            "--max-examples",
            metavar="N",
            help="At most N examples per dataset and split.",
            show_default="the recipe's",
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Compute every table, also those whose inputs are those of last time."),
    ] = False,
    refit: Annotated[
        bool,
        typer.Option(
            "--refit",
            help="Compute every table, and learn style scales and propagation anew, however little changed.",
        ),
    ] = False,
    home: Home = None,
) -> None:
    """Read reviews, retrieve evidence, write, reward, train, evaluate, publish.

    Files given with --data are registered in the home, so the next run, the nightly schedule and the
    Dagster UI use them too. The same command twice gives the same tables, and a table whose inputs (data,
    code, its parts of the recipe) are those of last time is left as it is: the second time takes seconds.

    Examples:

      pat run

      pat run --data amazon_dev.json --format pgraphrag --dataset amazon --max-examples 200

      pat run --data train.jsonl.gz --split train --data test.jsonl.gz --split test --dataset books

      pat run --data shop.csv --format table --columns 'user=author,topic=sku,text=body,rating=stars'
    """
    chosen = load_recipe(recipe)
    if max_examples is not None:
        chosen = chosen.with_max_examples(max_examples)
    specs = source_specs(data, format, dataset, split, columns)
    settings = settings_of(home)
    home_folder.prepare(settings)

    from pat_dagster.partitions import iteration_key
    from pat_dagster.policies import should_continue
    from pat_dagster.report import (
        agents_report,
        datasets_report,
        leaderboard_report,
        next_steps,
        verdicts_report,
    )
    from pat_dagster.reuse import ANEW, CHANGED, EVERYTHING
    from pat_dagster.runner import run_iteration

    how = ANEW if refit else EVERYTHING if again else CHANGED
    started = time.monotonic()
    with home_folder.registered(settings, specs) as sources:
        chosen.save(settings.recipe_path)
        datasets = ", ".join(sorted({spec.dataset for spec in sources}))
        say(f"home {settings.home}   recipe {chosen.name}   datasets {datasets}")
        for number in range(iterations):
            run_iteration(number, how)
            with open_database(settings.warehouse_path, read_only=True) as con:
                goes_on, reason = should_continue(con, iteration_key(number))
            if not goes_on and number + 1 < iterations:
                say(f"\nstopped after iteration {iteration_key(number)} of {iterations}: {reason}")
                break
    say(f"\ndone in {time.monotonic() - started:.0f} s")
    say(agents_report(settings))
    say(leaderboard_report(settings, sources))
    say(verdicts_report(settings))
    say(datasets_report(settings))
    say(next_steps(settings))
